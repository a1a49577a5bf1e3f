//! From when on TTL may remove a room and what belongs to it: the last resort, and days late at that. It is the sweep
//! that closes what is due.
//!
//! | what happens | a room of the server API | a room by code |
//! |---|---|---|
//! | it is made | [`Room::expires_in_session`] | now + `CodeRetentionDays` |
//! | its next session starts | it has one session | never |
//! | somebody joins, first, later, or within the departure timeout | without a duration never, else as it was | as it was |
//! | somebody waits, others leave, settings change | as it was | as it was |
//! | the last one leaves | [`Room::expires_in_session`] | as it was |
//! | the session ends | now + `PastRoomsRetentionDays` | now + `CodeRetentionDays` |
//! | the room ends for good | it ends with its session | now + `PastRoomsRetentionDays` |
//!
//! "Never" is no `expires_at` at all. A join by token reads nothing, and an update cannot make seconds of milliseconds:
//! so a join never has to move the time. It is that of the latest end there can be, or it goes.

use std::time::Duration;

use crate::{Room, Timestamp};

/// TTL may remove what belongs to a session, and a room of the server API with it, this long after its latest end.
const AFTER_END: Duration = Duration::from_hours(7 * 24);

/// From when on TTL may remove somebody who waits since `now`; his lease runs out within minutes.
pub fn waiter_expires_at(now: Timestamp) -> Timestamp {
    now.plus(AFTER_END)
}

impl Room {
    /// The latest moment at which the session that runs ends by its duration; [`Timestamp::NEVER`] without one. Before
    /// the first join, which may come until the session is due, all of its duration is still to come.
    pub fn ends_by(&self) -> Timestamp {
        self.ends_at(self.due_at)
    }

    /// From when on TTL may remove the room with its running session, as it stands now.
    pub fn expires_in_session(&self) -> Timestamp {
        let latest_end = match (&self.by_code, self.duration) {
            (Some(_), _) => Timestamp::NEVER,
            // Only an empty session without a duration is due at a time, and whoever joins takes that away.
            (None, None) if self.seats == 0 => self.due_at,
            (None, _) => self.ends_by(),
        };
        latest_end.plus(AFTER_END)
    }

    /// From when on TTL may remove what people need until their session's end, and its last webhooks after it. Without a
    /// duration never: there is no telling how long somebody stays, and only the end of the session removes it. Later than
    /// the room: where TTL ends the session, it must not have taken what that end is told with.
    pub fn belongings_expire_at(&self) -> Timestamp {
        self.ends_by().plus(2 * AFTER_END)
    }
}

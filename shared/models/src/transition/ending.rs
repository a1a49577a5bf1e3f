//! Sessions and rooms end.

use std::time::Duration;

use super::room::{running, unchanged};
use super::{Effect, Need, RoomTransition};
use crate::{EndReason, Event, Room, Status, Timestamp};

/// How long what ended is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// A session, and a room of the server API with it.
    pub past_rooms: Duration,
    /// A room by code, after its last use.
    pub code: Duration,
}

impl Retention {
    /// What a room is when its session is over, and how long it is kept from then on: one by code is idle.
    fn after_session(self, room: &Room) -> (Status, Duration) {
        match room.by_code {
            Some(_) => (Status::Idle, self.code),
            None => (Status::Ended, self.past_rooms),
        }
    }
}

/// What is to end, and how long is remembered that it was.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    /// The running session; a room by code is idle then, a room of the server API is over with it.
    Session(Retention),
    /// A room by code, for good.
    Room {
        /// How long it is remembered, and its session, if it has one.
        past_rooms: Duration,
    },
}

impl Ending {
    /// How long the session is remembered that ends by it.
    pub const fn past_rooms(self) -> Duration {
        match self {
            Self::Session(Retention { past_rooms, .. }) | Self::Room { past_rooms } => past_rooms,
        }
    }

    /// Whether there is nothing in `room` to end at `now`.
    pub fn is_done(self, room: &Room, now: Timestamp) -> bool {
        match self {
            Self::Session(_) => !room.is_open(now),
            Self::Room { .. } => room.status == Status::Ended,
        }
    }
}

impl RoomTransition {
    /// What `ending` says ends now, in the room that was seen. When and why its session is remembered to have ended
    /// depends on the time at which it was due: that nobody has stopped or started its clock since is needed.
    pub fn end(room: &Room, ending: Ending, reason: EndReason, now: Timestamp) -> Self {
        match ending {
            Ending::Session(kept) => {
                let needs = running(room.sid).into_iter().chain([Need::DueAt(room.due_at)]);
                ended(needs, kept.after_session(room), (now, reason), now)
            }
            // Whether a session ends with it must be what was seen.
            Ending::Room { past_rooms } => {
                let needs = [Need::Session(room.sid), Need::Status(room.status), Need::DueAt(room.due_at)];
                ended(needs, (Status::Ended, past_rooms), (now, reason), now)
            }
        }
    }

    /// The session of the room that was seen, and that was due, ended when its time had come.
    pub fn close(room: &Room, kept: Retention, now: Timestamp) -> Self {
        ended(unchanged(room), kept.after_session(room), (room.due_at, room.due_reason()), now)
    }
}

/// An end: what the room becomes and how long it is kept, when and why the end is.
fn ended(
    needs: impl IntoIterator<Item = Need>,
    (becomes, kept): (Status, Duration),
    (at, reason): (Timestamp, EndReason),
    now: Timestamp,
) -> RoomTransition {
    let effects = [Effect::End { becomes, at }, Effect::ExpiresAt(at.plus(kept))];
    let mut end = RoomTransition::update(needs, effects, Event::Ended { reason }, now);
    end.happened.at = at;
    end
}

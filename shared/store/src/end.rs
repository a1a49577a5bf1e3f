//! Sessions and rooms end.

use std::time::Duration;

use models::{EndReason, Event, Refusal, Room, RoomKey, Status, Timestamp};

use crate::answer::Keep;
use crate::commit::Outcome;
use crate::error::Halt;
use crate::items::{Key, event_text};
use crate::past::remember;
use crate::step::{RUNNING, Step, n, s};
use crate::{Seen, Store, StoreError};

/// How often it looks again when the room changed under its hands.
const MOST_TRIES: usize = 20;

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
    pub(crate) fn after_session(self, room: &Room) -> (Status, Duration) {
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
    const fn past_rooms(self) -> Duration {
        match self {
            Self::Session(Retention { past_rooms, .. }) | Self::Room { past_rooms } => past_rooms,
        }
    }
}

impl Store {
    /// Ends what `ending` says, and remembers the session that ends by it. `authorise` looks at the room first.
    ///
    /// Refused: no such room, nothing there to end ([`Refusal::RoomNotActive`]), and what `authorise` refuses.
    pub async fn end(
        &self,
        key: &RoomKey,
        ending: Ending,
        reason: EndReason,
        authorise: impl Fn(&Room) -> Result<(), Refusal>,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<(), Halt> {
        for _ in 0..MOST_TRIES {
            let Seen { room, document, .. } = self.room_with_document(key).await?;
            let now = self.clock.now();
            let room = room.filter(|room| !room.is_gone(now)).ok_or(Refusal::RoomNotFound)?;
            authorise(&room)?;
            let ended = match ending {
                Ending::Session(_) => !room.is_open(now),
                Ending::Room { .. } => room.status == Status::Ended,
            };
            if ended {
                return Err(Refusal::RoomNotActive.into());
            }
            let steps = |now| {
                // Between two sessions of a room by code there is nothing to remember.
                let session = (room.status == Status::Open)
                    .then(|| remember(&room, document.as_ref(), (now, reason), ending.past_rooms()));
                [step(&room, ending, reason, now)].into_iter().chain(session).collect()
            };
            let outcome = self.commit_keeping(keep.as_ref(), |_| (), steps).await?;
            match outcome {
                Outcome::Committed(_) => {
                    if room.status == Status::Open
                        && let Err(failure) = self.recount(&room).await
                    {
                        // The session is over, and remembered; only who came in the last moment may be missing in the count.
                        tracing::error!(error = %failure, "how many joined a session that ended");
                    }
                    return Ok(());
                }
                // Another session began, or somebody else ended it: look again.
                Outcome::Refused(_) => {}
            }
        }
        Err(StoreError::Busy("the room kept changing".to_owned()).into())
    }

    /// Somebody may have come between the look at the room and its end; nobody comes after it. What is remembered of the
    /// session is corrected by what the state says now. A condition on the count would be exact without this, but in a
    /// crowd the end would never find the room as it was seen.
    async fn recount(&self, seen: &Room) -> Result<(), StoreError> {
        let now = self.room(&seen.key).await?.filter(|room| room.sid == seen.sid);
        let Some(joined) = now.map(|room| room.joined).filter(|joined| *joined != seen.joined) else {
            return Ok(());
        };
        let key = Key::past(&seen.key, seen.created_at, seen.sid);
        let values = vec![("joined", n(joined))];
        self.commit_one(&Step::update(key, "SET #joined = :joined", "attribute_exists(#pk)", values)).await?;
        Ok(())
    }
}

fn step(room: &Room, ending: Ending, reason: EndReason, now: Timestamp) -> Step {
    let (becomes, condition) = match ending {
        Ending::Session(kept) => (kept.after_session(room), RUNNING),
        // Whether a session ends with it must be what was seen.
        Ending::Room { past_rooms } if room.status == Status::Open => {
            ((Status::Ended, past_rooms), "#sid = :sid AND #status = :open")
        }
        Ending::Room { past_rooms } => ((Status::Ended, past_rooms), "#sid = :sid AND #status = :idle"),
    };
    end_step(room, becomes, (now, reason), condition, now)
}

/// The state's part of an end: what the room becomes and how long it is kept, when and why the end is, and under which
/// condition, which may ask about `:now` and the version `:seen`.
pub(crate) fn end_step(
    room: &Room,
    (status, kept): (Status, Duration),
    (ended_at, reason): (Timestamp, EndReason),
    condition: &str,
    now: Timestamp,
) -> Step {
    let values = vec![
        ("status", s(status.word())),
        ("open", s("open")),
        ("idle", s("idle")),
        ("sid", s(room.sid)),
        ("seen", n(room.seq)),
        ("one", n(1)),
        ("now", n(now.millis())),
        ("ended_at", n(ended_at.millis())),
        ("event", s(event_text(Event::Ended { reason }, ended_at))),
        ("expires_at", n(ended_at.plus(kept).seconds())),
    ];
    let update = "SET #status = :status, #seq = #seq + :one, #event = :event, #ended_at = :ended_at, \
                  #expires_at = :expires_at REMOVE #due_shard, #tenant_shard, #tenant_time";
    Step::update(Key::state(&room.key), update, condition, values)
}

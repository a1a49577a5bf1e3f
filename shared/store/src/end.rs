//! Sessions and rooms end.

use std::time::Duration;

use models::{EndReason, Event, Refusal, Room, RoomKey, Status};

use crate::answer::Keep;
use crate::commit::Outcome;
use crate::error::Halt;
use crate::items::{Key, event_text, tenant_shard};
use crate::step::{Step, n, s};
use crate::{Store, StoreError};

/// How often it looks again when the room changed under its hands.
const MOST_TRIES: usize = 20;

/// What is to end, and how long is remembered that it was.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    /// The running session; a room by code is idle then, a room of the server API is over with it.
    Session {
        /// How long a room of the server API is remembered.
        past_rooms: Duration,
        /// How long a room by code is kept after its last use.
        code: Duration,
    },
    /// A room by code, for good.
    Room {
        /// How long it is remembered.
        past_rooms: Duration,
    },
}

impl Store {
    /// Ends what `ending` says. `authorise` looks at the room first.
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
            let room = self.room(key).await?;
            let now = self.clock.now();
            let room = room.filter(|room| !room.is_gone(now)).ok_or(Refusal::RoomNotFound)?;
            authorise(&room)?;
            let ended = match ending {
                Ending::Session { .. } => !room.is_open(now),
                Ending::Room { .. } => room.status == Status::Ended,
            };
            if ended {
                return Err(Refusal::RoomNotActive.into());
            }
            let outcome = self
                .commit_keeping(keep.as_ref(), |_| (), |now| vec![step(&room, ending, reason, now)])
                .await?;
            match outcome {
                Outcome::Committed(_) => return Ok(()),
                // Another session began, or somebody else ended it: look again.
                Outcome::Refused(_) => {}
            }
        }
        Err(StoreError::Busy("the room kept changing".to_owned()).into())
    }
}

fn step(room: &Room, ending: Ending, reason: EndReason, now: models::Timestamp) -> Step {
    let (status, kept, condition) = match ending {
        Ending::Session { code, .. } if room.by_code.is_some() => {
            ("idle", code, "#sid = :sid AND #status = :open AND #due_at > :now")
        }
        Ending::Session { past_rooms, .. } => {
            ("ended", past_rooms, "#sid = :sid AND #status = :open AND #due_at > :now")
        }
        Ending::Room { past_rooms } => ("ended", past_rooms, "#sid = :sid AND #status <> :over"),
    };
    let values = vec![
        ("status", s(status)),
        ("over", s("ended")),
        ("open", s("open")),
        ("sid", s(room.sid)),
        ("one", n(1)),
        ("now", n(now.millis())),
        ("event", s(event_text(&Event::Ended { reason }))),
        ("expires_at", n(now.plus(kept).seconds())),
        ("tenant_shard", s(tenant_shard(&room.key.tenant, &room.key, false))),
    ];
    let set = "SET #status = :status, #seq = #seq + :one, #event = :event, #ended_at = :now, #expires_at = :expires_at";
    // What is over for good belongs to the tenant's history; an idle room is in neither list.
    let listed = if status == "ended" {
        ", #tenant_shard = :tenant_shard, #tenant_time = :now REMOVE #due_shard"
    } else {
        " REMOVE #due_shard, #tenant_shard, #tenant_time"
    };
    Step::update(Key::state(&room.key), format!("{set}{listed}"), condition, values)
}

//! What the table's stream has to say to connections: messages of a queue, in order within a session.

use models::{Connection, Event, ParticipantId, RoomKey, Sid, Status, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use store::{Dropped, Muted, PersonChange, RoomChange, Waited, WaitingChange, Why};
use uuid::Uuid;

/// A message of the queue. It says what happened, not to whom it is told: who is there is read when it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The room.
    pub room: RoomKey,
    /// The session, within which one comes after the other.
    pub sid: Sid,
    /// What happened.
    pub what: What,
}

/// What happened that connections are told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum What {
    /// A connection is not somebody's any more: it is told why, and closed.
    Dropped {
        /// Whose it was.
        user: UserId,
        /// The connection.
        connection: Connection,
        /// Why.
        why: Why,
        /// What whoever was put out is told besides.
        message: Option<String>,
    },
    /// Somebody waits for admission: host and moderators are told, and he himself, where he was sent back.
    Waiting {
        /// Who.
        user: UserId,
        /// Whether he was in.
        sent_back: bool,
    },
    /// Somebody was admitted from the waiting room: he is told, with all that he finds.
    Admitted {
        /// Who.
        user: UserId,
    },
    /// A moderator turned somebody's microphone off: he is told by whom.
    Muted {
        /// Who.
        user: UserId,
        /// His connection.
        connection: Connection,
        /// The moderator.
        by: ParticipantId,
    },
    /// The lock was set or lifted: everybody who has a seat is told.
    Locked {
        /// Whether the room is locked now.
        locked: bool,
        /// The change.
        seq: u64,
    },
    /// Settings or capacity changed: everybody who has a seat is told.
    Updated {
        /// The change.
        seq: u64,
    },
    /// Those who wait are told something else.
    WaitingMessage,
    /// The server API spoke.
    Broadcast {
        /// The item that says what, and to whom.
        id: Uuid,
        /// When.
        at: Timestamp,
    },
}

impl Notice {
    /// What is told of a change of a room's state. What happens to a room in which no session runs nobody hears; the end of
    /// one is told by the job that follows it.
    pub fn of_room(change: &RoomChange) -> Vec<Self> {
        let RoomChange { before: Some(before), after: Some(after), happened } = change else { return vec![] };
        if after.status != Status::Open || before.sid != after.sid || before.seq == after.seq {
            return vec![];
        }
        let seq = after.seq;
        let locked = (before.locked != after.locked).then_some(What::Locked { locked: after.locked, seq });
        let other = match happened.event {
            Event::Updated => Some(What::Updated { seq }),
            Event::WaitingMessage => Some(What::WaitingMessage),
            Event::Broadcast { id } => Some(What::Broadcast { id, at: happened.at }),
            _ => None,
        };
        let all = locked.into_iter().chain(other);
        all.map(|what| Self { room: after.key.clone(), sid: after.sid, what }).collect()
    }

    /// What is told of a change of somebody's record.
    pub fn of_person(change: &PersonChange) -> Vec<Self> {
        let dropped = change.dropped.as_ref().and_then(Self::of_dropped);
        let waited = change.waited.as_ref().map(|WaitingChange { room, person, what }| {
            let user = person.user.clone();
            let what = match what {
                Waited::Came => What::Waiting { user, sent_back: false },
                Waited::SentBack => What::Waiting { user, sent_back: true },
                Waited::Admitted => What::Admitted { user },
            };
            Self { room: room.clone(), sid: person.sid, what }
        });
        let muted = change.muted.as_ref().map(|muted| {
            let Muted { room, sid, user, connection, by } = muted.clone();
            Self { room, sid, what: What::Muted { user, connection, by } }
        });
        dropped.into_iter().chain(waited).chain(muted).collect()
    }

    /// What a connection is told that is not somebody's any more. Whoever left of his own knows it, and keeps his connection:
    /// it may be on its way into another room.
    fn of_dropped(dropped: &Dropped) -> Option<Self> {
        let Dropped { room, sid, user, connection, why, message } = dropped.clone();
        let what = What::Dropped { user, connection, why, message };
        (why != Why::Left).then_some(Self { room, sid, what })
    }
}

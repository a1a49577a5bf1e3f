//! What a write makes of a room's state.

use crate::{Lock, Presenter, Room, Settings, Sid, Status, Timestamp, UserId, Word};

/// A part of what a write changes. None depends on what was read: each says what becomes of what is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// A seat is taken; the session's duration counts from the first.
    TakeSeat {
        /// Whether he who takes it counts as one more of those who ever joined.
        counted: bool,
    },
    /// He presents, unless somebody does.
    Present(UserId),
    /// He presents, whoever did before, or nobody does, and nobody takes the place by coming.
    Switch(Option<UserId>),
    /// A seat becomes free.
    FreeSeat,
    /// The session is due then.
    DueAt(Timestamp),
    /// TTL may remove the room from then on.
    ExpiresAt(Timestamp),
    /// The next session of a room by code begins.
    Begin {
        /// The session.
        sid: Sid,
        /// Whether it begins with its first seat; else it waits for somebody to take it.
        seated: bool,
        /// Who presents.
        presenter: Option<UserId>,
    },
    /// The session is over, and the room is in this status.
    End {
        /// The status.
        becomes: Status,
        /// When it ended.
        at: Timestamp,
    },
    /// It is locked, or no longer.
    Lock(bool),
    /// There are so many seats.
    Seats(u32),
    /// The host has decided this.
    Decide(Settings),
    /// A moderator's word to all, with the number of the change that it is part of.
    Say {
        /// On which lock.
        lock: Lock,
        /// Whether it locks.
        locked: bool,
    },
    /// All join tokens that were minted up to now are dead.
    Revoke,
}

impl Effect {
    /// Changes `room` at `now`.
    pub fn apply(&self, room: &mut Room, now: Timestamp) {
        match self {
            Self::TakeSeat { counted } => {
                room.seats += 1;
                room.hooks += 1;
                room.joined += u32::from(*counted);
                room.started_at.get_or_insert(now);
                room.due_at = room.ends_at(now);
            }
            Self::Present(user) => {
                room.presenter.get_or_insert_with(|| Presenter { user: Some(user.clone()), since: now });
            }
            Self::Switch(user) => room.presenter = Some(Presenter { user: user.clone(), since: now }),
            Self::FreeSeat => {
                room.seats = room.seats.saturating_sub(1);
                room.hooks += 1;
            }
            Self::DueAt(at) => room.due_at = *at,
            Self::ExpiresAt(at) => room.expires_at = *at,
            Self::Begin { sid, seated, presenter } => {
                (room.sid, room.status, room.created_at) = (*sid, Status::Open, now);
                // `room_created` and `room_started` are 1 and 2, and the first seat's is the next one.
                (room.seq, room.seats, room.joined, room.hooks) = (0, 0, 0, 2);
                room.said.clear();
                (room.started_at, room.due_at) = (None, now.plus(room.empty_timeout));
                room.presenter = presenter.clone().map(|user| Presenter { user: Some(user), since: now });
                if *seated {
                    Self::TakeSeat { counted: true }.apply(room, now);
                }
            }
            Self::End { becomes, at } => (room.status, room.ended_at) = (*becomes, Some(*at)),
            Self::Lock(locked) => room.locked = *locked,
            Self::Seats(most) => room.max_participants = Some(*most),
            Self::Decide(settings) => {
                room.waiting_room = settings.waiting_room;
                if let Some(by_code) = room.by_code.as_mut() {
                    by_code.settings = *settings;
                }
            }
            Self::Say { lock, locked } => {
                room.said.insert(*lock, Word { locked: *locked, number: room.seq + 1 });
            }
            Self::Revoke => room.revoked_before = now,
        }
    }
}

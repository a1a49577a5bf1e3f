//! What a write of a room's state needs.

use crate::{Room, Settings, Sid, Status, Timestamp};

/// A condition on a room's state at the moment at which a write takes effect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// There is no room of this name.
    Absent,
    /// There is none, or one of the server API that has ended.
    Vacant,
    /// There is one, and it has not ended for good.
    NotEnded,
    /// This is its session.
    Session(Sid),
    /// Its status is this one.
    Status(Status),
    /// The session's time has not come.
    NotDue,
    /// It will come, or has come, at this moment.
    DueAt(Timestamp),
    /// This is the number of its last change.
    Version(u64),
    /// It is not locked.
    Unlocked,
    /// Not all seats are taken.
    FreeSeat,
    /// More than one seat is taken.
    OthersSeated,
    /// One seat is taken.
    OneSeated,
    /// Whether newcomers without rights wait for admission.
    WaitingRoom(bool),
    /// People without an account may join.
    GuestsAllowed,
    /// A join token that was minted then has not been revoked with all the others.
    NotRevoked(Timestamp),
    /// The host's decisions are these.
    Settings(Settings),
}

impl Need {
    /// Whether it holds for the room at `now`.
    pub fn holds(&self, room: Option<&Room>, now: Timestamp) -> bool {
        let Some(room) = room else { return matches!(self, Self::Absent | Self::Vacant) };
        match self {
            Self::Absent => false,
            Self::Vacant => room.by_code.is_none() && room.status == Status::Ended,
            Self::NotEnded => room.status != Status::Ended,
            Self::Session(sid) => room.sid == *sid,
            Self::Status(status) => room.status == *status,
            Self::NotDue => room.due_at > now,
            Self::DueAt(at) => room.due_at == *at,
            Self::Version(seq) => room.seq == *seq,
            Self::Unlocked => !room.locked,
            Self::FreeSeat => !room.is_full(),
            Self::OthersSeated => room.seats > 1,
            Self::OneSeated => room.seats == 1,
            Self::WaitingRoom(waiting) => room.waiting_room == *waiting,
            Self::GuestsAllowed => {
                room.by_code.as_ref().is_some_and(|by_code| by_code.settings.allow_guest_access)
            }
            Self::NotRevoked(minted_at) => room.revoked_before < *minted_at,
            Self::Settings(settings) => {
                room.by_code.as_ref().is_some_and(|by_code| by_code.settings == *settings)
            }
        }
    }
}

//! The presenter's place changes hands.

use super::room::running;
use super::{Effect, Need, RoomTransition};
use crate::{Event, Room, Sid, Timestamp, UserId};

/// What is to become of the presenter's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Somebody presents, whoever did before.
    Promote,
    /// Somebody presents no longer, and nobody does.
    Demote,
}

impl RoomTransition {
    /// `user` presents from now on. That he is in is no need: if he leaves first, he has not kept his seat since, and the
    /// place is as empty as if he had left right after ([`crate::Participant::presents_in`]).
    pub fn promote(sid: Sid, user: &UserId, now: Timestamp) -> Self {
        Self::switch(running(sid), Some(user.clone()), now)
    }

    /// Nobody presents from now on, in the room as it was seen: who was made the presenter since then stays it.
    pub fn demote(room: &Room, now: Timestamp) -> Self {
        Self::switch(running(room.sid).into_iter().chain([Need::Version(room.seq)]), None, now)
    }

    fn switch(needs: impl IntoIterator<Item = Need>, user: Option<UserId>, now: Timestamp) -> Self {
        Self::update(needs, [Effect::Switch(user.clone())], Event::Presents { user }, now)
    }
}

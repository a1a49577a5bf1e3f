//! What people ask for: each call looks, decides by the rules what to write, and writes later, where all that it needs
//! holds then. The rules and the writes are those of the code that runs; told again here is only what the store does
//! between them.

use std::sync::Arc;

use models::{Participant, Room, Sid, Timestamp};

use crate::setting::User;

/// What somebody asks for. Where it says `usize`, it is about the sitting or the token of the call at that place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// The server API creates the room.
    Create,
    /// It mints a join token.
    Mint(User),
    /// Somebody joins with a token of the first session, by its number.
    Redeem(User, u8),
    /// Somebody joins with the token that a call minted.
    RedeemMinted(User, usize),
    /// Somebody joins with a token of the first session, over a connection.
    RedeemOver(User, u8),
    /// Somebody joins by the code.
    Enter(User),
    /// Somebody without an account does, who is nobody that came before.
    EnterAsGuest(User),
    /// The sitting leaves.
    Leave(User, usize),
    /// The sitting goes over into a new one.
    Resume(User, usize),
    /// The sitting goes over into a new one, over a connection.
    Attach(User, usize),
    /// The connection of the sitting is gone.
    Disconnect(User, usize),
    /// Its person turns his microphone on, by its connection.
    Unmute(User, usize),
    /// A moderator turns it off.
    Mute(User),
    /// Somebody joins by the code, over a connection.
    EnterOver(User),
    /// Somebody's place is released, to which nobody is connected.
    Release(User),
    /// A moderator admits somebody who waits.
    Admit(User),
    /// He denies somebody who waits.
    Deny(User),
    /// He sends somebody back who is in.
    SendBack(User),
    /// Somebody is put out.
    Remove(User),
    /// Somebody is put out, if he is in, and barred.
    Ban(User),
    /// Somebody is let back.
    Unblock(User),
    /// Somebody's unused tokens are revoked.
    RevokeOf(User),
    /// All unused tokens of the session are revoked.
    Revoke,
    /// The host locks the room, or opens it again.
    Lock(bool),
    /// The host gives the room so many seats.
    Seats(u32),
    /// The host lets nobody come without an account.
    NoGuests,
    /// The host turns the waiting room on, or off.
    WaitingRoom(bool),
    /// The session ends.
    End,
    /// A room by code ends for good.
    EndRoom,
    /// The sweep closes the session that is due.
    Close,
}

/// What a call looks at as it begins, and in which order. The store asks for both at once, which is not to say of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Looks {
    Nothing,
    Both,
    RoomFirst,
    PersonFirst,
}

/// What a call has seen, and when; nothing of either where it did not look.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct View {
    pub(crate) at: Timestamp,
    pub(crate) looked: bool,
    pub(crate) room: Option<Arc<Room>>,
    pub(crate) person: Option<Arc<Participant>>,
}

/// How far a call has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// It may begin, for the first time or again: where a write is refused, it looks once more.
    Ready,
    /// It has looked at the room or at the person, and is about to look at the other.
    Half(Arc<View>, Looks),
    /// It has looked.
    Looked(Arc<View>),
    /// It is done: the session that it was about, where it is asked for later, and when it began.
    Done(Option<(Sid, Timestamp)>),
}

impl Call {
    /// Whom it is about.
    pub(crate) const fn user(self) -> Option<User> {
        match self {
            Self::Mint(user)
            | Self::Redeem(user, _)
            | Self::RedeemMinted(user, _)
            | Self::RedeemOver(user, _)
            | Self::Enter(user)
            | Self::EnterOver(user)
            | Self::EnterAsGuest(user)
            | Self::Leave(user, _)
            | Self::Resume(user, _)
            | Self::Attach(user, _)
            | Self::Disconnect(user, _)
            | Self::Unmute(user, _)
            | Self::Mute(user)
            | Self::Release(user)
            | Self::Admit(user)
            | Self::Deny(user)
            | Self::SendBack(user)
            | Self::Remove(user)
            | Self::Ban(user)
            | Self::Unblock(user)
            | Self::RevokeOf(user) => Some(user),
            Self::Create
            | Self::Revoke
            | Self::Lock(_)
            | Self::Seats(_)
            | Self::NoGuests
            | Self::WaitingRoom(_)
            | Self::End
            | Self::EndRoom
            | Self::Close => None,
        }
    }

    /// Whether its first attempt does not look: what it writes is right unless the table says otherwise.
    pub(crate) const fn begins_blind(self) -> bool {
        matches!(
            self,
            Self::Create
                | Self::Redeem(..)
                | Self::RedeemMinted(..)
                | Self::RedeemOver(..)
                | Self::Leave(..)
                | Self::Disconnect(..)
        )
    }
}

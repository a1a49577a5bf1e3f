//! What people do among each other in a room, and whether they may.

use crate::{Lock, MediaChange, Participant, Refusal, Role, Room};

/// Something that somebody does before others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Turning the microphone on.
    Speak,
    /// Turning the camera on.
    ShowHimself,
    /// Sharing the screen.
    ShareScreen,
    /// Raising a hand.
    RaiseHand,
    /// Writing to everybody in the chat, or beginning to.
    Chat,
    /// Writing to one person.
    ChatInPrivate,
    /// Passing on what a connection between two needs: nothing but being there and seen.
    Signal,
}

impl Act {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::Speak,
        Self::ShowHimself,
        Self::ShareScreen,
        Self::RaiseHand,
        Self::Chat,
        Self::ChatInPrivate,
        Self::Signal,
    ];

    /// Which locks keep people from it, each with what is refused then: whoever may not chat may not do so in private.
    const fn locks(self) -> &'static [(Lock, Self)] {
        match self {
            Self::Speak => &[(Lock::Microphone, Self::Speak)],
            Self::ShowHimself => &[(Lock::Webcam, Self::ShowHimself)],
            Self::ShareScreen => &[(Lock::ScreenSharing, Self::ShareScreen)],
            Self::Chat => &[(Lock::Chat, Self::Chat), (Lock::ChatSendMessage, Self::Chat)],
            Self::ChatInPrivate => &[(Lock::Chat, Self::Chat), (Lock::PrivateChat, Self::ChatInPrivate)],
            Self::RaiseHand | Self::Signal => &[],
        }
    }

    /// What is refused where the chat as a whole is not there.
    const fn as_a_whole(self) -> Self {
        match self {
            Self::ChatInPrivate => Self::Chat,
            other => other,
        }
    }

    /// Whether a room of the server API is made for it, for somebody with this role.
    fn is_featured(self, room: &Room, role: Role) -> bool {
        let features = &room.features;
        match self {
            Self::Speak | Self::Signal => true,
            Self::ShowHimself => {
                features.allow_webcams && (role != Role::Participant || !features.admin_only_webcams)
            }
            Self::ShareScreen => features.allow_screen_share,
            Self::RaiseHand => features.allow_raise_hand,
            Self::Chat | Self::ChatInPrivate => features.allow_chat,
        }
    }

    /// Whether the host of a room by code lets people without rights do it.
    fn is_allowed_by_host(self, room: &Room) -> bool {
        room.by_code.as_ref().map(|by_code| by_code.settings).is_none_or(|settings| match self {
            Self::Speak => settings.allow_participant_audio,
            Self::ShowHimself => settings.allow_participant_video,
            Self::ShareScreen => settings.allow_screen_share,
            Self::Chat | Self::ChatInPrivate => settings.allow_chat,
            Self::RaiseHand | Self::Signal => true,
        })
    }
}

impl Participant {
    /// Whether he may do this in `room` (`rules.md` 2 and 5). Everybody is bound by what the room is made for; host and
    /// moderators by nothing else. Others are bound by what the host of a room by code lets them do, and by their locks.
    ///
    /// Refused: who is not in ([`Refusal::NotInRoom`]), who is seen by nobody ([`Refusal::Unseen`]), and what is locked
    /// ([`Refusal::Locked`]).
    pub fn may(&self, act: Act, room: &Room) -> Result<(), Refusal> {
        if !self.is_in(room) {
            return Err(Refusal::NotInRoom);
        }
        if self.hidden {
            return Err(Refusal::Unseen);
        }
        if !act.is_featured(room, self.role) {
            return Err(Refusal::Locked(act.as_a_whole()));
        }
        if self.has_rights() {
            return Ok(());
        }
        if !act.is_allowed_by_host(room) {
            return Err(Refusal::Locked(act.as_a_whole()));
        }
        let locks = self.present_locks(room);
        let locked = act.locks().iter().find(|(lock, _)| locks.get(lock.setting()) == Some(&true));
        locked.map_or(Ok(()), |(_, refused)| Err(Refusal::Locked(*refused)))
    }

    /// Whether he may show himself so. Turning off is always allowed.
    ///
    /// Refused: as [`Participant::may`], the first of what he turns on.
    pub fn may_show(&self, change: MediaChange, room: &Room) -> Result<(), Refusal> {
        let acts = [
            (change.audio, Act::Speak),
            (change.video, Act::ShowHimself),
            (change.screen, Act::ShareScreen),
            (change.hand, Act::RaiseHand),
        ];
        acts.into_iter().filter(|(on, _)| *on == Some(true)).try_for_each(|(_, act)| self.may(act, room))
    }
}

#[cfg(test)]
mod tests;

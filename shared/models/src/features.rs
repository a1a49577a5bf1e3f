//! What a room was made for.

use serde::{Deserialize, Serialize};

use crate::{Participant, Role, Room};

/// Those of plugNmeet's `room_features` that bind what people do and see, in a room of the server API; a room by code has
/// its settings. The rest of them is shown in the metadata and means nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "seven independent switches, as the API names them")]
pub struct Features {
    /// Cameras.
    #[serde(skip_serializing_if = "is_on")]
    pub allow_webcams: bool,
    /// Cameras of those with rights only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub admin_only_webcams: bool,
    /// Shared screens.
    #[serde(skip_serializing_if = "is_on")]
    pub allow_screen_share: bool,
    /// Raised hands.
    #[serde(skip_serializing_if = "is_on")]
    pub allow_raise_hand: bool,
    /// The chat.
    #[serde(skip_serializing_if = "is_on")]
    pub allow_chat: bool,
    /// Who has no rights sees others without rights, too.
    #[serde(skip_serializing_if = "is_on")]
    pub allow_view_other_users_list: bool,
    /// Newcomers start muted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mute_on_start: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            allow_webcams: true,
            admin_only_webcams: false,
            allow_screen_share: true,
            allow_raise_hand: true,
            allow_chat: true,
            allow_view_other_users_list: true,
            mute_on_start: false,
        }
    }
}

impl Room {
    /// Whether newcomers start muted.
    pub fn mutes_newcomers(&self) -> bool {
        let by_host = self.by_code.as_ref().is_some_and(|by_code| by_code.settings.mute_participants_on_join);
        by_host || self.features.mute_on_start
    }
}

impl Participant {
    /// Whether he has rights in his room: hosts and moderators have.
    pub fn has_rights(&self) -> bool {
        self.role != Role::Participant
    }

    /// Whether everybody in `room` who is not hidden is shown to him, whoever that is.
    pub fn sees_everybody(&self, room: &Room) -> bool {
        room.features.allow_view_other_users_list || self.has_rights()
    }

    /// Whether `other` is shown to him in `room`. Who is hidden is shown to nobody, not even to himself.
    pub fn may_see(&self, other: &Self, room: &Room) -> bool {
        !other.hidden && (self.sees_everybody(room) || other.has_rights() || self.user == other.user)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_on(switch: &bool) -> bool {
    *switch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_from_most_rooms_is_written() {
        assert_eq!(serde_json::to_string(&Features::default()).expect("serialises"), "{}");
        let quiet = Features { allow_chat: false, mute_on_start: true, ..Features::default() };
        let json = serde_json::to_string(&quiet).expect("serialises");
        assert_eq!(json, r#"{"allow_chat":false,"mute_on_start":true}"#);
        assert_eq!(serde_json::from_str::<Features>(&json).expect("reads"), quiet);
    }
}

//! The request of broadcastToRoom.

use models::{Broadcast, Refusal, Speech, Tone, Violation};
use serde_json::{Map, Value};
use wire::Message;

/// The types of a notification, by plugNmeet's names and numbers.
const TYPES: &[&str] =
    &["NATS_SYSTEM_NOTIFICATION_INFO", "NATS_SYSTEM_NOTIFICATION_WARNING", "NATS_SYSTEM_NOTIFICATION_ERROR"];

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroadcastToRoomIn {
    /// The room's id; its form is not checked.
    pub room_id: String,
    /// What is to be said, and to whom.
    pub broadcast: Broadcast,
}

impl BroadcastToRoomIn {
    /// Reads the request, and tells all that is wrong with it.
    pub fn read(body: Map<String, Value>) -> Result<Self, Refusal> {
        let message = Message::root(body);
        let (chat, notification) =
            (message.optional_message("chat_msg")?, message.optional_message("notification_msg")?);
        if chat.is_some() && notification.is_some() {
            return Err(Refusal::malformed("notification_msg", "is there beside chat_msg, only one may be"));
        }
        let mut violations = Vec::new();
        if chat.is_none() && notification.is_none() {
            violations.push(Violation::new("", "one of chat_msg, notification_msg must be set"));
        }
        let room_id = message.needed_string("room_id", &mut violations)?;
        let only_to_admins = message.boolean("only_to_admins")?.unwrap_or_default();
        let speech = match (&chat, &notification) {
            (Some(chat), _) => {
                Some(Speech::Chat { message: chat.needed_string("message", &mut violations)? })
            }
            (None, Some(notification)) => Some(Speech::Notification {
                text: notification.needed_string("text", &mut violations)?,
                tone: tone(notification.enumeration("type", TYPES)?),
                with_sound: notification.boolean("with_sound")?.unwrap_or_default(),
            }),
            (None, None) => None,
        };
        let to_user_id = match (message.optional_string("to_user_id")?, chat.or(notification)) {
            // Some SDKs put it there.
            (None, Some(inner)) => inner.string("to_user_id")?,
            (outer, _) => outer.unwrap_or_default(),
        };
        let to_user = wire::user_id("to_user_id", &to_user_id, &mut violations);
        match speech {
            Some(speech) if violations.is_empty() => {
                Ok(Self { room_id, broadcast: Broadcast { speech, only_to_admins, to_user } })
            }
            _ => Err(Refusal::Invalid(violations)),
        }
    }
}

/// An unknown type is the first.
const fn tone(number: i32) -> Tone {
    match number {
        1 => Tone::Warning,
        2 => Tone::Error,
        _ => Tone::Info,
    }
}

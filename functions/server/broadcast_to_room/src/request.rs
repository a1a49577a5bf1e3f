//! The request of broadcastToRoom.

use models::{Broadcast, IdError, Refusal, Speech, Tone, UserId, Violation};
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
        let room_id = required(&message, "room_id", &mut violations)?;
        let only_to_admins = message.boolean("only_to_admins")?.unwrap_or_default();
        let speech = match (&chat, &notification) {
            (Some(chat), _) => Some(Speech::Chat { message: required(chat, "message", &mut violations)? }),
            (None, Some(notification)) => Some(Speech::Notification {
                text: required(notification, "text", &mut violations)?,
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
        let to_user = match UserId::try_from(to_user_id.as_str()) {
            Ok(user) => Some(user),
            Err(IdError::Empty) => None,
            Err(error) => {
                violations.push(Violation::of_id("to_user_id", error, &error.to_string()));
                None
            }
        };
        match speech {
            Some(speech) if violations.is_empty() => {
                Ok(Self { room_id, broadcast: Broadcast { speech, only_to_admins, to_user } })
            }
            _ => Err(Refusal::Invalid(violations)),
        }
    }
}

/// A text that must be there, and not be empty.
fn required(message: &Message, name: &str, violations: &mut Vec<Violation>) -> Result<String, Refusal> {
    let text = message.string(name)?;
    if text.is_empty() {
        violations.push(Violation::new(message.path(name), "value is required"));
    }
    Ok(text)
}

/// An unknown type is the first.
const fn tone(number: i32) -> Tone {
    match number {
        1 => Tone::Warning,
        2 => Tone::Error,
        _ => Tone::Info,
    }
}

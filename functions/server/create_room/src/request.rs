//! What a room is asked for with. The metadata is validated as far as the room itself needs, and stored whole.

use std::time::Duration;

use api::Caller;
use api::server::{Message, is_http_uri, locks};
use models::{Locks, Refusal, RoomId, RoomKey, Timestamp, Violation};
use serde_json::{Map, Value, json};
use store::NewRoom;
use uuid::Uuid;

use crate::Limits;

const ROOM_ID_PATTERN: &str = "room_id should only contain ASCII letters (a-z A-Z), digits (0-9) or -_";

/// Most characters of a title and of a webhook's URL.
const MOST_TEXT: usize = 255;

/// A request to create a room, read and validated.
#[derive(Clone, Debug)]
pub struct CreateRoomIn {
    room_id: RoomId,
    empty_timeout: Option<u32>,
    max_participants: Option<u32>,
    /// In minutes; 0 is no limit.
    duration: Option<u64>,
    title: String,
    webhook_url: Option<String>,
    auto_gen_user_id: bool,
    waiting_room: bool,
    default_locks: Locks,
    metadata: Map<String, Value>,
}

impl CreateRoomIn {
    /// Reads the body of a request.
    pub fn read(body: Map<String, Value>) -> Result<Self, Refusal> {
        let root = Message::root(body);
        let id = root.string("room_id")?;
        let (empty_timeout, max_participants) =
            (root.uint32("empty_timeout")?, root.uint32("max_participants")?);
        let metadata = root.optional_message("metadata")?;
        let mut violations = vec![];
        let mut refuse = |field: &str, expected: String| violations.push(Violation::new(field, expected));
        let room_id = RoomId::try_from(id.as_str());
        match room_id {
            Err(models::IdError::TooLong(most)) => {
                refuse("room_id", format!("must be at most {most} characters"));
            }
            Err(_) => refuse("room_id", ROOM_ID_PATTERN.to_owned()),
            Ok(_) => {}
        }
        for (name, value) in [("empty_timeout", empty_timeout), ("max_participants", max_participants)] {
            if value == Some(0) {
                refuse(name, "must be greater than 0".to_owned());
            }
        }
        let Some(metadata) = metadata else {
            refuse("metadata", "value is required".to_owned());
            return Err(Refusal::Invalid(violations));
        };
        let title = metadata.string("room_title")?;
        if title.is_empty() {
            refuse("metadata.room_title", "value is required".to_owned());
        } else if title.chars().count() > MOST_TEXT {
            refuse("metadata.room_title", format!("must be at most {MOST_TEXT} characters"));
        }
        let webhook_url = metadata.optional_string("webhook_url")?;
        let logout_url = metadata.optional_string("logout_url")?;
        for (name, url) in [("metadata.webhook_url", &webhook_url), ("metadata.logout_url", &logout_url)] {
            match url.as_deref() {
                Some("") => refuse(name, "value is empty, which is not a valid URI".to_owned()),
                Some(url) if !is_http_uri(url) => refuse(name, "must be a valid URI".to_owned()),
                _ => {}
            }
        }
        if webhook_url.as_ref().is_some_and(|url| url.chars().count() > MOST_TEXT) {
            refuse("metadata.webhook_url", format!("must be at most {MOST_TEXT} characters"));
        }
        let features = metadata.optional_message("room_features")?;
        let Some(features) = features else {
            refuse("metadata.room_features", "value is required".to_owned());
            return Err(Refusal::Invalid(violations));
        };
        let read = Self {
            empty_timeout,
            max_participants,
            duration: features.uint64("room_duration")?,
            title,
            webhook_url,
            auto_gen_user_id: features.boolean("auto_gen_user_id")?.unwrap_or(false),
            waiting_room: features.message("waiting_room_features")?.boolean("is_active")?.unwrap_or(false),
            default_locks: locks(&metadata.message("default_lock_settings")?)?,
            metadata: metadata.fields().clone(),
            room_id: match room_id {
                Ok(room_id) if violations.is_empty() => room_id,
                _ => return Err(Refusal::Invalid(violations)),
            },
        };
        reserved(&id)?;
        Ok(read)
    }

    /// The room that is asked for, within the deployment's limits.
    pub fn into_room(self, caller: &Caller, limits: Limits, metadata_id: Uuid, now: Timestamp) -> NewRoom {
        let metadata = self.stored_metadata(metadata_id, now);
        let minutes = within(self.duration.filter(|minutes| *minutes > 0), limits.max_duration);
        NewRoom {
            key: RoomKey { tenant: caller.tenant.clone(), room: self.room_id },
            api_key: caller.api_key.clone(),
            empty_timeout: self
                .empty_timeout
                .map_or(limits.empty_timeout, |seconds| Duration::from_secs(seconds.into())),
            duration: minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60))),
            max_participants: within(self.max_participants, limits.max_participants),
            waiting_room: self.waiting_room,
            auto_gen_user_id: self.auto_gen_user_id,
            default_locks: self.default_locks,
            title: self.title,
            webhook_url: self.webhook_url,
            metadata,
        }
    }

    /// The metadata as it was sent, with what is the server's to say.
    fn stored_metadata(&self, metadata_id: Uuid, now: Timestamp) -> String {
        let mut metadata = self.metadata.clone();
        metadata.retain(|_, value| !value.is_null());
        let owned = json!({
            "is_recording": false,
            "is_active_rtmp": false,
            "parent_room_id": "",
            "is_breakout_room": false,
            "started_at": now.seconds().to_string(),
            "metadata_id": metadata_id,
        });
        metadata.extend(owned.as_object().cloned().unwrap_or_default());
        Value::Object(metadata).to_string()
    }
}

/// What was asked for, but no more than is allowed; what is allowed where nothing was asked for.
fn within<T: Ord + Copy>(asked: Option<T>, most: Option<T>) -> Option<T> {
    match (asked, most) {
        (Some(asked), Some(most)) => Some(asked.min(most)),
        (asked, most) => asked.or(most),
    }
}

/// Ids that plugNmeet keeps for itself, in its words.
fn reserved(id: &str) -> Result<(), Refusal> {
    if id.contains("-FIELD_") {
        Err(Refusal::malformed("", "RoomId cannot contain the reserved pattern '-FIELD_'"))
    } else if id.starts_with("user_") {
        Err(Refusal::malformed("", "RoomId cannot start with the reserved pattern 'user_'"))
    } else {
        Ok(())
    }
}

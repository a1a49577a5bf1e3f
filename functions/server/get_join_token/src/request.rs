//! What a token is asked for with, and what it will bring to the participant.

use models::{IdError, Locks, Refusal, Role, Room, RoomId, Timestamp, UserId, Violation};
use serde_json::{Map, Value, json};
use store::NewToken;
use uuid::Uuid;
use wire::{Message, USER_METADATA};

const ROOM_ID_PATTERN: &str = "room_id should only contain letters (a-z A-Z), digits (0-9) or -_";
/// Most bytes of a name: the unused tokens of one person are one item, which DynamoDB limits to 400 KB, and the name must
/// fit into a header with the token.
const MOST_NAME: usize = 5000;
/// Most bytes of the caller's own metadata as it is stored. Large metadata is an item of its own; but of all who are in
/// it goes into one answer of getActiveRoomInfo, which Lambda limits to 6 MB.
const MOST_METADATA: usize = 48 * 1024;
/// The ids of plugNmeet's recorder and of its broadcaster, by which it finds them again in every room.
const BOTS: [&str; 2] = ["RECORDER_BOT", "RTMP_BOT"];
/// The name of plugNmeet's recorder.
const RECORDER_NAME: &str = "PLUGNMEET_RECORDER_AUTH";
const USER_ID_PATTERN: &str = "user_id should only contain ASCII letters (a-z A-Z), digits (0-9) or -_";

/// A request for a join token, read and validated as far as can be without the room.
#[derive(Clone, Debug)]
pub struct GetJoinTokenIn {
    /// The room.
    pub room_id: RoomId,
    given_user_id: String,
    name: String,
    is_admin: bool,
    /// Shown to the server API only.
    pub is_hidden: bool,
    /// plugNmeet's enumeration of clients, as a number.
    pub client_type: i32,
    locks: Locks,
    metadata: Map<String, Value>,
}

impl GetJoinTokenIn {
    /// Reads the body of a request.
    pub fn read(body: Map<String, Value>) -> Result<Self, Refusal> {
        let body = Message::root(body);
        let room_id = body.string("room_id")?;
        let user_info = body.optional_message("user_info")?;
        let mut violations = vec![];
        let room = RoomId::try_from(room_id.as_str());
        if let Err(error) = room {
            violations.push(Violation::of_id("room_id", error, ROOM_ID_PATTERN));
        }
        let Some(user_info) = user_info else {
            violations.push(Violation::new("user_info", "value is required"));
            return Err(Refusal::Invalid(violations));
        };
        let name = user_info.string("name")?;
        if name.is_empty() {
            violations.push(Violation::new("user_info.name", "value is required"));
        } else if name.len() > MOST_NAME {
            let expected = format!("must be at most {MOST_NAME} bytes");
            violations.push(Violation::new("user_info.name", expected));
        }
        let given_user_id = user_info.string("user_id")?;
        // Whatever else it is: in a room that makes the ids itself it is kept as `ex_user_id`.
        if given_user_id.chars().count() > UserId::MAX {
            let error = IdError::TooLong(UserId::MAX);
            violations.push(Violation::of_id("user_info.user_id", error, USER_ID_PATTERN));
        }
        let read = wire::read(USER_METADATA, &user_info.message("user_metadata")?)?;
        violations.extend(read.violations);
        let mut metadata = read.values;
        // What was left out is left out of what is stored, too.
        metadata
            .retain(|name, value| !(matches!(name.as_str(), "ex_user_id" | "preferred_lang") && value == ""));
        let locks = metadata.remove("lock_settings");
        let locks = serde_json::from_value(locks.unwrap_or_default()).map_err(|_| Refusal::Internal)?;
        if Value::Object(metadata.clone()).to_string().len() > MOST_METADATA {
            let expected = format!("must be at most {MOST_METADATA} bytes");
            violations.push(Violation::new("user_info.user_metadata", expected));
        }
        let read = Self {
            given_user_id,
            name,
            is_admin: is_true(&user_info, "is_admin")?,
            is_hidden: is_true(&user_info, "is_hidden")?,
            client_type: user_info.enumeration("client_type", &["WEB", "HYBRID_WEB"])?,
            locks,
            metadata,
            room_id: match room {
                Ok(room) if violations.is_empty() => room,
                _ => return Err(Refusal::Invalid(violations)),
            },
        };
        Ok(read)
    }

    /// The id that the caller gave, where it is one: in a room that makes the ids itself it need not be.
    pub fn user_id(&self) -> Option<UserId> {
        UserId::try_from(self.given_user_id.as_str()).ok().filter(UserId::is_slug)
    }

    /// The token for this room. `generated` is the person's id where the room makes the ids.
    pub fn token(
        &self,
        room: &Room,
        generated: Uuid,
        metadata_id: Uuid,
        expires_at: Timestamp,
    ) -> Result<NewToken, Refusal> {
        if self.name == RECORDER_NAME {
            return Err(Refusal::malformed(
                "",
                format!("name: {RECORDER_NAME} is reserved for internal use only"),
            ));
        }
        let is_bot = BOTS.contains(&self.given_user_id.as_str());
        let user = if room.auto_gen_user_id && !is_bot {
            UserId::try_from(generated.to_string().as_str()).map_err(|_| Refusal::Internal)?
        } else {
            self.own_user_id(room)?
        };
        let is_host = room.is_hosted_by(&user);
        let role = match (is_host, self.is_admin) {
            (true, _) => Role::Host,
            (false, true) => Role::Moderator,
            (false, false) => Role::Participant,
        };
        let locks = if role == Role::Participant {
            with_defaults(&self.locks, &room.default_locks)
        } else {
            Locks::new()
        };
        Ok(NewToken {
            metadata: self.brought(&user, metadata_id),
            user,
            name: self.name.clone(),
            role,
            hidden: self.is_hidden,
            locks,
            expires_at,
        })
    }

    fn own_user_id(&self, room: &Room) -> Result<UserId, Refusal> {
        let given = self.given_user_id.as_str();
        if let Some(reason) = reserved(given) {
            return Err(Refusal::malformed("", reason));
        }
        let user = self.user_id().ok_or_else(|| Refusal::malformed("", USER_ID_PATTERN))?;
        if room.by_code.is_some() && user.is_reserved_for_guests() {
            return Err(Refusal::malformed("", format!("user_id: {user} is reserved for guests")));
        }
        Ok(user)
    }

    /// Of plugNmeet's metadata of a participant what is not the same for everybody, or known of him elsewhere; the rest
    /// `api::server::ParticipantInfo` fills in. So the metadata of a sitting and of an unused token beside it stay within
    /// the KB that a join is charged for.
    fn brought(&self, user: &UserId, metadata_id: Uuid) -> String {
        let mut metadata = self.metadata.clone();
        metadata.retain(|name, value| match name.as_str() {
            "is_presenter" | "wait_for_approval" | "raised_hand" => false,
            "record_webcam" => *value == false,
            "extra_data" => *value != json!({}),
            _ => true,
        });
        metadata.insert("metadata_id".into(), json!(metadata_id));
        if !self.given_user_id.is_empty() && self.given_user_id != user.as_str() {
            metadata.entry("ex_user_id").or_insert_with(|| json!(self.given_user_id));
        }
        Value::Object(metadata).to_string()
    }
}

/// Why an id is kept for plugNmeet's own participants, in its words.
fn reserved(id: &str) -> Option<String> {
    let internal = ["ingres_", "sip_", "pnm_agent-", "pnm_tts_agent-"];
    if internal.iter().any(|prefix| id.starts_with(prefix)) {
        Some(format!("user_id: {id} is reserved for internal use only"))
    } else if id.ends_with("-native") {
        Some("user_id: suffix -native is reserved for internal use only".to_owned())
    } else if id.contains("-FIELD_") {
        Some("user_id cannot contain the reserved pattern '-FIELD_'".to_owned())
    } else if id.starts_with("user_") {
        Some("user_id cannot start with the reserved pattern 'user_'".to_owned())
    } else {
        None
    }
}

fn is_true(message: &Message, name: &str) -> Result<bool, Refusal> {
    Ok(message.boolean(name)?.unwrap_or(false))
}

fn with_defaults(own: &Locks, defaults: &Locks) -> Locks {
    let mut locks = defaults.clone();
    locks.extend(own.iter().map(|(name, locked)| (name.clone(), *locked)));
    locks
}

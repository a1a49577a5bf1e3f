//! What a room is asked for with.

use std::time::Duration;

use api::Caller;
use models::{Random, Refusal, RoomId, RoomKey, Timestamp, Violation};
use serde_json::{Map, Value};
use store::NewRoom;
use wire::{Message, Owned, RoomMetadata};

use crate::Limits;

const ROOM_ID_PATTERN: &str = "room_id should only contain ASCII letters (a-z A-Z), digits (0-9) or -_";

/// A request to create a room, read and validated.
#[derive(Clone, Debug)]
pub struct CreateRoomIn {
    room_id: RoomId,
    empty_timeout: Option<u32>,
    max_participants: Option<u32>,
    metadata: RoomMetadata,
}

impl CreateRoomIn {
    /// Reads the body of a request.
    pub fn read(body: Map<String, Value>) -> Result<Self, Refusal> {
        let root = Message::root(body);
        let id = root.string("room_id")?;
        let (empty_timeout, max_participants) =
            (root.uint32("empty_timeout")?, root.uint32("max_participants")?);
        let metadata = root.optional_message("metadata")?;
        let metadata = metadata.map(|metadata| RoomMetadata::read(&metadata)).transpose()?;
        let mut violations = vec![];
        let room_id = RoomId::try_from(id.as_str());
        violations
            .extend(room_id.as_ref().err().map(|error| Violation::of_id("room_id", *error, ROOM_ID_PATTERN)));
        for (name, value) in [("empty_timeout", empty_timeout), ("max_participants", max_participants)] {
            if value == Some(0) {
                violations.push(Violation::new(name, "must be greater than 0"));
            }
        }
        let Some((metadata, of_metadata)) = metadata else {
            violations.push(Violation::new("metadata", "value is required"));
            return Err(Refusal::Invalid(violations));
        };
        violations.extend(of_metadata);
        let room_id = match room_id {
            Ok(room_id) if violations.is_empty() => room_id,
            _ => return Err(Refusal::Invalid(violations)),
        };
        reserved(&id)?;
        Ok(Self { room_id, empty_timeout, max_participants, metadata })
    }

    /// Whether the request has names of 2022.
    pub fn is_first(&self) -> bool {
        self.metadata.is_first
    }

    /// The room that is asked for, within the deployment's limits.
    pub fn into_room(
        mut self,
        caller: &Caller,
        limits: &Limits,
        random: &dyn Random,
        now: Timestamp,
    ) -> NewRoom {
        self.metadata.settle(
            &limits.allowed,
            Owned {
                metadata_id: random.uuid().to_string(),
                started_at: now.seconds(),
                encryption_key: encryption_key(random),
            },
        );
        let minutes = self.metadata.room_duration().filter(|minutes| *minutes > 0);
        let features = |path: &[&str]| self.metadata.is_on(&[&["room_features"], path].concat());
        NewRoom {
            key: RoomKey { tenant: caller.tenant.clone(), room: self.room_id },
            api_key: caller.api_key.clone(),
            empty_timeout: self
                .empty_timeout
                .map_or(limits.empty_timeout, |seconds| Duration::from_secs(seconds.into())),
            duration: minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60))),
            max_participants: within(self.max_participants, limits.max_participants),
            waiting_room: features(&["waiting_room_features", "is_active"]),
            auto_gen_user_id: features(&["auto_gen_user_id"]),
            features: self.metadata.features(),
            default_locks: self.metadata.default_locks(),
            title: self.metadata.text("room_title").unwrap_or_default().to_owned(),
            webhook_url: self.metadata.text("webhook_url").map(str::to_owned),
            metadata: self.metadata.into_text(),
        }
    }
}

/// Characters of a key that a room's media are encrypted with.
const KEY_LENGTH: usize = 32;

/// Letters and digits, drawn without bias.
fn encryption_key(random: &dyn Random) -> String {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    (0..KEY_LENGTH).map(|_| char::from(LETTERS[usize::from(random.below(62))])).collect()
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

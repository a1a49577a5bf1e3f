//! `participants_info` of the server API, in LiveKit's shape: every key always there.

use models::{Locks, Metadata, Participant, Room};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A participant in LiveKit's shape, as plugNmeet passes it on.
#[derive(Clone, Debug, Serialize)]
pub struct ParticipantInfo {
    sid: String,
    identity: String,
    state: &'static str,
    tracks: [(); 0],
    metadata: String,
    joined_at: String,
    name: String,
    version: u8,
    permission: Permission,
    region: &'static str,
    is_publisher: bool,
    kind: &'static str,
    attributes: Map<String, Value>,
    disconnect_reason: &'static str,
    joined_at_ms: String,
    kind_details: [(); 0],
    data_tracks: [(); 0],
    client_protocol: u8,
    capabilities: [(); 0],
}

#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "LiveKit's permissions, one boolean each")]
struct Permission {
    can_subscribe: bool,
    can_publish: bool,
    can_publish_data: bool,
    hidden: bool,
    recorder: bool,
    can_update_metadata: bool,
    agent: bool,
    can_publish_sources: [(); 0],
    can_subscribe_metrics: bool,
    can_manage_agent_session: bool,
}

impl ParticipantInfo {
    /// Those who are in, hidden or not, of all who are or were in the room.
    pub fn all(room: &Room, people: &[Participant]) -> Vec<Self> {
        people.iter().filter(|person| person.is_in(room)).map(|person| Self::of(person, room)).collect()
    }

    fn of(person: &Participant, room: &Room) -> Self {
        let joined_at = person.joined_at.unwrap_or_default();
        Self {
            sid: person.id.to_string(),
            identity: person.user.to_string(),
            state: "ACTIVE",
            tracks: [],
            metadata: participant_metadata(person, room),
            joined_at: joined_at.seconds().to_string(),
            name: person.profile.name.clone(),
            version: 0,
            permission: Permission {
                can_subscribe: true,
                can_publish: !person.hidden,
                can_publish_data: !person.hidden,
                hidden: person.hidden,
                recorder: false,
                can_update_metadata: false,
                agent: false,
                can_publish_sources: [],
                can_subscribe_metrics: false,
                can_manage_agent_session: false,
            },
            region: "",
            is_publisher: false,
            kind: "STANDARD",
            attributes: Map::new(),
            disconnect_reason: "UNKNOWN_REASON",
            joined_at_ms: joined_at.millis().to_string(),
            kind_details: [],
            data_tracks: [],
            client_protocol: 0,
            capabilities: [],
        }
    }
}

/// The participant's metadata: what he brought over what everybody has, and what follows from how the session went since.
pub fn participant_metadata(person: &Participant, room: &Room) -> String {
    let mut metadata = common(person);
    let brought = person.metadata.as_ref().and_then(Metadata::text);
    // It was written by us; of somebody by code there is none.
    metadata
        .extend(brought.and_then(|text| serde_json::from_str::<Map<_, _>>(text).ok()).unwrap_or_default());
    let is_admin = person.has_rights();
    let is_presenter = person.presents_in(room);
    metadata.insert("is_admin".to_owned(), json!(is_admin));
    metadata.insert("is_presenter".to_owned(), json!(is_presenter));
    // Who is in does not wait, even if he did.
    metadata.insert("wait_for_approval".to_owned(), json!(false));
    let locks = match (is_admin, is_presenter) {
        (true, true) => Locks::new(),
        (true, false) => whiteboard(&room.present_locks()),
        (false, _) => person.present_locks(room),
    };
    metadata.insert("lock_settings".to_owned(), json!(locks));
    Value::Object(metadata).to_string()
}

/// An admin who is not the presenter has one lock: that of the whiteboard, as the room has it.
fn whiteboard(locks: &Locks) -> Locks {
    locks
        .iter()
        .filter(|(name, _)| *name == "lock_whiteboard")
        .map(|(name, on)| (name.clone(), *on))
        .collect()
}

/// What the metadata of somebody says who brought none.
fn common(person: &Participant) -> Map<String, Value> {
    let mut metadata = Map::new();
    for (name, value) in [
        ("record_webcam", json!(true)),
        ("raised_hand", json!({"is_raised": false, "raised_at": "0"})),
        ("metadata_id", json!(person.id)),
        ("extra_data", json!({})),
        ("ex_user_id", json!(person.user)),
    ] {
        metadata.insert(name.to_owned(), value);
    }
    if let Some(url) = &person.profile.avatar_url {
        metadata.insert("profile_pic".to_owned(), json!(url));
    }
    metadata
}

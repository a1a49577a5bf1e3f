//! `room_info` and `participants_info` of the server API: every key always there, 64-bit numbers as texts, because the
//! SDKs parse strictly.

use models::{Metadata, Participant, Role, Room, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::RoomDocument;

/// A session as the server API shows it.
#[derive(Clone, Debug, Serialize)]
pub struct RoomInfo {
    room_title: String,
    room_id: String,
    sid: String,
    joined_participants: String,
    is_running: u8,
    is_recording: u8,
    is_active_rtmp: u8,
    webhook_url: String,
    is_breakout_room: u8,
    parent_room_id: String,
    creation_time: String,
    metadata: String,
}

impl RoomInfo {
    /// The room's running session.
    pub fn of(room: &Room, document: &RoomDocument, now: Timestamp) -> Self {
        Self {
            room_title: document.title.clone(),
            room_id: room.key.room.to_string(),
            sid: room.sid.to_string(),
            joined_participants: room.present_seats(now).to_string(),
            is_running: u8::from(room.is_open(now)),
            is_recording: 0,
            is_active_rtmp: 0,
            webhook_url: document.webhook_url.clone().unwrap_or_default(),
            is_breakout_room: 0,
            parent_room_id: String::new(),
            creation_time: room.created_at.seconds().to_string(),
            metadata: document.metadata.clone(),
        }
    }
}

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
    /// Somebody who is in, hidden or not.
    pub fn of(person: &Participant) -> Self {
        let joined_at = person.joined_at.unwrap_or_default();
        Self {
            sid: person.id.to_string(),
            identity: person.user.to_string(),
            state: "ACTIVE",
            tracks: [],
            metadata: metadata(person),
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

/// The participant's metadata; of somebody by code, who brought none, what is known of him in the same form.
fn metadata(person: &Participant) -> String {
    if let Some(text) = person.metadata.as_ref().and_then(Metadata::text) {
        return text.to_owned();
    }
    let mut metadata = json!({
        "is_admin": person.role != Role::Participant,
        "lock_settings": person.locks,
        "extra_data": {},
    });
    if let Some(url) = &person.profile.avatar_url {
        metadata["profile_pic"] = json!(url);
    }
    metadata.to_string()
}

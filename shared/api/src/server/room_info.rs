//! `room_info` of the server API: every key always there, 64-bit numbers as texts, because the SDKs parse strictly.

use models::{Room, Timestamp};
use serde::Serialize;
use store::RoomDocument;

use super::room_metadata;

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
            metadata: room_metadata(room, document),
        }
    }

    /// The same session without its metadata.
    pub(super) fn without_metadata(self) -> Self {
        Self { metadata: "{}".to_owned(), ..self }
    }
}

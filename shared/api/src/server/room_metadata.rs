//! A room's metadata as the server API and webhooks show it.

use models::{CodeRoom, Refusal, Room};
use serde_json::{Map, Value, json};
use store::RoomDocument;
use uuid::Uuid;
use wire::{Allowed, Message, Owned, RoomMetadata};

/// Most breakout rooms of a room by code: as many as plugNmeet gives where nothing is said.
const BREAKOUT_ROOMS: u32 = 6;

/// What those who wait are told.
const MESSAGE: &str = "waiting_room_msg";

/// The room's metadata, a JSON text. A room of the server API has what it was made with, and what a moderator has said to
/// those who wait since. A room by code has plugNmeet's defaults with its title, its duration, and what its host decided by
/// now:
///
/// | setting | field |
/// |---|---|
/// | `allowChat` | `room_features.chat_features.is_allow` |
/// | `allowScreenShare` | `room_features.allow_screen_share`; `default_lock_settings.lock_screen_sharing` is its reverse |
/// | `allowParticipantVideo` | `room_features.allow_webcams` |
/// | `allowParticipantAudio` | `default_lock_settings.lock_microphone`, when it is off: no feature is about microphones |
/// | `muteParticipantsOnJoin` | `room_features.mute_on_start` |
/// | `waitingRoom` | `room_features.waiting_room_features.is_active` |
/// | (`/api/waitingRoom/updateMsg`) | `room_features.waiting_room_features.waiting_room_msg` |
///
/// `allowGuestAccess` has no field: guests are unknown to plugNmeet. Over all of it goes what moderators said to everybody of
/// locks.
pub fn room_metadata(room: &Room, document: &RoomDocument) -> String {
    let text = match &room.by_code {
        None => match &document.waiting_message {
            Some(message) => with_message(document, message).unwrap_or_else(|| document.metadata.clone()),
            None => document.metadata.clone(),
        },
        // Its parts are ours and pass; what was stored is the least that can be said.
        Some(by_code) => {
            metadata_by_code(room, by_code, document).unwrap_or_else(|_| document.metadata.clone())
        }
    };
    if room.said.is_empty() { text } else { with_words(room, text) }
}

/// The metadata with the locks as moderators have left them, and so under another id.
fn with_words(room: &Room, text: String) -> String {
    let Ok(mut metadata) = serde_json::from_str::<Map<String, Value>>(&text) else { return text };
    let locks = metadata.entry("default_lock_settings").or_insert_with(|| json!({}));
    if let Some(locks) = locks.as_object_mut() {
        locks.extend(room.said.iter().map(|(lock, word)| (lock.setting().to_owned(), json!(word.locked))));
    }
    let metadata_id = Uuid::new_v5(&room.sid.0, Value::Object(metadata.clone()).to_string().as_bytes());
    metadata.insert("metadata_id".to_owned(), json!(metadata_id));
    Value::Object(metadata).to_string()
}

/// What those who wait in a room are told; none where nothing is.
pub fn waiting_message(document: &RoomDocument) -> Option<String> {
    let said = document.waiting_message.clone().or_else(|| {
        let metadata: Value = serde_json::from_str(&document.metadata).ok()?;
        let features = metadata.pointer("/room_features/waiting_room_features")?;
        features.get(MESSAGE)?.as_str().map(str::to_owned)
    });
    said.filter(|message| !message.is_empty())
}

fn with_message(document: &RoomDocument, message: &str) -> Option<String> {
    let mut metadata: Value = serde_json::from_str(&document.metadata).ok()?;
    let features = metadata.pointer_mut("/room_features/waiting_room_features")?.as_object_mut()?;
    features.insert(MESSAGE.to_owned(), message.into());
    let id = Uuid::new_v5(&document.sid.0, message.as_bytes());
    metadata.as_object_mut()?.insert("metadata_id".to_owned(), id.to_string().into());
    Some(metadata.to_string())
}

fn metadata_by_code(room: &Room, by_code: &CodeRoom, document: &RoomDocument) -> Result<String, Refusal> {
    let settings = by_code.settings;
    let mut asked = json!({
        "room_title": document.title,
        "room_features": {
            "allow_webcams": settings.allow_participant_video,
            "allow_screen_share": settings.allow_screen_share,
            "mute_on_start": settings.mute_participants_on_join,
            "room_duration": room.duration.map(|duration| duration.as_secs() / 60),
            "chat_features": {"is_allow": settings.allow_chat},
            "waiting_room_features": {"is_active": settings.waiting_room},
        },
        "default_lock_settings": {
            "lock_microphone": (!settings.allow_participant_audio).then_some(true),
            "lock_screen_sharing": !settings.allow_screen_share,
        },
    });
    if let Some(message) = &document.waiting_message {
        asked["room_features"]["waiting_room_features"][MESSAGE] = message.as_str().into();
    }
    // Another one whenever it says something else, and the same however often it is asked for.
    let metadata_id = Uuid::new_v5(&room.sid.0, asked.to_string().as_bytes());
    let asked = asked.as_object_mut().map(std::mem::take).unwrap_or_default();
    let (mut metadata, _) = RoomMetadata::read(&Message::root(asked))?;
    let allowed = Allowed {
        insights: false,
        sip: false,
        breakout_rooms: BREAKOUT_ROOMS,
        minutes: None,
        copyright: String::new(),
        own_copyright: false,
    };
    metadata.settle(
        &allowed,
        Owned {
            metadata_id: metadata_id.to_string(),
            started_at: room.created_at.seconds(),
            // Nothing is encrypted unless it was asked for.
            encryption_key: String::new(),
        },
    );
    Ok(metadata.into_text())
}

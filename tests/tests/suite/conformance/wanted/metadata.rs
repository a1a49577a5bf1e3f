//! Differences in the metadata of a room, and in what is read from a request.

use serde_json::{Value, json};

use super::{CREATE, GET_JOIN_TOKEN, Step, copyright as html};
use crate::conformance::recording::Said;

/// A success with the caller's own data in it, where theirs refuses what is no text.
pub(super) fn extra_data(said: &mut Said, step: &Step) {
    if !step.recorded.msg().starts_with("proto: ") {
        return;
    }
    let is_taken = |data: &Value| match data {
        Value::Object(values) => !values.values().any(Value::is_null),
        Value::Array(values) => !values.contains(&Value::Null),
        data => !data.is_null(),
    };
    let of_user = &step.asked.json["user_info"]["user_metadata"]["extra_data"];
    let of_room = &step.asked.json["metadata"]["extra_data"];
    if step.is(GET_JOIN_TOKEN) && is_taken(of_user) {
        *said = step.minted();
    } else if step.is(CREATE) && is_taken(of_room) {
        *said = step.created("minimal");
        if let Some(metadata) = said.metadata() {
            metadata.insert("extra_data".to_owned(), of_room.clone());
        }
    }
}

/// Old names within `room_features`, and the present ones.
const RENAMED: [(&str, &str); 8] = [
    ("chat_features.allow_chat", "chat_features.is_allow"),
    ("chat_features.allow_file_upload", "chat_features.is_allow_file_upload"),
    ("shared_note_pad_features.allowed_shared_note_pad", "shared_note_pad_features.is_allow"),
    ("whiteboard_features.allowed_whiteboard", "whiteboard_features.is_allow"),
    (
        "external_media_player_features.allowed_external_media_player",
        "external_media_player_features.is_allow",
    ),
    ("allow_polls", "polls_features.is_allow"),
    ("speech_to_text_translation_features.is_allow", "insights_features.transcription_features.is_allow"),
    (
        "speech_to_text_translation_features.is_allow_translation",
        "insights_features.transcription_features.is_allow_translation",
    ),
];

/// What meant "allowed" in 2022, and what does today.
const ACTIVE: [(&str, &str); 2] = [
    ("breakout_room_features.is_active", "breakout_room_features.is_allow"),
    ("display_external_link_features.is_active", "display_external_link_features.is_allow"),
];

fn find<'a>(features: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(features, |value, name| value.get(name)).filter(|value| !value.is_null())
}

fn put(features: &mut Value, path: &str, value: Value) {
    let found = path.split('.').try_fold(features, |value, name| value.get_mut(name));
    if let Some(found) = found {
        *found = value;
    }
}

fn is_first(features: &Value) -> bool {
    RENAMED.iter().any(|(old, _)| find(features, old).is_some())
}

/// What a request in the first dialect says by old names, by the present ones; what it says by those wins.
fn renamed(features: &Value) -> Vec<(&'static str, bool)> {
    let names = RENAMED.iter().chain(&ACTIVE).filter(|_| is_first(features));
    let said = names.filter(|(_, new)| find(features, new).is_none());
    said.filter_map(|(old, new)| Some((*new, find(features, old)?.as_bool()?))).collect()
}

/// A success, as the example's with the present names.
pub(super) fn first_is_active(said: &mut Said, step: &Step) {
    let is_refused = step.recorded.msg().contains("is_active: must equal false");
    let active = ACTIVE.iter().any(|(old, _)| find(step.features(), old) == Some(&json!(true)));
    if step.is(CREATE) && is_refused && active && is_first(step.features()) {
        *said = step.created("first-dialect");
    }
}

/// Whether this makes a room: a create of an open one changes nothing.
fn makes_a_room(step: &Step) -> bool {
    step.is(CREATE) && !step.rooms.is_open(step.asked.text("room_id"))
}

fn features(said: &mut Said) -> Option<&mut Value> {
    said.metadata()?.get_mut("room_features")
}

/// What the old names say is so.
pub(super) fn first_dialect(said: &mut Said, step: &Step) {
    if !makes_a_room(step) {
        return;
    }
    if let Some(features) = features(said) {
        for (path, value) in renamed(step.features()) {
            put(features, path, json!(value));
            if !value {
                follow(features, path);
            }
        }
    }
}

/// What the request says to be false and theirs made true is false, with what follows from it.
pub(super) fn explicit_false(said: &mut Said, step: &Step) {
    if !makes_a_room(step) {
        return;
    }
    let mut off = vec![];
    falses(step.features(), "", &mut off);
    // What `allow_rtmp` says of broadcasting goes before.
    off.retain(|path| {
        !path.starts_with("external_broadcasting_features.is_") || step.features()["allow_rtmp"].is_null()
    });
    if let Some(features) = features(said) {
        for path in off {
            put_false(features, &path);
            follow(features, &path);
        }
    }
}

fn falses(value: &Value, path: &str, found: &mut Vec<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if *value == false {
            found.push(path);
        } else {
            falses(value, &path, found);
        }
    }
}

fn put_false(features: &mut Value, path: &str) {
    if find(features, path) == Some(&json!(true)) {
        put(features, path, json!(false));
    }
}

/// What goes off with a feature that the request switches off.
const FOLLOWS: [(&str, &[&str]); 5] = [
    (
        "recording_features.is_allow",
        &[
            "recording_features.is_allow_cloud",
            "recording_features.enable_auto_cloud_recording",
            "recording_features.is_allow_local",
            "recording_features.only_record_admin_webcams",
        ],
    ),
    ("chat_features.is_allow", &["chat_features.is_allow_file_upload"]),
    (
        "insights_features.is_allow",
        &[
            "insights_features.transcription_features.is_allow",
            "insights_features.chat_translation_features.is_allow",
            "insights_features.ai_features.is_allow",
        ],
    ),
    (
        "insights_features.transcription_features.is_allow",
        &[
            "insights_features.transcription_features.is_allow_translation",
            "insights_features.transcription_features.is_allow_speech_synthesis",
        ],
    ),
    (
        "insights_features.ai_features.is_allow",
        &[
            "insights_features.ai_features.ai_text_chat_features.is_allow",
            "insights_features.ai_features.meeting_summarization_features.is_allow",
        ],
    ),
];

fn follow(features: &mut Value, path: &str) {
    let parts = FOLLOWS.iter().filter(|(whole, _)| *whole == path).flat_map(|(_, parts)| *parts);
    for part in parts {
        put_false(features, part);
        follow(features, part);
    }
}

/// A dial-in that theirs has set up is not: no number, no pin.
pub(super) fn dial_in(said: &mut Said, _step: &Step) {
    let sip = features(said).and_then(|features| features["sip_dial_in_features"].as_object_mut());
    if let Some(sip) = sip.filter(|sip| sip["is_active"] == true) {
        sip.retain(|name, _| !["pin", "dispatch_rule_id"].contains(&name.as_str()));
        sip.insert("is_active".to_owned(), json!(false));
        sip.insert("phone_numbers".to_owned(), json!([]));
    }
}

/// What was given loses all but emphasis and web links.
pub(super) fn copyright(said: &mut Said, step: &Step) {
    let Some(given) = step.asked.json["metadata"]["copyright_conf"]["text"].as_str() else { return };
    let text = said.metadata().and_then(|metadata| metadata.get_mut("copyright_conf")?.get_mut("text"));
    if let Some(text) = text.filter(|text| *text == given) {
        *text = json!(html::filtered(given));
    }
}

/// `roomInfo` beside `room_info`, about the same session.
pub(super) fn room_info_of_2022(said: &mut Said, step: &Step) {
    let Some(info) = said.body.get("room_info").filter(|_| step.is(CREATE) && is_first(step.features()))
    else {
        return;
    };
    let asked = |name: &str, default: u32| step.asked.json.get(name).cloned().unwrap_or(json!(default));
    let old = json!({
        "sid": info["sid"],
        "name": info["room_id"],
        "max_participants": asked("max_participants", if step.is_full { 40 } else { 0 }),
        "empty_timeout": asked("empty_timeout", 1800),
        "creation_time": 1,
        "turn_password": "",
        "enabled_codecs": [],
        "metadata": info["metadata"],
    });
    said.body["roomInfo"] = old;
}

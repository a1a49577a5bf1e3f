//! The dialect of 2022: its names are turned into the present ones before anything is read.

use models::Refusal;
use serde_json::{Map, Value, json};

use crate::kind;
use crate::message::camel_case;

/// An old name within `room_features`, and where the same is said today.
const RENAMED: [(&[&str], &[&str]); 8] = [
    (&["chat_features", "allow_chat"], &["chat_features", "is_allow"]),
    (&["chat_features", "allow_file_upload"], &["chat_features", "is_allow_file_upload"]),
    (&["shared_note_pad_features", "allowed_shared_note_pad"], &["shared_note_pad_features", "is_allow"]),
    (&["whiteboard_features", "allowed_whiteboard"], &["whiteboard_features", "is_allow"]),
    (
        &["external_media_player_features", "allowed_external_media_player"],
        &["external_media_player_features", "is_allow"],
    ),
    (&["allow_polls"], &["polls_features", "is_allow"]),
    (
        &["speech_to_text_translation_features", "is_allow"],
        &["insights_features", "transcription_features", "is_allow"],
    ),
    (
        &["speech_to_text_translation_features", "is_allow_translation"],
        &["insights_features", "transcription_features", "is_allow_translation"],
    ),
];

/// In a request with old names these say "allowed", today "in use", which is the server's to say.
const ACTIVE: [&str; 2] = ["breakout_room_features", "display_external_link_features"];

/// Rewrites the `room_features` of a request to create a room, if it has one of the old names. Says whether it had.
///
/// Where both names are given the new one wins.
pub fn modernise(features: &mut Map<String, Value>) -> Result<bool, Refusal> {
    let mut is_first = false;
    for (old, new) in RENAMED {
        let Some(value) = find(features, old).filter(|value| !value.is_null()) else { continue };
        if !value.is_boolean() {
            let path = format!("metadata.room_features.{}", old.join("."));
            return Err(Refusal::malformed(path, format!("must be true or false, it is {}", kind(value))));
        }
        let value = value.clone();
        is_first = true;
        if find(features, new).is_none_or(Value::is_null) {
            put(features, new, value);
        }
    }
    if is_first {
        for part in ACTIVE {
            let Some(active) = find(features, &[part, "is_active"]).cloned() else { continue };
            if let Some(part) =
                spelled(features, part).and_then(|name| features.get_mut(&name)?.as_object_mut())
            {
                part.retain(|name, _| name != "is_active" && name != "isActive");
            }
            if find(features, &[part, "is_allow"]).is_none_or(Value::is_null) {
                put(features, &[part, "is_allow"], active);
            }
        }
    }
    Ok(is_first)
}

/// The key under which a field is there, in either spelling.
fn spelled(fields: &Map<String, Value>, name: &str) -> Option<String> {
    [name.to_owned(), camel_case(name)].into_iter().find(|key| fields.contains_key(key))
}

fn find<'a>(fields: &'a Map<String, Value>, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = fields.get(&spelled(fields, first)?)?;
    if rest.is_empty() { Some(value) } else { find(value.as_object()?, rest) }
}

/// Puts a value where `path` leads; what stands in the way and is no object is left for the reading to refuse.
fn put(fields: &mut Map<String, Value>, path: &[&str], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    let key = spelled(fields, first).unwrap_or_else(|| (*first).to_owned());
    if rest.is_empty() {
        fields.insert(key, value);
        return;
    }
    let part = fields.entry(key).or_insert(Value::Null);
    if part.is_null() {
        *part = json!({});
    }
    if let Some(part) = part.as_object_mut() {
        put(part, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modern(features: Value) -> (bool, Value) {
        let Value::Object(mut features) = features else { panic!("an object") };
        let is_first = modernise(&mut features).expect("readable");
        (is_first, Value::Object(features))
    }

    #[test]
    fn old_names_become_new_ones() {
        let (is_first, features) = modern(json!({
            "allow_polls": false,
            "chat_features": {"allow_chat": false, "allow_file_upload": true},
            "breakout_room_features": {"is_active": true},
        }));
        assert!(is_first);
        assert_eq!(features["polls_features"], json!({"is_allow": false}));
        assert_eq!(features["chat_features"]["is_allow"], false);
        assert_eq!(features["chat_features"]["is_allow_file_upload"], true);
        assert_eq!(features["breakout_room_features"], json!({"is_allow": true}));
    }

    #[test]
    fn the_new_name_wins_over_the_old() {
        let (is_first, features) = modern(json!({"chatFeatures": {"allow_chat": false, "isAllow": true}}));
        assert!(is_first);
        assert_eq!(features["chatFeatures"]["isAllow"], true);
    }

    #[test]
    fn a_present_request_is_left_alone() {
        let request = json!({"breakout_room_features": {"is_active": true}, "allow_polls": null});
        assert_eq!(modern(request.clone()), (false, request));
    }

    #[test]
    fn an_old_name_with_another_type_is_refused_by_its_path() {
        let Value::Object(mut features) = json!({"allow_polls": "no"}) else { panic!("an object") };
        let refusal =
            Refusal::malformed("metadata.room_features.allow_polls", "must be true or false, it is a string");
        assert_eq!(modernise(&mut features), Err(refusal));
    }
}

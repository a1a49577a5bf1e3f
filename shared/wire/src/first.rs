//! The dialect of 2022: its names are turned into the present ones before anything is read.

use models::Refusal;
use serde_json::{Map, Value, json};

use crate::kind;
use crate::message::{camel_case, spelled};

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
        let Some(value) = find(features, old)? else { continue };
        if !value.is_boolean() {
            return Err(Refusal::malformed(
                told(old),
                format!("must be true or false, it is {}", kind(value)),
            ));
        }
        let value = value.clone();
        is_first = true;
        if find(features, new)?.is_none() {
            put(features, new, value)?;
        }
    }
    if is_first {
        for part in ACTIVE {
            let Some(active) = find(features, &[part, "is_active"])?.cloned() else { continue };
            let key = key(features, &[part])?;
            if let Some(part) = features.get_mut(&key).and_then(Value::as_object_mut) {
                part.retain(|name, _| name != "is_active" && *name != camel_case("is_active"));
            }
            if find(features, &[part, "is_allow"])?.is_none() {
                put(features, &[part, "is_allow"], active)?;
            }
        }
    }
    Ok(is_first)
}

/// The path within `room_features` as a refusal tells it.
fn told(path: &[&str]) -> String {
    format!("metadata.room_features.{}", path.join("."))
}

/// What is given where `path` leads.
fn find<'a>(features: &'a Map<String, Value>, path: &[&str]) -> Result<Option<&'a Value>, Refusal> {
    let mut fields = Some(features);
    let mut found = None;
    for (depth, name) in path.iter().enumerate() {
        let Some(part) = fields else { return Ok(None) };
        found = spelled(part, name, || told(&path[..=depth]))?.map(|(_, value)| value);
        fields = found.and_then(Value::as_object);
    }
    Ok(found)
}

/// The key of the last field of a path: as it was given, or as it is spelled where it was not.
fn key(fields: &Map<String, Value>, path: &[&str]) -> Result<String, Refusal> {
    let name = path.last().copied().unwrap_or_default();
    let given = spelled(fields, name, || told(path))?;
    Ok(given.map_or_else(|| name.to_owned(), |(key, _)| key.clone()))
}

/// Puts a value where `path` leads; what stands in the way and is no object is left for the reading to refuse.
fn put(features: &mut Map<String, Value>, path: &[&str], value: Value) -> Result<(), Refusal> {
    let mut fields = features;
    for depth in 1..path.len() {
        let part = fields.entry(key(fields, &path[..depth])?).or_insert(Value::Null);
        if part.is_null() {
            *part = json!({});
        }
        let Some(part) = part.as_object_mut() else { return Ok(()) };
        fields = part;
    }
    fields.insert(key(fields, path)?, value);
    Ok(())
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

    #[test]
    fn null_is_nothing_under_old_names_too() {
        for features in [
            json!({"chat_features": null, "chatFeatures": {"allow_chat": false}}),
            json!({"chat_features": {"allow_chat": null, "allowChat": false, "is_allow": null}}),
        ] {
            let (is_first, features) = modern(features);
            assert!(is_first);
            let chat = [&features["chat_features"], &features["chatFeatures"]];
            assert!(chat.iter().any(|chat| chat["is_allow"] == false), "{features}");
        }
        let (_, features) = modern(json!({
            "allow_polls": true,
            "breakout_room_features": {"is_active": null, "isActive": false},
            "display_external_link_features": {"is_active": null},
        }));
        assert_eq!(features["breakout_room_features"], json!({"is_allow": false}));
        assert_eq!(features["display_external_link_features"], json!({"is_active": null}));
    }

    #[test]
    fn two_spellings_at_once_are_refused_before_one_of_them_is_rewritten() {
        for (features, path) in [
            (json!({"allow_polls": true, "allowPolls": true}), "allow_polls"),
            (
                json!({"allow_polls": true, "breakoutRoomFeatures": {"is_active": true, "isActive": false}}),
                "breakout_room_features.is_active",
            ),
            (json!({"chat_features": {}, "chatFeatures": {"allow_chat": false}}), "chat_features"),
        ] {
            let Value::Object(mut features) = features else { panic!("an object") };
            let refusal = Refusal::malformed(told(&[path]), "is there twice, in two spellings");
            assert_eq!(modernise(&mut features), Err(refusal));
        }
    }
}

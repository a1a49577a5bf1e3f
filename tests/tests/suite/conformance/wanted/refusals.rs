//! Differences in what is refused, and in which words.

use serde_json::{Value, json};

use super::{CREATE, GET_JOIN_TOKEN, Step, position};
use crate::conformance::compare::BEGINS;
use crate::conformance::recording::Said;

/// Theirs answers some broken bodies by HTTP 500 and a text.
pub(super) fn broken(said: &mut Said, step: &Step) {
    if step.recorded.status == 500 {
        *said = Said::common(json!({ BEGINS: "the body must be" }), "INVALID_PARAMETERS");
    }
}

/// The message begins with the path of the field that theirs points at by line and column; of what is no JSON object,
/// with that.
pub(super) fn parse_errors(said: &mut Said, step: &Step) {
    let Some(place) = step.recorded.msg().strip_prefix("proto: ") else { return };
    let body = String::from_utf8_lossy(&step.asked.body);
    let is_object = serde_json::from_slice::<Value>(&step.asked.body).is_ok_and(|body| body.is_object());
    let path = if is_object { position::path(&body, place) } else { None };
    let begins = path.map_or("the body must be".to_owned(), |path| path + ": ");
    said.body["msg"] = json!({ BEGINS: begins });
}

/// Messages of theirs about what the caller said.
const CALLERS: [&str; 4] = ["RoomId ", "user_id: ", "user_id ", "name: "];

pub(super) fn callers_fault(said: &mut Said, step: &Step) {
    let is_callers = CALLERS.iter().any(|begin| step.recorded.msg().starts_with(begin));
    if step.recorded.body["status_code"] == "INTERNAL_SERVER_ERROR" && is_callers {
        said.body["status_code"] = json!("INVALID_PARAMETERS");
    }
}

/// Columns of theirs with the field that is stored there, and how long it may be.
const COLUMNS: [(&str, &str, usize); 3] = [
    ("'roomId'", "room_id", 64),
    ("'room_title'", "metadata.room_title", 255),
    ("'webhook_url'", "metadata.webhook_url", 255),
];

pub(super) fn database_errors(said: &mut Said, step: &Step) {
    if !step.recorded.msg().starts_with("Error 1406 ") {
        return;
    }
    if let Some((_, field, most)) = COLUMNS.iter().find(|(column, ..)| step.recorded.msg().contains(column)) {
        *said = too_long(field, *most);
    }
}

fn too_long(field: &str, most: usize) -> Said {
    Said::common(
        format!("validation error: {field}: must be at most {most} characters"),
        "INVALID_PARAMETERS",
    )
}

pub(super) fn long_user_ids(said: &mut Said, step: &Step) {
    let user_id = step.asked.json["user_info"]["user_id"].as_str().unwrap_or_default();
    if step.is(GET_JOIN_TOKEN) && step.recorded.status == 200 && user_id.chars().count() > 128 {
        *said = too_long("user_info.user_id", 128);
    }
    if step.is(super::BROADCAST) && step.asked.text("to_user_id").chars().count() > 128 {
        *said = too_long("to_user_id", 128);
    }
}

/// Fields that hold a link, in the order in which they are checked.
const LINKS: [&[&str]; 4] = [
    &["metadata", "webhook_url"],
    &["metadata", "logout_url"],
    &["metadata", "room_features", "whiteboard_features", "preload_file"],
    &["user_info", "user_metadata", "profile_pic"],
];

/// Links of another scheme than `http` and `https` are refused in the words for what is no link at all.
pub(super) fn schemes(said: &mut Said, step: &Step) {
    if said.body["status"] != true || ![CREATE, GET_JOIN_TOKEN].contains(&step.asked.path.as_str()) {
        return;
    }
    let field = |path: &[&str]| path.iter().try_fold(&step.asked.json, |value, name| value.get(name));
    let is_other = |link: &str| {
        let scheme = link.split(':').next().unwrap_or_default();
        !["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web))
    };
    let others = LINKS.iter().filter(|path| field(path).and_then(Value::as_str).is_some_and(is_other));
    let others: Vec<String> = others.map(|path| format!("{}: must be a valid URI", path.join("."))).collect();
    match others.as_slice() {
        [] => {}
        [one] => *said = Said::common(format!("validation error: {one}"), "INVALID_PARAMETERS"),
        many => {
            let list = format!("validation errors:\n - {}", many.join("\n - "));
            *said = Said::common(list, "INVALID_PARAMETERS");
        }
    }
}

/// `kid` is the API key, `jti` a session's id and the token's own.
pub(super) fn once(said: &mut Said, step: &Step) {
    if step.is(GET_JOIN_TOKEN) && said.body["token"].is_object() {
        said.body["token"]["header"]["kid"] = json!(crate::conformance::recording::KEY);
        said.body["token"]["claims"]["jti"] = json!("<session>.<token>");
    }
}

//! Differences in routes and in what is said before a call is reached.

use serde_json::{Value, json};

use super::{CREATE, GET_JOIN_TOKEN, Step};
use crate::conformance::recording::Said;

/// The calls of the server API, under `/auth`; all are POST.
const CALLS: [&str; 23] = [
    "getClientFiles",
    "room/create",
    "room/getJoinToken",
    "room/isRoomActive",
    "room/getActiveRoomInfo",
    "room/getActiveRoomsInfo",
    "room/endRoom",
    "room/fetchPastRooms",
    "room/broadcastToRoom",
    "recording/fetch",
    "recording/info",
    "recording/recordingInfo",
    "recording/delete",
    "recording/updateMetadata",
    "recording/mergeRecordings",
    "recording/getDownloadToken",
    "analytics/fetch",
    "analytics/delete",
    "analytics/getDownloadToken",
    "artifact/fetch",
    "artifact/info",
    "artifact/delete",
    "artifact/getDownloadToken",
];

/// 404 for unknown paths and 405 for unknown methods, before authentication; under `/auth` and `/room` in the form of the
/// server API, elsewhere in that of the rooms API.
pub(super) fn unknown(said: &mut Said, step: &Step) {
    let path = step.asked.path.split('?').next().unwrap_or_default();
    let is_preflight = step.asked.method == "OPTIONS" && step.asked.header("origin").is_some();
    let is_short = ["/room/create", "/room/getJoinToken"].contains(&path);
    let is_call = is_short || path.strip_prefix("/auth/").is_some_and(|call| CALLS.contains(&call));
    let (status, text) = match (is_call, step.asked.method.as_str()) {
        (true, "POST") => return,
        (true, _) if is_preflight => return,
        (true, _) => (405, "this path does not take this method"),
        (false, _) => (404, "there is nothing under this path"),
    };
    *said = if path.starts_with("/auth/") || path.starts_with("/room/") {
        Said::common(text, "NOT_FOUND")
    } else {
        let (error, message) = ("Not Found", "There is nothing under this path");
        let body = json!({"statusCode": status, "error": error, "message": message});
        Said { status, content_type: None, body }
    };
    said.status = status;
    said.content_type = Some("application/json".to_owned());
    if step.asked.method == "HEAD" {
        said.body = Value::Null;
    }
}

/// The same as under `/auth`. Of the recorded requests none has more than a room's id.
pub(super) fn without_prefix(said: &mut Said, step: &Step) {
    let call = format!("/auth{}", step.asked.path);
    let missing = match call.as_str() {
        CREATE => "metadata",
        GET_JOIN_TOKEN => "user_info",
        _ => return,
    };
    *said = match step.asked.header("api-key") {
        Some(_) => {
            Said::common(format!("validation error: {missing}: value is required"), "INVALID_PARAMETERS")
        }
        None => Said { status: 401, ..Said::common("Missing API-KEY header.", "MISSING_REQUIRED_PARAMETER") },
    };
}

/// What the call says to this body, were it declared as JSON.
pub(super) fn content_type(said: &mut Said, step: &Step) {
    let is_form = step.asked.header("content-type").is_some_and(|kind| kind.starts_with("multipart/"));
    if is_form && let Some(read) = step.rooms.read(&step.asked.path, step.asked.text("room_id")) {
        *said = read;
    }
}

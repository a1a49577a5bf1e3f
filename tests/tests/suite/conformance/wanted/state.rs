//! Differences in what a call says of the state of a room.

use serde_json::{Value, json};

use super::{BROADCAST, CREATE, GET_ACTIVE_ROOM_INFO, GET_JOIN_TOKEN, IS_ROOM_ACTIVE, Step};
use crate::conformance::recording::{OPENED, Said};

/// What theirs says when it has lost its connections.
const DOWN: [&str; 2] = ["nats", "NATS"];

/// After an id of 5,000 characters ours answers what it would have answered without.
pub(super) fn after_a_long_id(said: &mut Said, step: &Step) {
    let room_id = step.asked.text("room_id");
    let is_down = DOWN.iter().any(|word| step.recorded.msg().contains(word));
    let path = step.asked.path.as_str();
    match path {
        CREATE if is_down => *said = step.created("minimal"),
        GET_JOIN_TOKEN if step.rooms.is_open(room_id) && step.recorded.msg() == "room is not active" => {
            *said = step.minted();
        }
        _ if is_down => {
            if let Some(read) = step.rooms.read(path, room_id) {
                *said = read;
            }
        }
        _ => {}
    }
}

/// Of rooms that differ in case only each is its own.
pub(super) fn case(said: &mut Said, step: &Step) {
    let room_id = step.asked.text("room_id");
    if step.rooms.has_a_twin(room_id)
        && let Some(read) = step.rooms.read(&step.asked.path, room_id)
    {
        *said = read;
    }
}

/// What has ended is not active from the moment on.
pub(super) fn at_once(said: &mut Said, step: &Step) {
    let room_id = step.asked.text("room_id");
    if step.is(IS_ROOM_ACTIVE) && step.rooms.has_ended(room_id) && step.recorded.msg() == "room is active" {
        *said = step.rooms.read(IS_ROOM_ACTIVE, room_id).expect("a call that reads");
    }
}

/// What has ended is not active, long after its end.
pub(super) fn remembered(said: &mut Said, step: &Step) {
    let room_id = step.asked.text("room_id");
    if step.is(IS_ROOM_ACTIVE) && step.rooms.has_ended(room_id) && step.recorded.msg() == "room not found" {
        *said = step.rooms.read(IS_ROOM_ACTIVE, room_id).expect("a call that reads");
    }
    if step.is(BROADCAST) && step.rooms.has_ended(room_id) && step.recorded.msg() == "room not found" {
        *said = Said::common("room is not active", "ROOM_NOT_ACTIVE");
    }
}

/// The people of a getActiveRoomInfo.
fn people(said: &mut Said) -> Option<&mut Vec<Value>> {
    said.body.get_mut("room")?.get_mut("participants_info")?.as_array_mut()
}

/// Everybody in the rooms that the answer is about.
fn everybody(said: &mut Said) -> impl Iterator<Item = &mut Value> {
    let body = said.body.as_object_mut().into_iter().flat_map(|body| body.iter_mut());
    let rooms = body.flat_map(|(name, value)| match (name.as_str(), value) {
        ("room", room) => std::slice::from_mut(room),
        ("rooms", Value::Array(rooms)) => rooms,
        _ => &mut [],
    });
    rooms.filter_map(|room| room.get_mut("participants_info")?.as_array_mut()).flatten()
}

/// Who was in before a token was made for him is in after it.
pub(super) fn minting(said: &mut Said, step: &Step) {
    let before = step.rooms.people_before_a_token(step.asked.text("room_id"));
    if let Some(before) = before.filter(|_| step.is(GET_ACTIVE_ROOM_INFO)) {
        said.body = before.clone();
    }
}

/// Those whom the waiting room keeps are not listed and not counted.
pub(super) fn waiting(said: &mut Said, _step: &Step) {
    let Some(people) = people(said) else { return };
    people.retain(|person| person["metadata"][OPENED]["wait_for_approval"] != true);
    let count = people.len().to_string();
    said.body["room"]["room_info"]["joined_participants"] = json!(count);
}

pub(super) fn no_media_server(said: &mut Said, _step: &Step) {
    for person in everybody(said) {
        (person["version"], person["client_protocol"]) = (json!(0), json!(0));
    }
}

/// Where theirs lists what it made of a session, ours has nothing to list.
pub(super) fn no_artifacts(said: &mut Said, step: &Step) {
    let lists = ["/auth/analytics/fetch", "/auth/artifact/fetch"];
    if lists.contains(&step.asked.path.as_str()) && step.recorded.body["status"] == true {
        *said = Said::common("no artifact found", "NOT_FOUND");
    }
}

/// Nor is there a file of it in the past.
pub(super) fn no_analytics(said: &mut Said, _step: &Step) {
    for session in past(said).into_iter().flatten().filter_map(Value::as_object_mut) {
        session.remove("analytics_file_id");
    }
}

/// The past sessions of a fetchPastRooms.
fn past(said: &mut Said) -> Option<&mut Vec<Value>> {
    said.body.get_mut("result")?.get_mut("rooms_list")?.as_array_mut()
}

/// Of a past session everybody who ever joined is counted.
pub(super) fn ever_joined(said: &mut Said, step: &Step) {
    for session in past(said).into_iter().flatten() {
        let joined = session["room_id"].as_str().map_or(0, |room_id| step.rooms.joined(room_id));
        session["joined_participants"] = json!(joined.to_string());
    }
}

/// Who is hidden may send nothing; all others may.
pub(super) fn permissions(said: &mut Said, _step: &Step) {
    for person in everybody(said) {
        let permission = &mut person["permission"];
        let is_shown = json!(permission["hidden"] != true);
        (permission["can_publish"], permission["can_publish_data"]) = (is_shown.clone(), is_shown);
    }
}

/// Until somebody has joined, how long the session will last from then on.
pub(super) fn length(said: &mut Said, step: &Step) {
    let minutes = step.rooms.has_a_length(step.asked.text("room_id"));
    if let Some(minutes) = minutes.filter(|_| said.body["token"].is_object()) {
        said.body["token"]["claims"]["session_seconds"] = json!(minutes * 60);
    }
}

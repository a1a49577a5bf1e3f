//! Sessions end when they should, each for its reason, over the whole stack: refused from that second on by every call,
//! told of, and remembered.

mod clock;
mod seats;

use std::collections::HashSet;

use models::{EndReason, RoomKey, Tenant};
use serde_json::{Value, json};
use store::{Page, Session};
use testing::Server;
use testing::receiver::Receiver;

use crate::webhooks::{EVERYWHERE, create, end, join, start, told, told_at};

/// A session from which somebody wants something when its time has come.
struct Late {
    /// A join token that nobody has used.
    unused: String,
    /// A session token of somebody who was in.
    session: String,
}

fn room_key(room_id: &str) -> RoomKey {
    RoomKey { tenant: Tenant::main(), room: room_id.try_into().expect("an id") }
}

fn partition(room_id: &str) -> String {
    format!("ROOM#main/{room_id}")
}

/// The state of a room, as it is stored.
async fn state(server: &Server, room_id: &str) -> Value {
    server.item(&partition(room_id), "STATE").await
}

/// A number of an item; a time in milliseconds.
fn number(item: &Value, name: &str) -> i64 {
    let text = item[name]["N"].as_str().unwrap_or_else(|| panic!("no {name}: {item}"));
    text.parse().expect("a number")
}

/// The last session of a room, as it is remembered.
async fn remembered(server: &Server, room_id: &str) -> Session {
    let page = Page { from: 0, limit: 10, ascending: false };
    let history = server.store().history_of(&HashSet::from([room_key(room_id)]), page).await;
    history.expect("readable").sessions.first().expect("a session").clone()
}

/// How a session that is over is remembered.
async fn ended(server: &Server, room_id: &str) -> (i64, EndReason) {
    let session = remembered(server, room_id).await;
    assert!(session.peak.is_some(), "it is archived: {session:?}");
    (session.ended_at.expect("it is over").millis(), session.reason.expect("for a reason"))
}

/// Lets a session's time have come a moment ago; gives when that was. Where somebody has joined, that was earlier, too.
pub(crate) async fn let_time_pass(server: &Server, room_id: &str) -> i64 {
    let before = state(server, room_id).await;
    let due_at = server.store().now().millis() - 1;
    let by = number(&before, "due_at") - due_at;
    let has = |name: &&str| !before[*name].is_null();
    let moved: Vec<_> = ["due_at", "started_at"]
        .into_iter()
        .filter(has)
        .map(|name| (name, number(&before, name) - by))
        .collect();
    server.change(&partition(room_id), "STATE", &moved).await;
    due_at
}

/// Every call refuses a session whose time has come, and shows it as over, whatever has noticed. `late` has somebody who
/// wants to come in, and somebody who was.
async fn assert_over(server: &Server, room_id: &str, late: Option<&Late>) {
    let ask = async |path: &str, more: Value| {
        let mut body = json!({ "room_id": room_id });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        server.signed(path, &body).await.body
    };
    assert_eq!(state(server, room_id).await["status"]["S"], "open", "nobody has noticed yet");
    let active = ask("/auth/room/isRoomActive", json!({})).await;
    assert_eq!((&active["is_active"], &active["msg"]), (&json!(false), &json!("room is not active")));
    let info = ask("/auth/room/getActiveRoomInfo", json!({})).await;
    assert_eq!(info["status"], false, "{info}");
    let rooms = ask("/auth/room/getActiveRoomsInfo", json!({})).await;
    let listed = rooms["rooms"].as_array().into_iter().flatten();
    assert!(listed.into_iter().all(|room| room["room_info"]["room_id"] != room_id), "{rooms}");
    let user = json!({"user_info": {"user_id": "late", "name": "Late"}});
    assert_eq!(ask("/auth/room/getJoinToken", user).await["status"], false);
    let words = json!({"notification_msg": {"text": "hi"}});
    assert_eq!(ask("/auth/room/broadcastToRoom", words).await["status"], false);
    let ended = ask("/auth/room/endRoom", json!({})).await;
    assert_eq!(ended["msg"], "room not found or not active");
    let past = server.signed("/auth/room/fetchPastRooms", &json!({"room_ids": [room_id]})).await.body;
    assert_ne!(past["result"]["rooms_list"][0]["ended"], "0001-01-01T00:00:00Z", "{past}");

    let Some(Late { unused, session }) = late else { return };
    let over = json!("Room is no longer active");
    let refused = server.redeem(unused).await;
    assert_eq!((refused.status, &refused.body["message"]), (400, &over));
    let refused = server.call("POST", "/api/resume", Some(session), None).await;
    assert_eq!((refused.status, &refused.body["message"]), (400, &over));
    let left = server.call("POST", "/api/leaveRoom", Some(session), None).await;
    assert_eq!(left.status, 200, "leaving may always be said: {:?}", left.body);
    assert_eq!(state(server, room_id).await["status"]["S"], "open", "nothing of this changed anything");
}

#[tokio::test]
async fn a_session_that_somebody_ends_is_over_then_and_for_that_reason() {
    let receiver = Receiver::start();
    let server = start(receiver.url(EVERYWHERE), |_| {}).await;
    let sid = create(&server, "by-api", None, json!({})).await;
    join(&server, "by-api", "ann").await;
    end(&server, "by-api").await;
    receiver.finished(EVERYWHERE, &sid).await;
    server.stack.settled().await;
    let ended_at = number(&state(&server, "by-api").await, "ended_at");
    assert_eq!(ended(&server, "by-api").await, (ended_at, EndReason::Api));

    let sid = create(&server, "by-moderator", None, json!({})).await;
    let admin = json!({"user_id": "adm", "name": "adm", "is_admin": true});
    let minted = json!({"room_id": "by-moderator", "user_info": admin});
    let minted = server.signed("/auth/room/getJoinToken", &minted).await;
    let seated = server.redeem(minted.body["token"].as_str().expect("a token")).await;
    let session = seated.body["session"]["token"].as_str().expect("a token");
    assert_eq!(server.call("POST", "/api/endRoom", Some(session), None).await.status, 200);
    receiver.finished(EVERYWHERE, &sid).await;
    server.stack.settled().await;
    let ended_at = number(&state(&server, "by-moderator").await, "ended_at");
    assert_eq!(ended(&server, "by-moderator").await, (ended_at, EndReason::Moderator));

    let host = server.user_token("hanna", "Hanna");
    let made = server.call("POST", "/rooms", Some(&host), Some(&json!({"name": "Weekly"}))).await;
    let [id, code] = ["id", "code"].map(|key| made.body[key].as_str().expect("a text").to_owned());
    let joined = server.call("POST", &format!("/rooms/{code}/join"), Some(&host), None).await;
    assert_eq!(joined.status, 201);
    assert_eq!(server.call("DELETE", &format!("/rooms/{id}"), Some(&host), None).await.status, 204);
    server.stack.settled().await;
    let state = state(&server, &id).await;
    assert_eq!((&state["status"]["S"], &state["seats"]["N"]), (&json!("ended"), &json!("1")));
    assert_eq!(ended(&server, &id).await, (number(&state, "ended_at"), EndReason::Host));
    let sid = state["sid"]["S"].as_str().expect("a session");
    receiver.finished(EVERYWHERE, sid).await;
    let expected = told([
        ("room_created", None, 0),
        ("room_started", None, 1),
        ("participant_joined", Some("hanna"), 1),
        ("participant_left", Some("hanna"), 0),
        ("session_ended", None, 0),
        ("room_finished", None, 0),
    ]);
    assert_eq!(told_at(&receiver, EVERYWHERE, sid), expected);
    server.stop().await;
}

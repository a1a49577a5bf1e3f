//! The end of a session is heard by whoever is connected to it, with its reason; then the server closes.

use serde_json::{Value, json};
use testing::Server;

use super::{dismissed, joined, seated, session};
use crate::ends::let_time_pass;
use crate::webhooks::{create, start};

/// A stack without a receiver of webhooks.
async fn stack() -> Server {
    start(String::new(), |_| {}).await
}

fn ended(reason: &str) -> Value {
    json!({ "reason": reason })
}

#[tokio::test]
async fn whoever_ends_it_all_hear_it_and_are_closed() {
    let server = stack().await;
    for (room_id, reason) in [("by-api", "api"), ("by-moderator", "moderator")] {
        create(&server, room_id, None, json!({})).await;
        let (mut admin, moderates) = seated(&server, room_id, "adm", json!({"is_admin": true})).await;
        let (mut ghost, _) = seated(&server, room_id, "ghost", json!({"is_hidden": true})).await;
        let answered = if reason == "api" {
            server.signed("/auth/room/endRoom", &json!({ "room_id": room_id })).await
        } else {
            server.call("POST", "/api/endRoom", Some(&session(&moderates)), None).await
        };
        assert_eq!(answered.body["status"], true, "{answered:?}");
        for socket in [&mut admin, &mut ghost] {
            dismissed(socket, "room-ended", ended(reason)).await;
        }
    }
    let (id, code) = server.room_by_code("hanna", &json!({"waitingRoom": true})).await;
    let (mut hanna, _) = joined(&server, &code, "hanna").await;
    let (mut gus, waits) = joined(&server, &code, "gus").await;
    assert_eq!(waits["isActive"], json!(false));
    let host = server.user_token("hanna", "hanna");
    assert_eq!(server.call("DELETE", &format!("/rooms/{id}"), Some(&host), None).await.status, 204);
    for socket in [&mut hanna, &mut gus] {
        dismissed(socket, "room-ended", ended("host")).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn the_end_of_its_time_is_heard_too() {
    let server = stack().await;
    let metadata = json!({"metadata": {"room_features": {"room_duration": 5}}});
    create(&server, "lasts", None, metadata).await;
    let (mut ann, _) = seated(&server, "lasts", "ann", json!({})).await;
    let_time_pass(&server, "lasts").await;

    let (never, code) = server.room_by_code("hanna", &json!({"waitingRoom": true})).await;
    let (mut gus, waits) = joined(&server, &code, "gus").await;
    assert_eq!(waits["isActive"], json!(false));
    let_time_pass(&server, &never).await;

    let (left, code) = server.room_by_code("hanna", &json!({"waitingRoom": true})).await;
    let (mut hanna, _) = joined(&server, &code, "hanna").await;
    let (mut ida, _) = joined(&server, &code, "ida").await;
    hanna.done("leave-room", json!({})).await;
    let_time_pass(&server, &left).await;

    server.stack.tick().await;
    dismissed(&mut ann, "room-ended", ended("duration")).await;
    dismissed(&mut gus, "room-ended", ended("empty_timeout")).await;
    dismissed(&mut ida, "room-ended", ended("last_left")).await;
    // Who left of her own is in no session, and is left alone.
    hanna.done("join-room", json!({"code": code})).await;
    server.stack.settled().await;
    hanna.done("sync", json!({})).await;
    server.stop().await;
}

#[tokio::test]
async fn whoever_is_in_the_next_session_already_hears_of_the_end_before_by_the_connection_that_he_had() {
    let server = stack().await;
    let (id, code) = server.room_by_code("hanna", &json!({})).await;
    let (mut first, _) = joined(&server, &code, "ann").await;
    // Nobody has noticed that its time has come.
    server.change(&format!("ROOM#main/{id}"), "STATE", &[("due_at", 1)]).await;
    let (mut second, _) = joined(&server, &code, "ann").await;
    let said = first.closed().await;
    assert!(said.iter().any(|message| message["event"] == "room-ended"), "{said:?}");
    server.stack.settled().await;
    assert_eq!(second.done("sync", json!({})).await["participants"].as_array().map(Vec::len), Some(1));
    server.stop().await;
}

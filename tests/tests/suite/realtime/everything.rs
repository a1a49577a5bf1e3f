//! Every event once, by both kinds of clients.

use serde_json::{Value, json};
use socket::ClientEvent;
use testing::{Server, Socket, SocketIo};

use super::check_connections;
use crate::webhooks::create;

/// The events of a meeting in an order in which each works, but for what whoever asks does at last. `gus` is somebody who is
/// in, `waiter` somebody who waits.
fn said(gus: &Value, waiter: &Value) -> Vec<(&'static str, Value)> {
    let on = json!({"enabled": true});
    vec![
        ("sync", json!({})),
        ("lock-room", json!({"locked": false})),
        ("chat-message", json!({"content": "hi"})),
        ("offer", json!({"targetId": gus})),
        ("answer", json!({"targetId": gus})),
        ("ice-candidate", json!({"targetId": gus})),
        ("toggle-audio", on.clone()),
        ("toggle-video", on.clone()),
        ("start-screen-share", json!({})),
        ("stop-screen-share", json!({})),
        ("toggle-hand-raise", on),
        ("typing-start", json!({})),
        ("typing-stop", json!({})),
        ("mute-participant", json!({"participantId": gus})),
        ("update-lock-settings", json!({"participantId": gus, "lockSettings": {"lock_chat": true}})),
        ("admit-participant", json!({"participantId": waiter})),
        ("send-to-waiting", json!({"participantId": waiter})),
        ("deny-participant", json!({"participantId": waiter})),
        ("remove-participant", json!({"participantId": gus, "ban": true})),
        ("leave-room", json!({})),
    ]
}

/// A room with a waiting room, Gus in it, who speaks, and somebody who waits: its code and their ids.
async fn meeting(server: &Server) -> (String, Socket, Value, Value) {
    let (id, code) = server.room_by_code("hanna", &json!({})).await;
    let mut gus = server.socket(Some(&server.user_token("gus", "Gus"))).await;
    let own = gus.done("join-room", json!({"code": code})).await;
    gus.done("toggle-audio", json!({"enabled": true})).await;
    let host = server.user_token("hanna", "Hanna");
    let settings = json!({"waitingRoom": true});
    let path = format!("/rooms/{id}/settings");
    assert_eq!(server.call("PATCH", &path, Some(&host), Some(&settings)).await.status, 200);
    let guest = json!({"guestName": "Wanda"});
    let waiter = server.call("POST", &format!("/rooms/{code}/join"), None, Some(&guest)).await;
    (code, gus, own["id"].clone(), waiter.body["id"].clone())
}

/// Says everything that can be said.
pub(crate) async fn say(server: &Server) {
    let host = server.user_token("hanna", "Hanna");
    let (code, _plain_gus, gus, waiter) = meeting(server).await;
    let mut plain = server.socket(Some(&host)).await;
    plain.done("join-room", json!({"code": code, "key": "everything-is-said-once"})).await;
    for (event, data) in said(&gus, &waiter) {
        plain.done(event, data).await;
    }
    create(server, "by-token", None, json!({})).await;
    super::seated(server, "by-token", "ann", json!({})).await;
    plain.send(r#"{"event":"ping"}"#).await;
    plain.message("pong").await;
    plain.close().await;

    let (code, _other_gus, gus, waiter) = meeting(server).await;
    let url = &server.stack.addresses.ws;
    let (mut socket, answer) = SocketIo::connect(url, &json!({"token": host})).await;
    assert!(answer.starts_with("40{"), "{answer}");
    let joined = socket.ask("join-room", json!({"code": code, "key": "everything-by-socket-io"})).await;
    assert_eq!(joined["isHost"], json!(true), "{joined}");
    for (event, data) in said(&gus, &waiter) {
        let answer = socket.ask(event, data).await;
        assert_eq!(answer.get("statusCode"), None, "{event}: {answer}");
    }
    let token = super::token_of(server, "by-token", "bo", json!({})).await;
    let (mut invited, _) = SocketIo::connect(url, &json!({"token": token})).await;
    assert_eq!(invited.ask("join-room", json!({})).await["userId"], json!("bo"));
    socket.send("2").await;
    socket.packet("3").await;
    socket.send("41").await;
    socket.closed().await;
}

#[tokio::test]
async fn every_event_works_for_both_kinds_of_clients() {
    let events = said(&Value::Null, &Value::Null);
    for event in ClientEvent::ALL {
        let elsewhere = matches!(event, ClientEvent::JoinRoom | ClientEvent::Ping);
        assert!(elsewhere || events.iter().any(|(name, _)| *name == event.as_str()), "{event}");
    }
    let server = Server::start(|_| {}).await;
    say(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn socket_io_is_refused_pinged_and_closed_in_its_own_words() {
    let server = Server::start(|_| {}).await;
    let url = &server.stack.addresses.ws;
    let (_, refused) = SocketIo::connect(url, &json!({"token": "nonsense"})).await;
    let body = r#"{"data":{"error":"Unauthorized","message":"Invalid token","statusCode":401},"message":"Invalid token"}"#;
    let refused: Value = serde_json::from_str(refused.strip_prefix("44").expect("a refusal")).expect("JSON");
    assert_eq!(refused, serde_json::from_str::<Value>(body).expect("JSON"));

    let (_, code) = server.room_by_code("hanna", &json!({})).await;
    let (mut gus, _) = SocketIo::connect(url, &json!({})).await;
    gus.ask("join-room", json!({"code": code, "guestName": "Gus"})).await;
    let (mut idle, _) = SocketIo::connect(url, &json!({})).await;
    check_connections(&server, "socket_io").await;
    assert_eq!(gus.packet("2").await, "2");
    assert_eq!(idle.closed().await.as_deref(), Some("41"), "or its client would come again");
    server.stop().await;
}

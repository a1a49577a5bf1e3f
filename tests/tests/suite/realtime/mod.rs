//! The WebSocket API over the whole stack.

mod abrupt;
mod asyncapi;
mod broadcasts;
mod connecting;
mod crowds;
mod ended;
pub(crate) mod everything;
mod forced;
mod joining;
mod losing;
mod moderating;
mod notices;
mod presence;
mod returning;
mod sound;
mod storms;
mod talking;
mod unnoticed;
mod waiting;

use serde_json::{Value, json};
use testing::{Server, Socket};

/// A room by code with its host, Hanna, in it.
struct Meeting {
    id: String,
    code: String,
    hanna: Socket,
}

impl Meeting {
    /// A new one, with these fields of `POST /rooms`.
    async fn of(server: &Server, fields: Value) -> Self {
        let (id, code) = server.room_by_code("hanna", &fields).await;
        let mut hanna = server.socket(Some(&server.user_token("hanna", "Hanna"))).await;
        hanna.done("join-room", json!({"code": code})).await;
        Self { id, code, hanna }
    }

    /// Somebody with an account who has joined, and his id.
    async fn user(&self, server: &Server, name: &str) -> (Socket, Value) {
        let mut socket = server.socket(Some(&server.user_token(name, name))).await;
        let joined = socket.done("join-room", json!({"code": self.code})).await;
        (socket, joined["id"].clone())
    }

    /// A guest who has joined, and his id.
    async fn guest(&self, server: &Server, name: &str) -> (Socket, Value) {
        let mut socket = server.socket(None).await;
        let joined = socket.done("join-room", json!({"code": self.code, "guestName": name})).await;
        (socket, joined["id"].clone())
    }

    /// Changes the room's settings, as its host.
    async fn change(&self, server: &Server, settings: Value) {
        let path = format!("/rooms/{}/settings", self.id);
        let token = server.user_token("hanna", "Hanna");
        let changed = server.call("PATCH", &path, Some(&token), Some(&settings)).await;
        assert_eq!(changed.status, 200, "{:?}", changed.body);
    }
}

/// Lets it be looked after each connection, as it is a minute after it came; all are taken to be of this kind.
pub(crate) async fn check_connections(server: &Server, client: &str) {
    for id in server.connections().await {
        server.enqueue("ConnectionsQueue", &json!({"check": {"id": id, "client": client}})).await;
    }
}

/// A join token of the server API for this user, with more of what is said of him.
async fn token_of(server: &Server, room_id: &str, user: &str, more: Value) -> String {
    let mut user = json!({"user_id": user, "name": user});
    user.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let body = json!({"room_id": room_id, "user_info": user});
    let minted = server.signed("/auth/room/getJoinToken", &body).await;
    minted.body["token"].as_str().unwrap_or_else(|| panic!("{minted:?}")).to_owned()
}

/// Somebody who has joined a room of the server API over a socket, and what he was answered.
async fn seated(server: &Server, room_id: &str, user: &str, more: Value) -> (Socket, Value) {
    let token = token_of(server, room_id, user, more).await;
    let mut socket = server.socket(Some(&token)).await;
    let joined = socket.done("join-room", json!({})).await;
    (socket, joined)
}

/// A user who has joined a room by code over a socket, or waits at it, and what he was answered.
async fn joined(server: &Server, code: &str, user: &str) -> (Socket, Value) {
    let mut socket = server.socket(Some(&server.user_token(user, user))).await;
    let joined = socket.done("join-room", json!({"code": code})).await;
    (socket, joined)
}

/// The session token of an answer to `join-room`.
fn session(joined: &Value) -> String {
    joined["session"]["token"].as_str().expect("a token").to_owned()
}

/// Waits until the server closes; the last that it said must be this.
async fn dismissed(socket: &mut Socket, event: &str, data: Value) -> Vec<Value> {
    let mut said = socket.closed().await;
    let last = said.pop().unwrap_or_else(|| panic!("closed without a word, not {event}"));
    assert_eq!((&last["event"], &last["data"]), (&json!(event), &data), "{said:?}");
    said
}

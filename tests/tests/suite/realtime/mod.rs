//! The WebSocket API over the whole stack.

mod asyncapi;
mod connecting;
mod joining;
mod moderating;
mod presence;
mod talking;

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

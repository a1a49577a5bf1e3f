//! What is to be done about a connection from time to time: messages of a queue, each of which is followed by the next
//! until the connection is gone.

use std::time::Duration;

use models::Connection;
use serde::{Deserialize, Serialize};
use socket::Heartbeat;

/// How long a connection may stand by which nobody has joined (`rules.md` 5).
pub const JOINS_WITHIN: Duration = Duration::from_mins(1);

/// How often it is looked after a connection: as often as Socket.IO's clients expect a ping.
pub const CHECKED_EVERY: Duration = Duration::from_secs(Heartbeat::EVERY as u64);

/// A message of the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tending {
    /// The connection.
    pub connection: Connection,
    /// What it is the time for.
    pub turn: Turn,
}

/// What it is the time for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// Saying what must come first.
    Open,
    /// Seeing whether somebody has joined by it, and whether it still stands.
    Check,
}

impl Tending {
    /// What comes first for a new connection, and after how long.
    pub fn first(connection: Connection) -> (Self, Duration) {
        match connection.client {
            models::Client::Plain => (Self { connection, turn: Turn::Check }, JOINS_WITHIN),
            models::Client::SocketIo => (Self { connection, turn: Turn::Open }, Duration::ZERO),
        }
    }
}

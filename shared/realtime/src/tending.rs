//! What connections need from time to time: messages of a queue. Those about one connection follow each other as long as it
//! needs any; those about the sessions that run come from the sweep.

use std::time::Duration;

use models::{Client, Connection, RoomKey};
use serde::{Deserialize, Serialize};
use socket::Heartbeat;

/// How long a connection may stand by which nobody has joined (`rules.md` 5).
pub const JOINS_WITHIN: Duration = Duration::from_mins(1);

/// How often Socket.IO's clients expect a ping.
pub const PINGED_EVERY: Duration = Duration::from_secs(Heartbeat::EVERY as u64);

/// How many rooms one message is about.
pub const ROOMS_AT_A_TIME: usize = 25;

/// A message of the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tending {
    /// It is the time to say what must come first.
    Open(Connection),
    /// It is the time to see whether somebody has joined by it, and to ping it.
    Check(Connection),
    /// It is the time to see whether the connections of all who are in these rooms still stand.
    Rooms(Vec<RoomKey>),
}

impl Tending {
    /// What comes first for a new connection, and after how long.
    pub fn first(connection: Connection) -> (Self, Duration) {
        match connection.client {
            Client::Plain => (Self::Check(connection), JOINS_WITHIN),
            Client::SocketIo => (Self::Open(connection), Duration::ZERO),
        }
    }
}

//! What is said over a WebSocket, free of AWS: texts in, and texts to be sent out.
//!
//! There are two kinds of [`Client`](models::Client): those that speak JSON (`api.md` C), and Socket.IO's. [`Speak::decode`] reads what
//! either sends into the same [`Received`]; [`Request::answer`], [`ReplyTo::error`] and [`Speak::event`] write for either.
//! No other code knows which one it talks to.
//!
//! * [`ClientEvent`], [`ServerEvent`]: the words;
//! * `received`: what has come, and where its answer goes;
//! * `plain`: `{"event": …, "id": …, "data": …}`;
//! * `packet`, `socket_io`: Socket.IO 5 over Engine.IO 4, of which only texts over WebSocket are there
//!   (<https://github.com/socketio/socket.io-protocol>, <https://github.com/socketio/engine.io-protocol>).

mod client;
mod event;
mod json;
mod packet;
mod plain;
mod received;
mod socket_io;

pub use client::{MOST_RECEIVED, MOST_SENT, Speak, client_of_upgrade, fits};
pub use event::{ClientEvent, ServerEvent};
pub use received::{Auth, ErrorBody, Received, ReplyTo, Request};
pub use socket_io::{Heartbeat, connect_error, connected};

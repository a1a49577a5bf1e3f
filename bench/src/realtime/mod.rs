//! Rooms over WebSocket connections, on the local stack: how fast, how many messages, at what price.

pub(crate) mod chat;
mod client;
pub(crate) mod cost;
pub(crate) mod join;
pub(crate) mod presence;
mod room;
mod tally;

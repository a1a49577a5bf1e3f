//! The WebSocket API over the whole stack.

mod connecting;
mod joining;
mod presence;

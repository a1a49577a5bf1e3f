//! What the functions of the WebSocket API share.
//!
//! A message is counted, read, and answered in one place ([`run`]), whichever client sent it; what it asks for is done by
//! the module of its event. A function of a route does one of them, and the one of `$default` does all: Socket.IO's
//! packets are no JSON objects, so the gateway sends them there (`docs/decisions/0026`).
//!
//! * [`Sockets`]: what the server says, by `@connections`;
//! * [`Notice`]: what the stream has to say to them, on its way by a queue;
//! * [`Callers`]: who is behind a connection;
//! * [`Realtime`]: what a handler depends on, and who asks;
//! * [`people`]: people and rooms, as they are shown;
//! * [`presence`]: what those in a room are told of one another;
//! * [`events`]: a module for each event.

mod asked;
mod callers;
pub mod events;
mod given;
mod notice;
pub mod people;
pub mod presence;
mod run;
mod said;
mod sockets;
mod tending;

pub use asked::{Realtime, Seat, of_id};
pub use callers::Callers;
pub use given::Given;
pub use notice::{Notice, What};
pub use run::{Answer, Data, Handling, Telling, receive, run, run_default};
pub use said::{
    ChatMessageOut, DeniedOut, ForceDisconnectOut, MuteOut, NotificationOut, ParticipantWaitingOut,
    RoomEndedOut, RoomLockedOut, RoomUpdatedOut,
};
pub use sockets::{Said, Sockets, grace};
pub use tending::{JOINS_WITHIN, PINGED_EVERY, ROOMS_AT_A_TIME, Tending};

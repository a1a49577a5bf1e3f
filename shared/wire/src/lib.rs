//! JSON as callers send it, free of AWS.
//!
//! * `json`: one object, with nothing in it that parsers disagree about;
//! * [`Message`]: protobuf's JSON mapping, field by field;
//! * [`Field`]: a message as a table, from which its reading, its rules and its defaults follow;
//! * `room`, `user`: plugNmeet's messages (`protocol/plugnmeet.md`), and what follows from one feature for another;
//! * `moderation`: what moderators say of somebody who is in;
//! * `removal`: whom a call puts out;
//! * `first`: the names of 2022, turned into the present ones before anything is read.

mod consequences;
mod copyright;
mod field;
mod first;
mod json;
mod message;
mod moderation;
mod removal;
mod room;
mod uri;
mod user;

pub use consequences::Allowed;
pub use field::{Field, Reading, json_schema, read};
pub use first::modernise;
pub use json::{kind, object};
pub use message::{Message, user_id};
pub use moderation::{LocksIn, PresenterIn};
pub use removal::RemovalIn;
pub use room::{Owned, ROOM_METADATA, RoomMetadata};
pub use uri::is_http_uri;
pub use user::{LOCKS, USER_METADATA};

//! The domain of Vestibule: rooms, participants, tokens, and the rules of who gets in.
//!
//! Nothing here does I/O or knows AWS. The rules are plain functions of values, so that a handler, a test and a
//! simulation all decide by the same code.

mod act;
mod admission;
mod broadcast;
mod clock;
mod code;
mod connection;
mod event;
mod expiry;
mod features;
mod ids;
mod lock;
mod participant;
mod permission;
mod random;
mod refusal;
pub mod relay;
mod room;
mod text;
mod token;
pub mod transition;

pub use act::Act;
pub use admission::{Applicant, Entry, Proof, Record, TokenFound, judge};
pub use broadcast::{Broadcast, Speech, Tone};
pub use clock::{Clock, FixedClock, SystemClock, Timestamp};
pub use code::RoomCode;
pub use connection::{Client, Connection, Media, MediaChange};
pub use event::{EndReason, Event, Happened};
pub use expiry::waiter_expires_at;
pub use features::Features;
pub use ids::{
    ApiKeyId, ConnectionId, IdError, ParticipantId, RoomId, RoomKey, SessionId, Sid, Tenant, TokenId, UserId,
};
pub use lock::{Lock, LockChange, Word, Words};
pub use participant::{Denial, Locks, Metadata, MutedBy, Participant, Profile, Role, Standing};
pub use permission::Permission;
pub use random::{Random, SeededRandom, SystemRandom};
pub use refusal::{Refusal, Violation};
pub use room::{CodeRoom, Lasts, Presenter, Room, SITTING, Settings, Status};
pub use text::{GuestName, NameError};
pub use token::{JoinToken, SessionToken};

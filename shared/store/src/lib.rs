//! Rooms, participants and tokens in one DynamoDB table.
//!
//! The only crate that knows keys, attribute names and expressions. Each change of a room is one transaction whose
//! conditions are the rules of `models`; the reasons of a cancelled one are turned back into those rules' refusals.

mod admit;
mod aftermath;
mod answer;
mod broadcast;
mod changes;
mod client;
mod commit;
mod connections;
mod create;
mod deliveries;
mod depart;
mod end;
mod end_job;
mod error;
mod history;
mod items;
mod key_ring;
mod last_round;
mod listed;
mod locks;
mod media;
mod meter;
mod mint;
mod mute;
mod past;
mod presenter;
mod read;
mod remove;
mod resume;
mod retry;
mod settings;
mod step;
mod sweep;
mod transition;
mod turn;
mod waiting;
mod waiting_message;

pub use admit::{Admission, Credential, Door};
pub use answer::{Claim, Keep, StoredAnswer};
pub use changes::{
    Change as StreamChange, Dropped, Muted, PersonChange, RoomChange, StreamRecord, Waited, WaitingChange,
    Why,
};
pub use client::{Connection, Store};
pub use connections::Grace;
pub use create::{Created, NewCodeRoom, NewRoom};
pub use deliveries::{Delivery, DeliveryPage, DeliveryState, DeliveryStatus};
pub use depart::{Lease, Released};
pub use end_job::{end_job, session_of_end_job};
pub use error::{Halt, StoreError};
pub use history::{History, Page};
pub use items::{ApiKey, Binding, Caller, Connected, KeyStatus, LastRound, Pace, RoomDocument, Session};
pub use locks::Told;
pub use media::Shown;
pub use meter::Usage;
pub use mint::{Minted, NewToken};
pub use models::transition::{Ending, Retention, SettingsChange, Switch};
pub use mute::Mute;
pub use read::{Seen, Whole};
pub use remove::{Removal, Revoked};
pub use resume::Resumed;
pub use retry::{request, request_ends, until};
pub use sweep::{Due, DueCursor, DuePage, RunningPage, Swept};
pub use waiting::{Admitted, MOST_WAITING, Waiters, Who, Whom};

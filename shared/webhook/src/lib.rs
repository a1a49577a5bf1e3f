//! Webhooks, from the event to the receiver's answer (`rules.md` 7; `protocol/plugnmeet.md`, "Webhooks").
//!
//! * [`payload`]: the JSON that is sent, and the ids of events and deliveries;
//! * [`Message`]: what waits on the queue, one for each event and URL;
//! * [`Attempt`]: the headers of one attempt, with LiveKit's signature;
//! * [`schedule`]: when it is tried again, and for how long;
//! * [`Target`] and [`Policy`]: which URLs and addresses may be posted to at all;
//! * [`Client`]: posts, and says in an [`Outcome`] what came of it.
//!
//! Only the client does I/O.

mod attempt;
mod client;
mod message;
mod outcome;
pub mod payload;
mod policy;
mod resolver;
pub mod schedule;
mod target;

pub use attempt::{Attempt, Signer};
pub use client::{ATTEMPT_TIMEOUT, Client};
pub use message::Message;
pub use outcome::{Outcome, Trouble};
pub use payload::{Occurrence, Payload, delivery_id, event_id};
pub use policy::Policy;
pub use resolver::{Resolve, Resolving, SystemResolver};
pub use target::{Target, TargetError};

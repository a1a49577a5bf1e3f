//! From what happened in a room to the queues.
//!
//! * [`Composer`]: the webhooks that a change makes, with who and what they are about;
//! * [`Queue`]: an SQS queue, written in order.

mod compose;
mod queue;

pub use compose::Composer;
pub use queue::{Entry, Queue, QueueError};

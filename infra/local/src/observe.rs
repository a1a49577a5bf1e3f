//! What a test wants to see of a running stack, and to do to it.

use crate::Stack;
use crate::queues::{Depth, Draft, Message, QueueId, Refusal, Sent};

impl Stack {
    /// How many messages there are in the queue of this logical id.
    pub fn queue_depth(&self, logical_id: &str) -> Result<Depth, Refusal> {
        Ok(self.queues.depth(self.queue(logical_id)?))
    }

    /// The messages of the queue of this logical id, in their order, without receiving them.
    pub fn queue_messages(&self, logical_id: &str) -> Result<Vec<Message>, Refusal> {
        Ok(self.queues.messages(self.queue(logical_id)?))
    }

    /// Sends a message to the queue of this logical id.
    pub fn send(&self, logical_id: &str, draft: Draft) -> Result<Sent, Refusal> {
        self.queues.send(self.queue(logical_id)?, draft)
    }

    fn queue(&self, logical_id: &str) -> Result<QueueId, Refusal> {
        self.queues.find(|queue| queue.logical_id == logical_id).ok_or(Refusal::NoQueue)
    }
}

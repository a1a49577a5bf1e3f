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

    /// Runs all scheduled functions now, and waits for them, with what is repeated because it failed.
    pub async fn tick(&self) {
        self.sources.tick().await;
    }

    /// Waits until there is nothing left to do: everything that was written has gone through the streams, and in the
    /// queues that functions read there is no message that is visible or in flight. What is delayed does not count,
    /// nor what is in a queue for failures.
    pub async fn settled(&self) {
        let activity = || (self.sources.moves(), self.queues.changes());
        loop {
            let before = activity();
            self.sources.caught_up().await;
            for queue in self.queues.ids().filter(|queue| self.is_emptied(*queue)) {
                self.queues.drained(queue).await;
            }
            // A function may have written or sent something after it was looked there.
            if activity() == before {
                return;
            }
        }
    }

    fn is_emptied(&self, queue: QueueId) -> bool {
        let settings = self.queues.settings(queue);
        let mut sources = self.template.functions.iter().flat_map(|function| &function.queues);
        sources.any(|source| source.arn == settings.arn) && !self.template.is_for_failures(settings)
    }

    fn queue(&self, logical_id: &str) -> Result<QueueId, Refusal> {
        self.queues.find(|queue| queue.logical_id == logical_id).ok_or(Refusal::NoQueue)
    }
}

//! SQS on this machine: the queues of the template, with the rules of the real ones.
//!
//! The rules of one queue are in `queue.rs` and `fifo.rs`, and know neither clock nor network. [`Queues`] gives them the
//! time, moves dead letters from queue to queue, stores what changes, and wakes who waits. `protocol.rs` serves all
//! of that to the SDK.
//!
//! It is our own because no maintained crate is an SQS that a program can contain: what there is are servers to be
//! installed, or under a licence that does not go with ours.

mod fifo;
mod message;
pub mod protocol;
mod queue;
mod receipt;
mod refusal;
mod store;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use models::{Clock, Random, SystemRandom, Timestamp};
use tokio::sync::watch;

pub use message::{Attribute, Attributes, Draft, Message, md5_of, md5_of_attributes, md5_of_trace};
pub use queue::Depth;
pub use refusal::Refusal;
pub use store::StoreError;

use crate::console::Console;
use crate::template;
use queue::{Queue, Taken};
use receipt::Receipt;
use store::Store;

/// Who says what happens in queues.
const SPEAKER: &str = "sqs";

/// One of the queues of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueId(usize);

#[cfg(test)]
impl QueueId {
    pub(crate) const fn new(place: usize) -> Self {
        Self(place)
    }
}

/// What was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// `MessageId`.
    pub id: String,
    /// `SequenceNumber`, in a FIFO queue.
    pub sequence_number: Option<String>,
}

/// What was received.
#[derive(Clone, Debug)]
pub struct Received {
    /// The message.
    pub message: Message,
    /// What deletes it.
    pub receipt: String,
}

/// The queues of a stack.
pub struct Queues {
    inner: Mutex<Inner>,
    /// The settings of each, which do not change.
    settings: Vec<template::Queue>,
    /// How often something has changed.
    changes: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
    console: Console,
}

struct Inner {
    queues: Vec<Queue>,
    store: Option<Store>,
}

impl fmt::Debug for Queues {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Queues").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Queues {
    /// The template's queues: empty, or with what is kept in `directory`. What was in flight there is visible again.
    pub fn open(
        settings: &[template::Queue],
        directory: Option<&Path>,
        clock: Arc<dyn Clock>,
        console: Console,
    ) -> Result<Self, StoreError> {
        let now = clock.now();
        let store = directory.filter(|_| !settings.is_empty()).map(Store::open).transpose()?;
        let mut queues: Vec<Queue> = settings.iter().cloned().map(Queue::new).collect();
        if let Some(store) = &store {
            for queue in &mut queues {
                for message in store.messages(&queue.settings.name)? {
                    queue.restore(message, now);
                }
                for (key, known) in store.known(&queue.settings.name)? {
                    queue.restore_known(key, known);
                }
            }
        }
        Ok(Self {
            inner: Mutex::new(Inner { queues, store }),
            settings: settings.to_vec(),
            changes: watch::Sender::new(0),
            clock,
            console,
        })
    }

    /// All of them.
    pub fn ids(&self) -> impl Iterator<Item = QueueId> + use<> {
        (0..self.settings.len()).map(QueueId)
    }

    /// The queue for which `is` holds.
    pub fn find(&self, is: impl Fn(&template::Queue) -> bool) -> Option<QueueId> {
        self.settings.iter().position(is).map(QueueId)
    }

    /// What the template says of it.
    pub fn settings(&self, QueueId(queue): QueueId) -> &template::Queue {
        &self.settings[queue]
    }

    /// The queues from which dead letters come to this one.
    pub fn sources_of(&self, queue: QueueId) -> impl Iterator<Item = &template::Queue> {
        let arn = &self.settings(queue).arn;
        let redrives = move |other: &&template::Queue| {
            other.redrive.as_ref().is_some_and(|redrive| redrive.dead_letter_arn == *arn)
        };
        self.settings.iter().filter(redrives)
    }

    /// Sends a message.
    pub fn send(&self, queue: QueueId, draft: Draft) -> Result<Sent, Refusal> {
        let id = SystemRandom.uuid().to_string();
        let (id, sequence) = self.change(queue, |queue, now| queue.send(draft, id, now))?;
        let is_fifo = self.settings(queue).fifo.is_some();
        Ok(Sent { id, sequence_number: is_fifo.then(|| message::sequence_number(sequence)) })
    }

    /// Takes up to `most` messages, and hides them for `visibility`, or as long as the queue says. What was received too
    /// often goes to the dead-letter queue instead.
    pub fn receive(
        &self,
        queue: QueueId,
        most: usize,
        visibility: Option<Duration>,
    ) -> Result<Vec<Received>, Refusal> {
        let now = self.clock.now();
        let settings = self.settings(queue);
        let mut inner = self.lock();
        let Taken { messages, dead } = inner.queues[queue.0].receive(most, visibility, now);
        let has_changed = !messages.is_empty() || !dead.is_empty();
        for message in dead {
            self.bury(&mut inner, settings, message, now);
        }
        inner.save()?;
        drop(inner);
        if has_changed {
            self.tell();
        }
        let received = messages.into_iter().map(|message| {
            let receipt = Receipt::handle(&settings.name, &message);
            Received { message, receipt }
        });
        Ok(received.collect())
    }

    /// The same; where there is nothing, waits for it as long as `wait`.
    pub async fn receive_within(
        &self,
        queue: QueueId,
        most: usize,
        visibility: Option<Duration>,
        wait: Duration,
    ) -> Result<Vec<Received>, Refusal> {
        let waited = tokio::time::Instant::now() + wait;
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let received = self.receive(queue, most, visibility)?;
            if !received.is_empty() || tokio::time::Instant::now() >= waited {
                return Ok(received);
            }
            let now = self.clock.now();
            let next = self.lock().queues[queue.0].next_visible(now).map_or(wait, |at| at.since(now));
            tokio::select! {
                // The sender is in `self`: there is always one.
                _ = changes.changed() => {}
                () = tokio::time::sleep(next) => {}
                () = tokio::time::sleep_until(waited) => {}
            }
        }
    }

    /// Deletes a message that was received.
    pub fn delete(&self, queue: QueueId, receipt: &str) -> Result<(), Refusal> {
        let receipt = Receipt::read(&self.settings(queue).name, receipt)?;
        self.change(queue, |queue, now| queue.delete(&receipt, now))
    }

    /// Hides a message that was received for so long from now.
    pub fn change_visibility(
        &self,
        queue: QueueId,
        receipt: &str,
        visibility: Duration,
    ) -> Result<(), Refusal> {
        let receipt = Receipt::read(&self.settings(queue).name, receipt)?;
        self.change(queue, |queue, now| queue.change_visibility(&receipt, visibility, now))
    }

    /// Deletes all messages of a queue.
    pub fn purge(&self, queue: QueueId) -> Result<(), Refusal> {
        self.change(queue, |queue, _| {
            queue.purge();
            Ok(())
        })
    }

    /// How many messages there are.
    pub fn depth(&self, queue: QueueId) -> Depth {
        let now = self.clock.now();
        self.lock().queues[queue.0].depth(now)
    }

    /// The messages, without receiving them.
    pub fn messages(&self, queue: QueueId) -> Vec<Message> {
        self.lock().queues[queue.0].messages().cloned().collect()
    }

    /// How often something has changed: it grows as long as something happens.
    pub fn changes(&self) -> u64 {
        *self.changes.borrow()
    }

    /// Waits until there is no message that is visible or in flight.
    pub async fn drained(&self, queue: QueueId) {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let depth = self.depth(queue);
            if depth.visible + depth.in_flight == 0 {
                return;
            }
            // The sender is in `self`: there is always one.
            let _ = changes.changed().await;
        }
    }

    fn change<T>(
        &self,
        QueueId(queue): QueueId,
        change: impl FnOnce(&mut Queue, Timestamp) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let now = self.clock.now();
        let mut inner = self.lock();
        let changed = change(&mut inner.queues[queue], now);
        inner.save()?;
        drop(inner);
        self.tell();
        changed
    }

    fn bury(&self, inner: &mut Inner, from: &template::Queue, message: Message, now: Timestamp) {
        let redrive = from.redrive.as_ref();
        let target = redrive.and_then(|redrive| self.find(|queue| queue.arn == redrive.dead_letter_arn));
        let Some(QueueId(target)) = target else { return };
        let (id, receives) = (&message.id, message.receives);
        let to = &self.settings[target].name;
        let text =
            format!("{to}: message {id} is here, given up by {} (receive count {receives})", from.name);
        self.console.notice(SPEAKER, &text);
        inner.queues[target].bury(message, &from.arn, now);
    }

    fn tell(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Stores what has changed since the last time.
    fn save(&mut self) -> Result<(), Refusal> {
        let changes: Vec<_> =
            self.queues.iter_mut().map(|queue| (queue.settings.name.clone(), queue.take_changes())).collect();
        let Some(store) = &mut self.store else { return Ok(()) };
        let some = changes
            .into_iter()
            .filter(|(_, changes)| !changes.messages.is_empty() || !changes.known.is_empty());
        let some: Vec<_> = some.collect();
        if some.is_empty() {
            return Ok(());
        }
        let saved = store.save(some.iter().map(|(queue, changes)| (queue.as_str(), changes)));
        saved.map_err(|error| Refusal::Storage(error.to_string()))
    }
}

//! The rules of one queue. They know no clock and no network: the time comes in with each call.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use models::Timestamp;

use super::fifo::{self, Deduplication, Known};
use super::message::{Draft, Message};
use super::receipt::Receipt;
use super::refusal::Refusal;
use crate::template;

/// A queue with its messages.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) settings: template::Queue,
    messages: BTreeMap<u64, Message>,
    last: u64,
    deduplication: Deduplication,
    /// The messages that have changed since this was asked for.
    changed: BTreeSet<u64>,
}

/// How many messages there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Can be received.
    pub visible: usize,
    /// Were sent with a delay that is not over.
    pub delayed: usize,
    /// Were received, and are neither deleted nor back.
    pub in_flight: usize,
}

/// What a receiver gets, and what is not for him any more.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) messages: Vec<Message>,
    /// Received too often: they belong to the dead-letter queue now.
    pub(super) dead: Vec<Message>,
}

/// What is to be stored.
pub(super) struct Changes {
    /// By place; none where the message is gone.
    pub(super) messages: Vec<(u64, Option<Message>)>,
    /// By key; none where it is no longer known.
    pub(super) known: Vec<(String, Option<Known>)>,
}

impl Queue {
    pub(super) fn new(settings: template::Queue) -> Self {
        Self {
            settings,
            messages: BTreeMap::new(),
            last: 0,
            deduplication: Deduplication::default(),
            changed: BTreeSet::new(),
        }
    }

    /// Puts back what was stored. Whoever worked on a message then does so no more.
    pub(super) fn restore(&mut self, mut message: Message, now: Timestamp) {
        if message.is_held {
            message.is_held = false;
            message.visible_at = message.visible_at.min(now);
            self.changed.insert(message.sequence);
        }
        self.last = self.last.max(message.sequence);
        self.messages.insert(message.sequence, message);
    }

    pub(super) fn restore_known(&mut self, key: String, known: Known) {
        self.deduplication.restore(key, known);
    }

    pub(super) fn take_changes(&mut self) -> Changes {
        let changed = std::mem::take(&mut self.changed);
        Changes {
            messages: changed
                .into_iter()
                .map(|sequence| (sequence, self.messages.get(&sequence).cloned()))
                .collect(),
            known: self.deduplication.take_changes(),
        }
    }

    /// Adds a message under this id, unless it was sent before: then gives the id and the place that it got.
    pub(super) fn send(
        &mut self,
        draft: Draft,
        id: String,
        now: Timestamp,
    ) -> Result<(String, u64), Refusal> {
        draft.check(self.settings.most_bytes)?;
        self.expire(now);
        let identity = self.settings.fifo.map(|fifo| fifo::identify(&draft, fifo)).transpose()?;
        if self.settings.fifo.is_none() && draft.deduplication.is_some() {
            let reason = "Reason: The request include parameter that is not valid for this queue type.";
            return Err(Refusal::invalid_value("MessageDeduplicationId", reason));
        }
        if let Some(identity) = &identity
            && let Some(known) = self.deduplication.find(&identity.key, now)
        {
            return Ok((known.id.clone(), known.sequence));
        }
        let delay = draft.delay.filter(|_| identity.is_none()).unwrap_or(self.settings.delay);
        let (key, group, deduplication) = match identity {
            Some(identity) => (Some(identity.key), Some(identity.group), Some(identity.deduplication)),
            None => (None, draft.group, None),
        };
        let message = Message {
            id,
            sequence: self.next_place(now),
            body: draft.body,
            attributes: draft.attributes,
            trace: draft.trace,
            group,
            deduplication,
            sent_at: now,
            visible_at: now.plus(delay),
            receives: 0,
            first_received_at: None,
            is_held: false,
            dead_letter_source: None,
        };
        if let Some(key) = key {
            self.deduplication.note(key, &message);
        }
        let sent = (message.id.clone(), message.sequence);
        self.insert(message);
        Ok(sent)
    }

    /// Takes a message that another queue gives up.
    pub(super) fn bury(&mut self, mut message: Message, source: &str, now: Timestamp) {
        message.sequence = self.next_place(now);
        message.is_held = false;
        message.visible_at = now;
        message.dead_letter_source = Some(source.to_owned());
        // The age of a message in a standard queue goes on, in a FIFO queue it begins anew.
        if self.settings.fifo.is_some() {
            message.sent_at = now;
        }
        self.insert(message);
    }

    /// Gives messages to a receiver, and hides them from others for `visibility`, or as long as the queue says.
    pub(super) fn receive(&mut self, most: usize, visibility: Option<Duration>, now: Timestamp) -> Taken {
        self.expire(now);
        let (mut found, mut dead) = (Vec::new(), Vec::new());
        let is_fifo = self.settings.fifo.is_some();
        let mut waiting =
            if is_fifo { fifo::busy_groups(self.messages.values(), now) } else { HashSet::new() };
        for message in self.messages.values() {
            if found.len() == most {
                break;
            }
            let group = message.group.as_deref().filter(|_| is_fifo);
            if group.is_some_and(|group| waiting.contains(group)) {
                continue;
            }
            if message.visible_at > now {
                // Whoever comes after it in its group waits for it.
                waiting.extend(group);
            } else if self
                .settings
                .redrive
                .as_ref()
                .is_some_and(|redrive| message.receives >= redrive.most_receives)
            {
                dead.push(message.sequence);
            } else {
                found.push(message.sequence);
            }
        }
        let hidden_until = now.plus(visibility.unwrap_or(self.settings.visibility));
        let messages = found.into_iter().filter_map(|sequence| {
            let message = self.messages.get_mut(&sequence)?;
            message.receives += 1;
            message.first_received_at.get_or_insert(now);
            message.is_held = true;
            message.visible_at = hidden_until;
            self.changed.insert(sequence);
            Some(message.clone())
        });
        let messages = messages.collect();
        Taken { messages, dead: dead.into_iter().filter_map(|sequence| self.remove(sequence)).collect() }
    }

    /// Deletes the message of a receipt, if that is the last one.
    pub(super) fn delete(&mut self, receipt: &Receipt, now: Timestamp) -> Result<(), Refusal> {
        self.expire(now);
        let Some(message) = self.messages.get(&receipt.sequence) else { return Ok(()) };
        let is_last = message.receives == receipt.receives;
        if self.settings.fifo.is_some() && !(is_last && message.is_in_flight(now)) {
            return Err(Refusal::invalid_value("ReceiptHandle", "Reason: The receipt handle has expired."));
        }
        // At AWS an older receipt may or may not delete a message of a standard queue. Here it does not: then a
        // function that overruns the visibility timeout shows.
        if is_last {
            self.remove(receipt.sequence);
        }
        Ok(())
    }

    /// Hides the message of a receipt for so long from now.
    pub(super) fn change_visibility(
        &mut self,
        receipt: &Receipt,
        visibility: Duration,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.expire(now);
        let Some(message) = self.messages.get_mut(&receipt.sequence) else {
            let reason = "Reason: Message does not exist or is not available for visibility timeout change.";
            return Err(Refusal::invalid_value("ReceiptHandle", reason));
        };
        if message.receives != receipt.receives || !message.is_in_flight(now) {
            return Err(Refusal::NotInFlight);
        }
        message.visible_at = now.plus(visibility);
        self.changed.insert(receipt.sequence);
        Ok(())
    }

    /// Deletes all messages.
    pub(super) fn purge(&mut self) {
        self.changed.extend(self.messages.keys());
        self.messages.clear();
    }

    pub(super) fn depth(&self, now: Timestamp) -> Depth {
        let mut depth = Depth::default();
        for message in self.messages.values().filter(|message| !self.is_too_old(message, now)) {
            let count = if message.visible_at <= now {
                &mut depth.visible
            } else if message.is_held {
                &mut depth.in_flight
            } else {
                &mut depth.delayed
            };
            *count += 1;
        }
        depth
    }

    /// The messages, in their order.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.values()
    }

    /// When the next of the messages that are hidden can be received.
    pub(super) fn next_visible(&self, now: Timestamp) -> Option<Timestamp> {
        self.messages.values().map(|message| message.visible_at).filter(|at| *at > now).min()
    }

    /// Places begin with the time, so that they grow also where all messages were deleted before a restart.
    fn next_place(&mut self, now: Timestamp) -> u64 {
        let by_time = u64::try_from(now.millis()).unwrap_or_default().saturating_mul(1000);
        self.last = by_time.max(self.last + 1);
        self.last
    }

    fn insert(&mut self, message: Message) {
        self.changed.insert(message.sequence);
        self.messages.insert(message.sequence, message);
    }

    fn remove(&mut self, sequence: u64) -> Option<Message> {
        self.changed.insert(sequence);
        self.messages.remove(&sequence)
    }

    fn is_too_old(&self, message: &Message, now: Timestamp) -> bool {
        message.sent_at.plus(self.settings.retention) <= now
    }

    fn expire(&mut self, now: Timestamp) {
        let over: Vec<u64> = self
            .messages
            .values()
            .filter(|message| self.is_too_old(message, now))
            .map(|m| m.sequence)
            .collect();
        for sequence in over {
            self.remove(sequence);
        }
    }
}

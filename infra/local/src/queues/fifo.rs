//! What a FIFO queue adds: messages that are sent twice, and groups that wait.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use models::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::message::{Draft, Message};
use super::refusal::Refusal;
use crate::template::Fifo;

/// How long a message that was sent is known by its deduplication id, whatever became of it.
const KNOWN_FOR: Duration = Duration::from_mins(5);

/// What was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    /// The message's id.
    pub(super) id: String,
    pub(super) sequence: u64,
    sent_at: Timestamp,
}

impl Known {
    fn is_over(&self, now: Timestamp) -> bool {
        self.sent_at.plus(KNOWN_FOR) <= now
    }
}

/// What was sent in the last minutes.
#[derive(Debug, Default)]
pub(super) struct Deduplication {
    /// By deduplication id, behind the group where that counts.
    known: BTreeMap<String, Known>,
    changed: BTreeSet<String>,
}

impl Deduplication {
    pub(super) fn restore(&mut self, key: String, known: Known) {
        self.known.insert(key, known);
    }

    /// What has changed since this was asked for; none is what is no longer known.
    pub(super) fn take_changes(&mut self) -> Vec<(String, Option<Known>)> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().map(|key| (key.clone(), self.known.get(&key).cloned())).collect()
    }

    /// The message that was sent under this key, if it still counts.
    pub(super) fn find(&mut self, key: &str, now: Timestamp) -> Option<&Known> {
        let over: Vec<String> =
            self.known.iter().filter(|(_, known)| known.is_over(now)).map(|(key, _)| key.clone()).collect();
        for key in over {
            self.known.remove(&key);
            self.changed.insert(key);
        }
        self.known.get(key)
    }

    pub(super) fn note(&mut self, key: String, message: &Message) {
        let known = Known { id: message.id.clone(), sequence: message.sequence, sent_at: message.sent_at };
        self.changed.insert(key.clone());
        self.known.insert(key, known);
    }
}

/// The group and the deduplication id that a message has, and the key of the latter.
pub(super) struct Identity {
    pub(super) group: String,
    pub(super) deduplication: String,
    pub(super) key: String,
}

/// Checks what a FIFO queue wants to know of a message.
pub(super) fn identify(draft: &Draft, fifo: Fifo) -> Result<Identity, Refusal> {
    if draft.delay.is_some_and(|delay| !delay.is_zero()) {
        let reason = "Reason: The request include parameter that is not valid for this queue type.";
        return Err(Refusal::invalid_value("DelaySeconds", reason));
    }
    let group = draft.group.clone().ok_or(Refusal::MissingParameter("MessageGroupId"))?;
    let deduplication = match &draft.deduplication {
        Some(id) => id.clone(),
        None if fifo.by_content => hex::encode(Sha256::digest(&draft.body)),
        None => {
            let text = "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly";
            return Err(Refusal::InvalidParameter(text.to_owned()));
        }
    };
    // A group id has no blank in it.
    let key = if fifo.by_group { format!("{group} {deduplication}") } else { deduplication.clone() };
    Ok(Identity { group, deduplication, key })
}

/// The groups of which somebody works on a message: they wait.
pub(super) fn busy_groups<'a>(
    messages: impl Iterator<Item = &'a Message>,
    now: Timestamp,
) -> HashSet<&'a str> {
    messages
        .filter(|message| message.is_in_flight(now))
        .filter_map(|message| message.group.as_deref())
        .collect()
}

//! The operations on up to ten messages: each entry succeeds or fails on its own.

use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::Digests;
use super::calls::{Sending, visibility};
use super::find;
use crate::queues::{Draft, QueueId, Queues, Refusal};

/// Most entries.
const MOST_ENTRIES: usize = 10;
/// Most bytes of all messages of a batch together.
const MOST_BYTES: usize = 1_048_576;
/// Most characters of an entry's id.
const LONGEST_ID: usize = 80;

/// The entries of a batch for one queue.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<T> {
    queue_url: String,
    #[serde(default = "Vec::new")]
    entries: Vec<Entry<T>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<T> {
    id: String,
    #[serde(flatten)]
    content: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Deletion {
    receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Change {
    receipt_handle: String,
    visibility_timeout: Option<i64>,
}

pub(super) fn send(queues: &Queues, batch: Batch<Sending>) -> Result<Value, Refusal> {
    let queue = batch.check(queues)?;
    let drafts: Vec<(String, Result<Draft, Refusal>)> =
        batch.entries.into_iter().map(|entry| (entry.id, entry.content.into_draft())).collect();
    let sent = drafts.iter().filter_map(|(_, draft)| draft.as_ref().ok()).map(Draft::bytes).sum();
    if sent > MOST_BYTES {
        return Err(Refusal::BatchTooLong { most: MOST_BYTES, sent });
    }
    Ok(outcomes(drafts, |draft| {
        let draft = draft?;
        let digests = Digests::of(&draft);
        Ok(digests.with(queues.send(queue, draft)?))
    }))
}

pub(super) fn delete(queues: &Queues, batch: Batch<Deletion>) -> Result<Value, Refusal> {
    let queue = batch.check(queues)?;
    let entries = batch.entries.into_iter().map(|entry| (entry.id, entry.content));
    Ok(outcomes(entries, |Deletion { receipt_handle }| {
        queues.delete(queue, &receipt_handle)?;
        Ok(json!({}))
    }))
}

pub(super) fn change_visibility(queues: &Queues, batch: Batch<Change>) -> Result<Value, Refusal> {
    let queue = batch.check(queues)?;
    let entries = batch.entries.into_iter().map(|entry| (entry.id, entry.content));
    Ok(outcomes(entries, |Change { receipt_handle, visibility_timeout }| {
        queues.change_visibility(queue, &receipt_handle, visibility(visibility_timeout)?)?;
        Ok(json!({}))
    }))
}

impl<T> Batch<T> {
    fn check(&self, queues: &Queues) -> Result<QueueId, Refusal> {
        let queue = find(queues, &self.queue_url)?;
        match self.entries.len() {
            0 => return Err(Refusal::EmptyBatch),
            1..=MOST_ENTRIES => {}
            entries => return Err(Refusal::TooManyEntries(entries)),
        }
        for (place, Entry { id, .. }) in self.entries.iter().enumerate() {
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            if !(1..=LONGEST_ID).contains(&id.len()) || !id.bytes().all(is_allowed) {
                return Err(Refusal::InvalidEntryId);
            }
            if self.entries.iter().skip(place + 1).any(|other| other.id == *id) {
                return Err(Refusal::NotDistinct(id.clone()));
            }
        }
        Ok(queue)
    }
}

/// What became of each entry; the answers are objects.
fn outcomes<T>(
    entries: impl IntoIterator<Item = (String, T)>,
    act: impl Fn(T) -> Result<Value, Refusal>,
) -> Value {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, content) in entries {
        match act(content) {
            Ok(mut answer) => {
                answer["Id"] = id.into();
                successful.push(answer);
            }
            Err(refusal) => failed.push(json!({
                "Id": id,
                "Code": refusal.code(),
                "Message": refusal.to_string(),
                "SenderFault": refusal.is_callers_fault(),
            })),
        }
    }
    json!({"Successful": successful, "Failed": failed})
}

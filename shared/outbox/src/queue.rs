//! An SQS queue, written in order.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::time::Duration;

use api::{ConfigError, Env};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::future::join_all;
use webhook::Message;

/// Messages of one call (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>).
const MOST_ENTRIES: usize = 10;
/// Bytes of one call: what SQS takes in all regions, less something for what is around a message.
const MOST_BYTES: usize = 240 * 1024;
/// How long a message may be delayed.
const MOST_DELAY: Duration = Duration::from_mins(15);
/// How often what SQS did not take of a call is sent again before the caller is told.
const MOST_TRIES: usize = 4;

/// What is to be put on a queue.
#[derive(Clone)]
pub struct Entry {
    body: String,
    /// Of a FIFO queue: the group within which order is kept, and what duplicates are known by.
    fifo: Option<(String, String)>,
    delay: Duration,
}

impl Entry {
    /// A message of a standard queue, a JSON text, that is there after this time, up to 15 minutes.
    pub fn delayed(json: &str, delay: Duration) -> Self {
        Self { body: as_taken(json), fifo: None, delay: delay.min(MOST_DELAY) }
    }

    /// A message of a FIFO queue, a JSON text, that comes after those before it in its group; what has been sent with the
    /// same deduplication id within five minutes is not sent again.
    pub fn in_order(json: &str, group: String, deduplication: String) -> Self {
        Self { body: as_taken(json), fifo: Some((group, deduplication)), delay: Duration::ZERO }
    }

    /// A webhook on its way, for the FIFO queue.
    pub fn webhook(message: &Message) -> Self {
        let json = serde_json::to_string(message).expect("a message has text keys");
        Self::in_order(&json, message.group_id(), message.deduplication_id())
    }

    fn group(&self) -> Option<&str> {
        self.fifo.as_ref().map(|(group, _)| group.as_str())
    }
}

/// The same JSON in characters that SQS takes: it refuses a call with two that XML 1.0 does not have and names may. JSON
/// has them in texts only, where it can write them otherwise; of the control characters it does so anyway.
fn as_taken(json: &str) -> String {
    json.replace('\u{fffe}', r"\ufffe").replace('\u{ffff}', r"\uffff")
}

/// Without the body.
impl fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Entry").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// Why something is not on the queue.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// SQS refused a call, or did not answer.
    #[error("SQS: {0}")]
    Failed(String),
    /// SQS did not take some of the messages.
    #[error("SQS did not take {0} messages: {1}")]
    NotTaken(usize, String),
}

/// A queue.
#[derive(Clone, Debug)]
pub struct Queue {
    sqs: Client,
    url: String,
}

impl Queue {
    /// The queue whose URL is in this variable.
    pub fn connect(env: &Env, variable: &str) -> Result<Self, ConfigError> {
        let url = env.required(variable)?.to_owned();
        let mut config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(env.region().to_owned()))
            .credentials_provider(env.credentials().clone());
        if let Some(endpoint) = env.optional("AWS_ENDPOINT_URL_SQS") {
            config = config.endpoint_url(endpoint);
        }
        Ok(Self { sqs: Client::from_conf(config.build()), url })
    }

    /// Puts all of it on the queue, those of a group in their order: one is sent only when the one before it is there, for
    /// SQS may take a later message of a call and not an earlier one.
    pub async fn send(&self, entries: Vec<Entry>) -> Result<(), QueueError> {
        let mut waiting: VecDeque<Entry> = entries.into();
        while !waiting.is_empty() {
            let batch = take_batch(&mut waiting);
            self.send_batch(batch).await?;
        }
        Ok(())
    }

    async fn send_batch(&self, mut batch: Vec<Entry>) -> Result<(), QueueError> {
        let mut why = String::new();
        for _ in 0..MOST_TRIES {
            let entries = batch.iter().enumerate().map(|(place, entry)| request(place, entry)).collect();
            let sent =
                self.sqs.send_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
            let sent = sent.map_err(|error| QueueError::Failed(DisplayErrorContext(error).to_string()))?;
            if sent.failed.is_empty() {
                return Ok(());
            }
            why.clear();
            why.push_str(sent.failed[0].code());
            let failed: HashSet<_> = sent.failed.iter().map(|entry| entry.id().to_owned()).collect();
            let mut place = 0..;
            batch.retain(|_| place.next().is_some_and(|place: usize| failed.contains(&place.to_string())));
        }
        Err(QueueError::NotTaken(batch.len(), why))
    }

    /// Hides a message that was received from others, and from us, for this time, up to 12 hours.
    pub async fn hide(&self, receipt_handle: &str, pause: Duration) -> Result<(), QueueError> {
        let seconds = i32::try_from(pause.as_secs()).unwrap_or(i32::MAX);
        let change = self.sqs.change_message_visibility().queue_url(&self.url).receipt_handle(receipt_handle);
        let changed = change.visibility_timeout(seconds).send().await;
        changed.map(|_| ()).map_err(|error| QueueError::Failed(DisplayErrorContext(error).to_string()))
    }

    /// The same of several messages.
    pub async fn hide_all<'a>(
        &self,
        receipt_handles: impl IntoIterator<Item = &'a str>,
        pause: Duration,
    ) -> Result<(), QueueError> {
        let hidden = join_all(receipt_handles.into_iter().map(|receipt| self.hide(receipt, pause))).await;
        hidden.into_iter().collect()
    }
}

/// Takes the next messages of one call: of each group the first that waits.
fn take_batch(waiting: &mut VecDeque<Entry>) -> Vec<Entry> {
    let mut batch = vec![];
    let mut groups = HashSet::new();
    let mut bytes = 0;
    let mut later = VecDeque::with_capacity(waiting.len());
    for entry in waiting.drain(..) {
        let is_next = entry.group().is_none_or(|group| groups.insert(group.to_owned()));
        let fits = batch.is_empty() || (batch.len() < MOST_ENTRIES && bytes + entry.body.len() <= MOST_BYTES);
        if is_next && fits {
            bytes += entry.body.len();
            batch.push(entry);
        } else {
            later.push_back(entry);
        }
    }
    *waiting = later;
    batch
}

fn request(place: usize, entry: &Entry) -> SendMessageBatchRequestEntry {
    let (group, deduplication) = entry.fifo.clone().unzip();
    // A FIFO queue takes no delay of a message's own.
    let delay = (entry.fifo.is_none() && !entry.delay.is_zero())
        .then(|| i32::try_from(entry.delay.as_secs()).unwrap_or(i32::MAX));
    SendMessageBatchRequestEntry::builder()
        .id(place.to_string())
        .message_body(&entry.body)
        .set_message_group_id(group)
        .set_message_deduplication_id(deduplication)
        .set_delay_seconds(delay)
        .build()
        .expect("id and body are given")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(group: &str, bytes: usize) -> Entry {
        Entry {
            body: "x".repeat(bytes),
            fifo: Some((group.to_owned(), String::new())),
            delay: Duration::ZERO,
        }
    }

    #[test]
    fn a_call_has_one_message_of_a_group_ten_in_all_and_not_too_many_bytes() {
        let sizes = |mut waiting: VecDeque<Entry>| {
            let mut sizes = vec![];
            while !waiting.is_empty() {
                sizes.push(take_batch(&mut waiting).len());
            }
            sizes
        };
        assert_eq!(sizes([entry("a", 1), entry("a", 1), entry("b", 1), entry("a", 1)].into()), [2, 1, 1]);
        assert_eq!(sizes((0..25).map(|group| entry(&group.to_string(), 1)).collect()), [10, 10, 5]);
        let large = (0..4).map(|group| entry(&group.to_string(), 100 * 1024)).collect();
        assert_eq!(sizes(large), [2, 2]);
        assert_eq!(sizes([entry("a", 600 * 1024)].into()), [1], "what is too large is SQS's to refuse");
    }

    #[test]
    fn what_is_put_on_a_queue_has_characters_that_sqs_takes_and_says_the_same() {
        let text: String =
            ('\0'..='\u{ff}').chain("\u{d7ff}\u{e000}\u{fffd}\u{fffe}\u{ffff}\u{10000}".chars()).collect();
        let json = serde_json::to_string(&text).expect("a text");
        let Entry { body, .. } = Entry::delayed(&json, Duration::ZERO);
        assert_eq!(serde_json::from_str::<String>(&body).expect("JSON"), text);
        // Of those below the surrogates, JSON has escaped what XML 1.0 does not have.
        assert!(body.chars().all(|c| c >= ' ' && !['\u{fffe}', '\u{ffff}'].contains(&c)), "{body}");
    }

    #[test]
    fn the_order_within_a_group_is_kept() {
        let mut waiting: VecDeque<_> = (1..=5).map(|bytes| entry("a", bytes)).collect();
        let mut order = vec![];
        while !waiting.is_empty() {
            order.extend(take_batch(&mut waiting).iter().map(|entry| entry.body.len()));
        }
        assert_eq!(order, [1, 2, 3, 4, 5]);
    }
}

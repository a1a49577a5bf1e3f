//! From a queue to a function
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Stop;
use super::call::Caller;
use super::response;
use crate::queues::{Attribute, Message, QueueId, Queues, Received, md5_of, md5_of_attributes};
use crate::stack::REGION;
use crate::template::{self, QueueSource};

/// How long one look for messages waits. It is woken by what comes.
const LOOK: Duration = Duration::from_secs(20);
/// How long it waits after a failure of the queue itself.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Most bytes of an event.
pub(super) const MOST_EVENT: usize = 6 * 1024 * 1024;

/// Reads one queue for one function.
pub(super) struct QueueReader {
    pub(super) queues: Arc<Queues>,
    pub(super) queue: QueueId,
    pub(super) source: QueueSource,
    /// Most calls at once.
    pub(super) most_calls: usize,
    pub(super) caller: Caller,
}

/// A message with the record that the function gets.
struct Item {
    received: Received,
    record: Value,
}

impl QueueReader {
    /// Reads until it is to stop. Then it waits for the calls that run.
    pub(super) async fn run(self: Arc<Self>, stop: Stop) {
        let slots = Arc::new(Semaphore::new(self.most_calls));
        let mut calls = JoinSet::new();
        loop {
            let next = async {
                let slot = Arc::clone(&slots).acquire_owned().await;
                (slot, self.next_batch().await)
            };
            let (slot, batch) = tokio::select! {
                next = next => next,
                () = stop.is_due() => break,
            };
            let reader = Arc::clone(&self);
            calls.spawn(async move {
                reader.handle(batch).await;
                drop(slot);
            });
            while calls.try_join_next().is_some() {}
        }
        while calls.join_next().await.is_some() {}
    }

    /// Waits for messages, and for more of them as long as the window is open.
    async fn next_batch(&self) -> Vec<Received> {
        let mut batch = Vec::new();
        while batch.is_empty() {
            batch = self.receive(self.source.batch, LOOK).await;
        }
        let closes = Instant::now() + self.source.window;
        while batch.len() < self.source.batch && Instant::now() < closes {
            let left = closes - Instant::now();
            batch.extend(self.receive(self.source.batch - batch.len(), left).await);
        }
        batch
    }

    async fn receive(&self, most: usize, wait: Duration) -> Vec<Received> {
        match self.queues.receive_within(self.queue, most, None, wait).await {
            Ok(received) => received,
            Err(error) => {
                self.caller.notice(&format!("{}: {error}", self.title()));
                tokio::time::sleep(AFTER_FAILURE).await;
                Vec::new()
            }
        }
    }

    /// Brings a batch to the function, in several calls if it is too large for one.
    async fn handle(&self, batch: Vec<Received>) {
        let mut items = Vec::new();
        for received in batch {
            let record = queue_record(self.queues.settings(self.queue), &received);
            if self.source.filters.pass(&for_filter(&record)) {
                items.push(Item { received, record });
            } else {
                // What no filter lets through is done.
                self.delete(&received);
            }
        }
        while !items.is_empty() {
            let mut bytes = 0;
            let fitting = items.iter().take_while(|item| {
                bytes += item.record.to_string().len();
                bytes <= MOST_EVENT
            });
            let rest = items.split_off(fitting.count().max(1));
            self.call(std::mem::replace(&mut items, rest)).await;
        }
    }

    async fn call(&self, items: Vec<Item>) {
        let records: Vec<&Value> = items.iter().map(|item| &item.record).collect();
        let event = Bytes::from(json!({"Records": records}).to_string());
        let what = format!("{}, {}", self.title(), messages(items.len()));
        let Ok(invoked) = self.caller.call(&what, event).await else {
            return self.tell_of_failed(items.len(), &what);
        };
        let failed = if self.source.partial {
            let is_known = |id: &str| items.iter().any(|item| item.received.message.id == id);
            match response::failures(&invoked.payload, is_known) {
                Ok(failed) => self.with_followers(failed, &items),
                Err(why) => {
                    self.caller.notice(&format!("{what}: its answer is not understood: {why}"));
                    return self.tell_of_failed(items.len(), &what);
                }
            }
        } else {
            HashSet::new()
        };
        for item in &items {
            if !failed.contains(&item.received.message.id) {
                self.delete(&item.received);
            }
        }
        if !failed.is_empty() {
            self.tell_of_failed(failed.len(), &what);
        }
    }

    /// What failed, and of a FIFO queue also what follows it in its group: it must not overtake.
    fn with_followers(&self, failed: Vec<String>, items: &[Item]) -> HashSet<String> {
        let mut failed: HashSet<String> = failed.into_iter().collect();
        if self.queues.settings(self.queue).fifo.is_none() {
            return failed;
        }
        let mut stuck = HashSet::new();
        for Message { id, group, .. } in items.iter().map(|item| &item.received.message) {
            if failed.contains(id) {
                stuck.insert(group);
            } else if stuck.contains(group) {
                failed.insert(id.clone());
            }
        }
        failed
    }

    fn delete(&self, received: &Received) {
        if let Err(error) = self.queues.delete(self.queue, &received.receipt) {
            let id = &received.message.id;
            self.caller.notice(&format!("{}: message {id} could not be deleted: {error}", self.title()));
        }
    }

    fn tell_of_failed(&self, failed: usize, what: &str) {
        let seconds = self.queues.settings(self.queue).visibility.as_secs();
        let failed = messages(failed);
        self.caller
            .notice(&format!("{what}: {failed} failed and will be there again {seconds} s after receipt"));
    }

    fn title(&self) -> String {
        format!("queue {}", self.queues.settings(self.queue).name)
    }
}

/// What was received from a queue, as Lambda passes it on.
pub fn queue_record(queue: &template::Queue, Received { message, receipt }: &Received) -> Value {
    let attributes: serde_json::Map<String, Value> = message
        .attributes
        .iter()
        .map(|(name, attribute)| (name.clone(), event_attribute(attribute)))
        .collect();
    let mut record = json!({
        "messageId": message.id,
        "receiptHandle": receipt,
        "body": message.body,
        "attributes": message.system_attributes(),
        "messageAttributes": attributes,
        "md5OfBody": md5_of(&message.body),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": REGION,
    });
    if let Some(md5) = md5_of_attributes(&message.attributes) {
        record["md5OfMessageAttributes"] = md5.into();
    }
    record
}

fn event_attribute(attribute: &Attribute) -> Value {
    let mut event = json!({
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": attribute.data_type,
    });
    for (name, value) in [("stringValue", &attribute.string_value), ("binaryValue", &attribute.binary_value)]
    {
        if let Some(value) = value {
            event[name] = value.as_str().into();
        }
    }
    event
}

/// A pattern looks into a body that is JSON.
fn for_filter(record: &Value) -> Value {
    let mut record = record.clone();
    let parsed = record["body"].as_str().and_then(|body| serde_json::from_str::<Value>(body).ok());
    if let Some(body) = parsed.filter(Value::is_object) {
        record["body"] = body;
    }
    record
}

fn messages(count: usize) -> String {
    format!("{count} message{}", if count == 1 { "" } else { "s" })
}

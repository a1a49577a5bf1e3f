//! The forms of answers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::queues::{Attributes, Queues, Received, Refusal, Sent, md5_of, md5_of_attributes, md5_of_trace};
use crate::queues::{Draft, QueueId};

pub(super) fn refusal(refusal: &Refusal) -> Value {
    json!({"__type": refusal.shape(), "message": refusal.to_string()})
}

/// What is to be told of a draft once it is sent.
pub(super) struct Digests {
    body: String,
    attributes: Option<String>,
    trace: Option<String>,
}

impl Digests {
    pub(super) fn of(draft: &Draft) -> Self {
        Self {
            body: md5_of(&draft.body),
            attributes: md5_of_attributes(&draft.attributes),
            trace: md5_of_trace(draft.trace.as_ref()),
        }
    }

    pub(super) fn with(self, sent: Sent) -> Value {
        without_nulls(json!({
            "MessageId": sent.id,
            "MD5OfMessageBody": self.body,
            "MD5OfMessageAttributes": self.attributes,
            "MD5OfMessageSystemAttributes": self.trace,
            "SequenceNumber": sent.sequence_number,
        }))
    }
}

/// A message with those of its attributes that are asked for.
pub(super) fn message(received: Received, system: &[String], own: &[String]) -> Value {
    let Received { message, receipt } = received;
    let wanted: BTreeMap<_, _> = message
        .system_attributes()
        .into_iter()
        .filter(|(name, _)| system.iter().any(|wanted| wanted == "All" || wanted == name))
        .collect();
    let attributes: Attributes = message
        .attributes
        .into_iter()
        .filter(|(name, _)| own.iter().any(|wanted| is_wanted(name, wanted)))
        .collect();
    without_nulls(json!({
        "MessageId": message.id,
        "ReceiptHandle": receipt,
        "MD5OfBody": md5_of(&message.body),
        "Body": message.body,
        "Attributes": (!wanted.is_empty()).then_some(wanted),
        "MD5OfMessageAttributes": md5_of_attributes(&attributes),
        "MessageAttributes": (!attributes.is_empty()).then_some(attributes),
    }))
}

/// `All`, the name, or its beginning: `prefix.*`.
fn is_wanted(name: &str, wanted: &str) -> bool {
    let begins = wanted.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix));
    wanted == "All" || wanted == name || begins
}

/// The attributes of a queue, by name.
pub(super) fn queue(queues: &Queues, queue: QueueId) -> BTreeMap<&'static str, String> {
    let (settings, depth) = (queues.settings(queue), queues.depth(queue));
    let seconds = |duration: std::time::Duration| duration.as_secs().to_string();
    let mut attributes = BTreeMap::from([
        ("ApproximateNumberOfMessages", depth.visible.to_string()),
        ("ApproximateNumberOfMessagesDelayed", depth.delayed.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", depth.in_flight.to_string()),
        ("DelaySeconds", seconds(settings.delay)),
        ("MaximumMessageSize", settings.most_bytes.to_string()),
        ("MessageRetentionPeriod", seconds(settings.retention)),
        ("QueueArn", settings.arn.clone()),
        ("ReceiveMessageWaitTimeSeconds", seconds(settings.wait)),
        ("VisibilityTimeout", seconds(settings.visibility)),
    ]);
    if let Some(fifo) = settings.fifo {
        attributes.extend([
            ("FifoQueue", "true".to_owned()),
            ("ContentBasedDeduplication", fifo.by_content.to_string()),
            ("DeduplicationScope", if fifo.by_group { "messageGroup" } else { "queue" }.to_owned()),
        ]);
    }
    if let Some(redrive) = &settings.redrive {
        let policy = json!({
            "deadLetterTargetArn": redrive.dead_letter_arn,
            "maxReceiveCount": redrive.most_receives,
        });
        attributes.insert("RedrivePolicy", policy.to_string());
    }
    attributes
}

/// An absent field is left out, not null.
fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, field| !field.is_null());
    }
    value
}

//! What is sent and received, and the limits of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest as _, Md5};
use models::Timestamp;
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// Most attributes of a message.
const MOST_ATTRIBUTES: usize = 10;
/// The longest delay, in seconds.
const MOST_DELAY: u64 = 900;
/// Most characters of the id of a group or of a deduplication.
const LONGEST_ID: usize = 128;

/// An attribute, as it stands in requests and answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    /// `String`, `Number` or `Binary`, perhaps with a label after a dot.
    pub data_type: String,
    /// The value, unless it is binary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// The value in Base64, if it is binary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

/// Attributes by name.
pub type Attributes = BTreeMap<String, Attribute>;

/// A message before it is sent.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// The text.
    pub body: String,
    /// Its attributes.
    pub attributes: Attributes,
    /// The system attribute `AWSTraceHeader`.
    pub trace: Option<Attribute>,
    /// How long it is hidden, instead of the queue's delay.
    pub delay: Option<Duration>,
    /// `MessageGroupId`.
    pub group: Option<String>,
    /// `MessageDeduplicationId`.
    pub deduplication: Option<String>,
}

/// Without the body: there may be a secret in it.
impl fmt::Debug for Draft {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Draft").field("group", &self.group).finish_non_exhaustive()
    }
}

impl Draft {
    /// A message with nothing but a text.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// The same in a group of a FIFO queue.
    #[must_use]
    pub fn in_group(self, group: impl Into<String>) -> Self {
        Self { group: Some(group.into()), ..self }
    }

    /// The same with a deduplication id.
    #[must_use]
    pub fn once_as(self, deduplication: impl Into<String>) -> Self {
        Self { deduplication: Some(deduplication.into()), ..self }
    }

    /// What counts against the limit of a message: the body and the attributes.
    pub fn bytes(&self) -> usize {
        let attribute = |(name, attribute): (&String, &Attribute)| {
            name.len() + attribute.data_type.len() + attribute.value().map_or(0, |value| value.len())
        };
        self.body.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }

    /// Checks what is the same for all queues.
    pub(super) fn check(&self, most_bytes: usize) -> Result<(), Refusal> {
        if self.body.is_empty() {
            return Err(Refusal::MissingParameter("MessageBody"));
        }
        if self.bytes() > most_bytes {
            let text = format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {most_bytes} bytes."
            );
            return Err(Refusal::InvalidParameter(text));
        }
        if !self.body.chars().all(is_allowed) {
            return Err(Refusal::InvalidContents);
        }
        if self.attributes.len() > MOST_ATTRIBUTES {
            let text = format!(
                "Number of message attributes [{}] exceeds the allowed maximum [{MOST_ATTRIBUTES}].",
                self.attributes.len()
            );
            return Err(Refusal::InvalidParameter(text));
        }
        self.attributes
            .iter()
            .chain(self.trace.iter().map(|trace| (&*TRACE, trace)))
            .try_for_each(|(name, attribute)| attribute.check(name))?;
        if self.delay.is_some_and(|delay| delay > Duration::from_secs(MOST_DELAY)) {
            return Err(Refusal::invalid_value(
                "DelaySeconds",
                "Reason: DelaySeconds must be >= 0 and <= 900.",
            ));
        }
        for (name, id) in [("MessageGroupId", &self.group), ("MessageDeduplicationId", &self.deduplication)] {
            let is_well_formed = |id: &String| {
                (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
            };
            if !id.as_ref().is_none_or(is_well_formed) {
                let text = "Reason: it can only include alphanumeric and punctuation characters, 1 to 128 in length.";
                return Err(Refusal::invalid_value(name, text));
            }
        }
        Ok(())
    }
}

/// The name of the only system attribute that a sender may set.
static TRACE: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| "AWSTraceHeader".to_owned());

/// The characters that XML 1.0 allows.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

impl Attribute {
    /// The value as bytes; none where it is missing or no Base64.
    fn value(&self) -> Option<Vec<u8>> {
        match (&self.string_value, &self.binary_value) {
            (Some(text), None) => Some(text.clone().into_bytes()),
            (None, Some(binary)) => BASE64_STANDARD.decode(binary).ok(),
            _ => None,
        }
    }

    fn check(&self, name: &str) -> Result<(), Refusal> {
        let kind = self.data_type.split('.').next().unwrap_or_default();
        let is_known = match kind {
            "String" | "Number" => self.string_value.is_some(),
            "Binary" => self.binary_value.is_some(),
            _ => false,
        };
        if is_known && self.value().is_some_and(|value| !value.is_empty()) {
            return Ok(());
        }
        let text = format!(
            "The message attribute '{name}' is invalid: it must have a supported type and a value of it."
        );
        Err(Refusal::InvalidParameter(text))
    }
}

/// A message in a queue.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `MessageId`.
    pub id: String,
    /// Its place among all messages of the queue.
    pub sequence: u64,
    /// The text.
    pub body: String,
    /// Its attributes.
    pub attributes: Attributes,
    /// The system attribute `AWSTraceHeader`.
    pub trace: Option<Attribute>,
    /// `MessageGroupId`.
    pub group: Option<String>,
    /// `MessageDeduplicationId`, given or from its content.
    pub deduplication: Option<String>,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// From when on it can be received.
    pub visible_at: Timestamp,
    /// How often it was received.
    pub receives: u32,
    /// When it was received first.
    pub first_received_at: Option<Timestamp>,
    /// Whether somebody has received it and could still delete it.
    pub is_held: bool,
    /// The ARN of the queue from which it came to this one, as a dead letter.
    pub dead_letter_source: Option<String>,
}

/// Without the body: there may be a secret in it.
impl fmt::Debug for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Message")
            .field("id", &self.id)
            .field("receives", &self.receives)
            .finish_non_exhaustive()
    }
}

impl Message {
    /// Whether somebody works on it.
    pub fn is_in_flight(&self, now: Timestamp) -> bool {
        self.is_held && self.visible_at > now
    }

    /// Its number in a FIFO queue, as SQS tells it: 20 digits.
    pub fn sequence_number(&self) -> String {
        sequence_number(self.sequence)
    }

    /// What SQS says about it, by the names that it has in `ReceiveMessage` and in events of Lambda.
    pub fn system_attributes(&self) -> BTreeMap<&'static str, String> {
        let first = self.first_received_at.unwrap_or(self.sent_at);
        let mut attributes = BTreeMap::from([
            ("ApproximateFirstReceiveTimestamp", first.millis().to_string()),
            ("ApproximateReceiveCount", self.receives.to_string()),
            ("SenderId", crate::stack::ACCOUNT_ID.to_owned()),
            ("SentTimestamp", self.sent_at.millis().to_string()),
        ]);
        let is_fifo = self.deduplication.is_some();
        attributes.extend(is_fifo.then(|| ("SequenceNumber", self.sequence_number())));
        let trace = self.trace.as_ref().and_then(|trace| trace.string_value.clone());
        for (name, value) in [
            ("AWSTraceHeader", trace),
            ("DeadLetterQueueSourceArn", self.dead_letter_source.clone()),
            ("MessageDeduplicationId", self.deduplication.clone()),
            ("MessageGroupId", self.group.clone()),
        ] {
            attributes.extend(value.map(|value| (name, value)));
        }
        attributes
    }
}

pub(super) fn sequence_number(sequence: u64) -> String {
    format!("1{sequence:019}")
}

/// The MD5 of a body, as SQS tells it and an SDK may check it.
pub fn md5_of(body: &str) -> String {
    hex::encode(Md5::digest(body))
}

/// The MD5 of attributes, by the encoding of
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>.
pub fn md5_of_attributes<'a>(
    attributes: impl IntoIterator<Item = (&'a String, &'a Attribute)>,
) -> Option<String> {
    fn push(encoded: &mut Vec<u8>, bytes: &[u8]) {
        encoded.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        encoded.extend(bytes);
    }
    let mut sorted: Vec<_> = attributes.into_iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    let mut encoded = Vec::new();
    for (name, attribute) in sorted {
        push(&mut encoded, name.as_bytes());
        push(&mut encoded, attribute.data_type.as_bytes());
        // 1 is a text, 2 is binary.
        encoded.push(u8::from(attribute.binary_value.is_some()) + 1);
        push(&mut encoded, &attribute.value().unwrap_or_default());
    }
    (!encoded.is_empty()).then(|| hex::encode(Md5::digest(&encoded)))
}

/// The MD5 of the system attributes that a sender sets.
pub fn md5_of_trace(trace: Option<&Attribute>) -> Option<String> {
    md5_of_attributes(trace.map(|trace| (&*TRACE, trace)))
}

//! The operations on one message, and on queues.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::{self, Digests};
use super::find;
use crate::queues::{Attribute, Attributes, Draft, Queues, Refusal};

/// Most messages of one call.
const MOST_MESSAGES: i64 = 10;
/// Longest time that a call waits, in seconds.
const MOST_WAIT: i64 = 20;
/// Longest visibility timeout, in seconds.
const MOST_VISIBILITY: i64 = 43_200;
/// Longest delay, in seconds.
const MOST_DELAY: i64 = 900;

/// What is said of a message that is sent, alone or in a batch.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Sending {
    #[serde(default)]
    message_body: String,
    delay_seconds: Option<i64>,
    #[serde(default)]
    message_attributes: Attributes,
    #[serde(default)]
    message_system_attributes: Attributes,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

impl Sending {
    pub(super) fn into_draft(mut self) -> Result<Draft, Refusal> {
        let trace: Option<Attribute> = self.message_system_attributes.remove("AWSTraceHeader");
        if let Some(name) = self.message_system_attributes.keys().next() {
            let text = format!("Message system attribute name '{name}' is invalid.");
            return Err(Refusal::InvalidParameter(text));
        }
        Ok(Draft {
            body: self.message_body,
            attributes: self.message_attributes,
            trace,
            delay: seconds("DelaySeconds", self.delay_seconds, MOST_DELAY)?,
            group: self.message_group_id,
            deduplication: self.message_deduplication_id,
        })
    }
}

/// A number of seconds from 0 to `most`.
pub(super) fn seconds(name: &str, given: Option<i64>, most: i64) -> Result<Option<Duration>, Refusal> {
    let Some(given) = given else { return Ok(None) };
    match u64::try_from(given) {
        Ok(seconds) if given <= most => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(Refusal::invalid_value(name, &format!("Reason: Must be >= 0 and <= {most}, if provided."))),
    }
}

/// The visibility timeout that a call has to name.
pub(super) fn visibility(given: Option<i64>) -> Result<Duration, Refusal> {
    let given = seconds("VisibilityTimeout", given, MOST_VISIBILITY)?;
    given.ok_or(Refusal::MissingParameter("VisibilityTimeout"))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Send {
    queue_url: String,
    #[serde(flatten)]
    message: Sending,
}

pub(super) fn send(queues: &Queues, request: Send) -> Result<Value, Refusal> {
    let queue = find(queues, &request.queue_url)?;
    let draft = request.message.into_draft()?;
    let digests = Digests::of(&draft);
    Ok(digests.with(queues.send(queue, draft)?))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Receive {
    queue_url: String,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
    /// The older name of `MessageSystemAttributeNames`.
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
}

pub(super) async fn receive(queues: &Queues, request: Receive) -> Result<Value, Refusal> {
    let queue = find(queues, &request.queue_url)?;
    let most = request.max_number_of_messages.unwrap_or(1);
    let most =
        usize::try_from(most).ok().filter(|_| (1..=MOST_MESSAGES).contains(&most)).ok_or_else(|| {
            Refusal::invalid_value("MaxNumberOfMessages", "Reason: Must be between 1 and 10, if provided.")
        })?;
    let visibility = seconds("VisibilityTimeout", request.visibility_timeout, MOST_VISIBILITY)?;
    let wait = seconds("WaitTimeSeconds", request.wait_time_seconds, MOST_WAIT)?;
    let wait = wait.unwrap_or(queues.settings(queue).wait);
    let received = queues.receive_within(queue, most, visibility, wait).await?;
    if received.is_empty() {
        return Ok(json!({}));
    }
    let system = [request.attribute_names, request.message_system_attribute_names].concat();
    let messages: Vec<Value> = received
        .into_iter()
        .map(|received| answers::message(received, &system, &request.message_attribute_names))
        .collect();
    Ok(json!({"Messages": messages}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Delete {
    queue_url: String,
    receipt_handle: String,
}

pub(super) fn delete(queues: &Queues, request: Delete) -> Result<Value, Refusal> {
    queues.delete(find(queues, &request.queue_url)?, &request.receipt_handle)?;
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeVisibility {
    queue_url: String,
    receipt_handle: String,
    visibility_timeout: Option<i64>,
}

pub(super) fn change_visibility(queues: &Queues, request: ChangeVisibility) -> Result<Value, Refusal> {
    let queue = find(queues, &request.queue_url)?;
    queues.change_visibility(queue, &request.receipt_handle, visibility(request.visibility_timeout)?)?;
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueName {
    queue_name: String,
}

pub(super) fn queue_url(queues: &Queues, request: QueueName) -> Result<Value, Refusal> {
    let queue = find(queues, &request.queue_name)?;
    Ok(json!({"QueueUrl": queues.settings(queue).url}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

pub(super) fn queue_attributes(queues: &Queues, request: QueueAttributes) -> Result<Value, Refusal> {
    let mut attributes = answers::queue(queues, find(queues, &request.queue_url)?);
    attributes
        .retain(|name, _| request.attribute_names.iter().any(|wanted| wanted == "All" || wanted == name));
    Ok(if attributes.is_empty() { json!({}) } else { json!({"Attributes": attributes}) })
}

/// Without pages: a template has few queues.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    #[serde(default)]
    queue_name_prefix: String,
}

pub(super) fn list(queues: &Queues, request: List) -> Value {
    let settings = queues.ids().map(|queue| queues.settings(queue));
    let urls: Vec<&str> = settings
        .filter(|queue| queue.name.starts_with(&request.queue_name_prefix))
        .map(|queue| queue.url.as_str())
        .collect();
    if urls.is_empty() { json!({}) } else { json!({"QueueUrls": urls}) }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueUrl {
    queue_url: String,
}

pub(super) fn list_sources(queues: &Queues, request: QueueUrl) -> Result<Value, Refusal> {
    let queue = find(queues, &request.queue_url)?;
    let urls: Vec<&str> = queues.sources_of(queue).map(|source| source.url.as_str()).collect();
    Ok(json!({"queueUrls": urls}))
}

pub(super) fn purge(queues: &Queues, request: QueueUrl) -> Result<Value, Refusal> {
    queues.purge(find(queues, &request.queue_url)?)?;
    Ok(Value::Null)
}

//! Records of a stream, in the form in which a function gets them
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>).

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use aws_sdk_dynamodbstreams::primitives::DateTime;
use aws_sdk_dynamodbstreams::types::{self, AttributeValue, OperationType};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use models::Timestamp;
use serde_json::{Map, Value, json};

use crate::stack::REGION;

/// An item, or its key.
type Item = HashMap<String, AttributeValue>;

/// A record on its way to a function.
#[derive(Clone)]
pub(super) struct Record {
    /// Its number among what was read of its shard.
    pub(super) number: u64,
    pub(super) sequence: String,
    pub(super) created_at: Timestamp,
    pub(super) event: Value,
    /// How long the event is.
    pub(super) bytes: usize,
}

/// Whether it says that nothing has changed: `DynamoDB` writes no such record, others do.
pub(super) fn is_idle(record: &types::Record) -> bool {
    let images = record.dynamodb().map(|change| (change.old_image(), change.new_image()));
    record.event_name() == Some(&OperationType::Modify)
        && matches!(images, Some((Some(old), Some(new))) if old == new)
}

/// Which of so many lanes takes it: all records of one item take the same.
pub(super) fn lane(record: &types::Record, lanes: usize) -> usize {
    let keys = record.dynamodb().and_then(|change| change.keys()).into_iter().flatten();
    let keys: BTreeMap<_, _> = keys.map(|(name, value)| (name, attribute(value).to_string())).collect();
    let mut hasher = DefaultHasher::new();
    keys.hash(&mut hasher);
    usize::try_from(hasher.finish() % lanes.max(1) as u64).unwrap_or_default()
}

impl Record {
    /// The record as an event of the stream `arn`.
    pub(super) fn new(record: &types::Record, sequence: String, arn: &str) -> Self {
        let change = record.dynamodb();
        let created = change.and_then(|change| change.approximate_creation_date_time());
        let mut described = Map::new();
        let mut put =
            |name: &str, value: Option<Value>| described.extend(value.map(|value| (name.to_owned(), value)));
        put("ApproximateCreationDateTime", created.map(seconds));
        put("Keys", change.and_then(|change| change.keys()).map(item));
        put("NewImage", change.and_then(|change| change.new_image()).map(item));
        put("OldImage", change.and_then(|change| change.old_image()).map(item));
        put("SequenceNumber", Some(sequence.as_str().into()));
        put("SizeBytes", change.and_then(types::StreamRecord::size_bytes).map(Value::from));
        let view = change.and_then(|change| change.stream_view_type());
        put("StreamViewType", view.map(|view| view.as_str().into()));
        let mut event = json!({
            "eventID": record.event_id(),
            "eventName": record.event_name().map(OperationType::as_str),
            "eventVersion": record.event_version().unwrap_or("1.1"),
            "eventSource": "aws:dynamodb",
            "awsRegion": REGION,
            "dynamodb": described,
            "eventSourceARN": arn,
        });
        // Only what the time to live deletes has one, and not every server spells its fields alike.
        if record.user_identity().is_some() {
            event["userIdentity"] = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
        }
        let created_at = created.and_then(|created| created.to_millis().ok()).unwrap_or_default();
        let bytes = event.to_string().len();
        Self { number: 0, sequence, created_at: Timestamp::from_millis(created_at), event, bytes }
    }
}

/// Whole seconds without a fraction, as they are.
fn seconds(at: &DateTime) -> Value {
    if at.subsec_nanos() == 0 { at.secs().into() } else { at.as_secs_f64().into() }
}

fn item(item: &Item) -> Value {
    item.iter().map(|(name, value)| (name.clone(), attribute(value))).collect::<Map<_, _>>().into()
}

fn attribute(value: &AttributeValue) -> Value {
    let binary = |bytes: &aws_sdk_dynamodbstreams::primitives::Blob| BASE64_STANDARD.encode(bytes);
    match value {
        AttributeValue::B(bytes) => json!({"B": binary(bytes)}),
        AttributeValue::Bool(truth) => json!({"BOOL": truth}),
        AttributeValue::Bs(all) => json!({"BS": all.iter().map(binary).collect::<Vec<_>>()}),
        AttributeValue::L(all) => json!({"L": all.iter().map(attribute).collect::<Vec<_>>()}),
        AttributeValue::M(fields) => json!({"M": item(fields)}),
        AttributeValue::N(number) => json!({"N": number}),
        AttributeValue::Ns(all) => json!({"NS": all}),
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::Ss(all) => json!({"SS": all}),
        // The one that is left: what the SDK does not know cannot come from a DynamoDB of its time.
        _ => json!({"NULL": true}),
    }
}

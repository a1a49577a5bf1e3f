//! `AWS::SQS::Queue`.

use std::time::Duration;

use super::document::NodeContent;
use super::error::Fault;
use super::model::{Surroundings, Template};
use super::resolve::{PARTITION, Scope};
use super::resources::{Declared, Identity, Resource, ResourceType};
use super::sources::{Fifo, Queue, Redrive};
use super::value::{Content, Map};

/// A standard or a FIFO queue.
pub(super) static TYPE: ResourceType = ResourceType {
    name: "AWS::SQS::Queue",
    globals: None,
    effective: &[
        "ContentBasedDeduplication",
        "DeduplicationScope",
        "DelaySeconds",
        "FifoQueue",
        "MaximumMessageSize",
        "MessageRetentionPeriod",
        "QueueName",
        "ReceiveMessageWaitTimeSeconds",
        "RedrivePolicy",
        "VisibilityTimeout",
    ],
    without_effect: Some(&[
        "FifoThroughputLimit",
        "KmsDataKeyReusePeriodSeconds",
        "KmsMasterKeyId",
        "RedriveAllowPolicy",
        "SqsManagedSseEnabled",
        "Tags",
    ]),
    name_property: Some("QueueName"),
    reference: |identity| Content::text(url(&name(identity.declared, &identity.name), identity.surroundings)),
    attribute,
    read,
};

/// What the name of a FIFO queue ends with.
const FIFO_SUFFIX: &str = ".fifo";

/// The defaults and limits of
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>.
const DEFAULT_VISIBILITY: u32 = 30;
const DEFAULT_RETENTION: u32 = 345_600;
const DEFAULT_MOST_BYTES: u32 = 1_048_576;

/// The name that a queue has; one that `CloudFormation` draws for a FIFO queue ends as it must.
fn name(declared: &Declared, name: &str) -> String {
    let is_fifo = declared
        .properties
        .get("FifoQueue")
        .is_some_and(|node| matches!(&node.content, NodeContent::Text(text) if text == "true"));
    let suffix = if is_fifo && declared.properties.get("QueueName").is_none() { FIFO_SUFFIX } else { "" };
    format!("{name}{suffix}")
}

fn url(name: &str, surroundings: &Surroundings) -> String {
    format!("{}/{}/{name}", surroundings.sqs_url, surroundings.account_id)
}

fn arn(name: &str, Surroundings { region, account_id, .. }: &Surroundings) -> String {
    format!("arn:{PARTITION}:sqs:{region}:{account_id}:{name}")
}

fn attribute(identity: &Identity<'_>, attribute: &str) -> Option<Content> {
    let name = name(identity.declared, &identity.name);
    match attribute {
        "Arn" => Some(Content::text(arn(&name, identity.surroundings))),
        "QueueName" => Some(Content::text(name)),
        "QueueUrl" => Some(Content::text(url(&name, identity.surroundings))),
        _ => None,
    }
}

fn read(resource: &Resource<'_>, scope: &Scope<'_>, template: &mut Template) -> Result<(), Fault> {
    let properties = resource.properties()?;
    let declared = scope.resources.iter().find(|declared| declared.logical_id == resource.logical_id);
    let name = declared.map_or_else(|| resource.name.clone(), |declared| name(declared, &resource.name));
    if let Some(other) = template.queues.iter().find(|other| other.name == name) {
        let what = format!("`{}` has the name of `{}` too", resource.logical_id, other.logical_id);
        return Err(Fault::invalid(resource.line, what));
    }
    let fifo = fifo(&properties)?;
    if fifo.is_some() != name.ends_with(FIFO_SUFFIX) {
        let what = "the name of a FIFO queue ends with `.fifo`, and no other does";
        return Err(Fault::invalid(resource.line, what));
    }
    let seconds = |property: &str, default: u32, least: u32, most: u32| {
        let seconds = properties.whole(property, &(least..=most))?.unwrap_or(default);
        Ok::<_, Fault>(Duration::from_secs(seconds.into()))
    };
    let most_bytes = properties.whole("MaximumMessageSize", &(1024..=DEFAULT_MOST_BYTES))?;
    template.queues.push(Queue {
        logical_id: resource.logical_id.to_owned(),
        arn: arn(&name, scope.surroundings),
        url: url(&name, scope.surroundings),
        name,
        fifo,
        delay: seconds("DelaySeconds", 0, 0, 900)?,
        visibility: seconds("VisibilityTimeout", DEFAULT_VISIBILITY, 0, 43_200)?,
        retention: seconds("MessageRetentionPeriod", DEFAULT_RETENTION, 60, 1_209_600)?,
        wait: seconds("ReceiveMessageWaitTimeSeconds", 0, 0, 20)?,
        most_bytes: most_bytes.unwrap_or(DEFAULT_MOST_BYTES) as usize,
        redrive: redrive(&properties)?,
        line: resource.line,
    });
    Ok(())
}

fn fifo(properties: &Map<'_>) -> Result<Option<Fifo>, Fault> {
    let by_content = properties.truth("ContentBasedDeduplication")?.unwrap_or_default();
    let scope = properties
        .get("DeduplicationScope")
        .map(|value| value.as_one_of("DeduplicationScope", &["messageGroup", "queue"]))
        .transpose()?;
    if properties.truth("FifoQueue")?.unwrap_or_default() {
        return Ok(Some(Fifo { by_content, by_group: scope == Some("messageGroup") }));
    }
    let only_fifo = ["ContentBasedDeduplication", "DeduplicationScope"];
    match only_fifo.iter().find_map(|name| properties.get(name).map(|value| (name, value.line))) {
        Some((name, line)) => Err(Fault::invalid(line, format!("{name} belongs to a FIFO queue"))),
        None => Ok(None),
    }
}

fn redrive(properties: &Map<'_>) -> Result<Option<Redrive>, Fault> {
    let Some(map) = properties.map("RedrivePolicy", &["deadLetterTargetArn", "maxReceiveCount"])? else {
        return Ok(None);
    };
    let most_receives = map.required("maxReceiveCount")?.as_whole("maxReceiveCount", &(1..=1000))?;
    Ok(Some(Redrive { dead_letter_arn: map.text("deadLetterTargetArn")?.to_owned(), most_receives }))
}

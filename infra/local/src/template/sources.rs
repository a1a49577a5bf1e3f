//! What the local stack learns of queues, and of what calls functions beside HTTP.

use std::time::Duration;

use crate::sources::filter::Filters;

/// An `AWS::SQS::Queue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Its key in the template.
    pub logical_id: String,
    /// `QueueName`, or `<stack>-<logical id>`, with `.fifo` at its end if it is one.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its address.
    pub url: String,
    /// What it is beside first in, first out; none: a standard queue.
    pub fifo: Option<Fifo>,
    /// `DelaySeconds`: how long a message stays hidden after it was sent.
    pub delay: Duration,
    /// `VisibilityTimeout`: how long a message stays hidden after it was received.
    pub visibility: Duration,
    /// `MessageRetentionPeriod`: how long a message is kept.
    pub retention: Duration,
    /// `ReceiveMessageWaitTimeSeconds`: how long a caller waits for a message who does not say.
    pub wait: Duration,
    /// `MaximumMessageSize`, in bytes.
    pub most_bytes: usize,
    /// What becomes of messages that are received again and again.
    pub redrive: Option<Redrive>,
    /// Where it is in the template, from 1.
    pub line: usize,
}

/// What a FIFO queue is beside first in, first out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fifo {
    /// `ContentBasedDeduplication`: a message without a deduplication id has the hash of its body.
    pub by_content: bool,
    /// `DeduplicationScope: messageGroup`: the same id in two groups is two messages.
    pub by_group: bool,
}

/// `RedrivePolicy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redrive {
    /// The ARN of the dead-letter queue.
    pub dead_letter_arn: String,
    /// How often a message is received before it goes there.
    pub most_receives: u32,
}

/// An event of the type `DynamoDB`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSource {
    /// Its key among the function's events.
    pub name: String,
    /// The stream's ARN.
    pub arn: String,
    /// `StartingPosition`: whether it begins with the oldest record there is; else with the next.
    pub from_horizon: bool,
    /// `BatchSize`: most records in one call.
    pub batch: usize,
    /// `MaximumBatchingWindowInSeconds`: how long a call waits for more records.
    pub window: Duration,
    /// `MaximumRetryAttempts`; none: without end.
    pub retries: Option<u32>,
    /// `MaximumRecordAgeInSeconds`; none: any.
    pub most_age: Option<Duration>,
    /// `BisectBatchOnFunctionError`: whether a batch that failed is split in two.
    pub bisect: bool,
    /// `ReportBatchItemFailures`: whether the function tells which records failed.
    pub partial: bool,
    /// `ParallelizationFactor`: how many calls there may be at once for a shard.
    pub lanes: usize,
    /// `FilterCriteria`: which records the function gets.
    pub filters: Filters,
    /// `DestinationConfig.OnFailure.Destination`: the ARN of the queue that hears of records given up.
    pub on_failure: Option<String>,
    /// Where the stream is named in the template, from 1.
    pub line: usize,
}

/// An event of the type `SQS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSource {
    /// Its key among the function's events.
    pub name: String,
    /// The queue's ARN.
    pub arn: String,
    /// `BatchSize`: most messages in one call.
    pub batch: usize,
    /// `MaximumBatchingWindowInSeconds`: how long a call waits for more messages.
    pub window: Duration,
    /// `ReportBatchItemFailures`: whether the function tells which messages failed.
    pub partial: bool,
    /// `ScalingConfig.MaximumConcurrency`: most calls at once.
    pub most_calls: Option<usize>,
    /// `FilterCriteria`: which messages the function gets; the others are deleted.
    pub filters: Filters,
    /// Where the queue is named in the template, from 1.
    pub line: usize,
}

/// An event of the type `Schedule` or `ScheduleV2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Its key among the function's events.
    pub name: String,
    /// How long it is from one call to the next.
    pub every: Duration,
    /// `Input`: the event; none: that of the service.
    pub input: Option<String>,
    /// Whether it is one of `EventBridge` Scheduler (`ScheduleV2`), not a rule.
    pub by_scheduler: bool,
}

//! Streams, queues and schedules as events of a function.

use std::time::Duration;

use serde_json::json;

use super::super::{Function, QueueSource, Schedule, StreamSource};
use super::{load, refuses};
use crate::sources::filter::{Filter, Filters};

/// A table, queues, and a function with this event.
fn with_event(kind: &str, properties: &str) -> String {
    format!(
        r"
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{{AttributeName: pk, AttributeType: S}}]
      KeySchema: [{{AttributeName: pk, KeyType: HASH}}]
      StreamSpecification: {{StreamViewType: NEW_AND_OLD_IMAGES}}
  Jobs: {{Type: AWS::SQS::Queue}}
  Fifo: {{Type: AWS::SQS::Queue, Properties: {{FifoQueue: true}}}}
  Short: {{Type: AWS::SQS::Queue, Properties: {{VisibilityTimeout: 2}}}}
  Greet:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: greet}}}}
    Properties:
      Policies:
        - Statement: [{{Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Jobs.Arn}}]
      Events:
        One:
          Type: {kind}
          Properties:
            {properties}
"
    )
}

#[track_caller]
fn read(kind: &str, properties: &str) -> Function {
    load(&with_event(kind, properties)).functions.remove(0)
}

const STREAM: &str = "Stream: !GetAtt Table.StreamArn";
const ARN: &str = "arn:aws:dynamodb:eu-west-1:000000000000:table/demo-Table/stream/local";

#[test]
fn a_stream_has_lambdas_defaults() {
    let function = read("DynamoDB", &format!("{{{STREAM}, StartingPosition: LATEST}}"));
    let [StreamSource { line, .. }] = function.streams.as_slice() else { panic!("one stream") };
    assert_eq!(
        function.streams,
        [StreamSource {
            name: "One".to_owned(),
            arn: ARN.to_owned(),
            from_horizon: false,
            batch: 100,
            window: Duration::ZERO,
            retries: None,
            most_age: None,
            bisect: false,
            partial: false,
            lanes: 1,
            filters: Filters::default(),
            on_failure: None,
            line: *line,
        }]
    );
}

#[test]
fn a_stream_is_as_its_properties_say() {
    let function = read(
        "DynamoDB",
        "Stream: !GetAtt Table.StreamArn
            StartingPosition: TRIM_HORIZON
            BatchSize: 25
            MaximumBatchingWindowInSeconds: 1
            MaximumRetryAttempts: 5
            MaximumRecordAgeInSeconds: 3600
            BisectBatchOnFunctionError: true
            FunctionResponseTypes: [ReportBatchItemFailures]
            ParallelizationFactor: 4
            Enabled: true
            FilterCriteria: {Filters: [{Pattern: '{\"eventName\":[\"INSERT\"]}'}]}
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Jobs.Arn}}",
    );
    let filter = Filter::parse(&json!({"eventName": ["INSERT"]}).to_string()).unwrap();
    let StreamSource { line, .. } = function.streams[0];
    assert_eq!(
        function.streams,
        [StreamSource {
            name: "One".to_owned(),
            arn: ARN.to_owned(),
            from_horizon: true,
            batch: 25,
            window: Duration::from_secs(1),
            retries: Some(5),
            most_age: Some(Duration::from_hours(1)),
            bisect: true,
            partial: true,
            lanes: 4,
            filters: Filters(vec![filter]),
            on_failure: Some("arn:aws:sqs:eu-west-1:000000000000:demo-Jobs".to_owned()),
            line,
        }]
    );
}

#[test]
fn a_queue_is_as_its_properties_say() {
    let function = read("SQS", "{Queue: !GetAtt Jobs.Arn}");
    let [QueueSource { line, .. }] = function.queues.as_slice() else { panic!("one queue") };
    let plain = QueueSource {
        name: "One".to_owned(),
        arn: "arn:aws:sqs:eu-west-1:000000000000:demo-Jobs".to_owned(),
        batch: 10,
        window: Duration::ZERO,
        partial: false,
        most_calls: None,
        filters: Filters::default(),
        line: *line,
    };
    assert_eq!(function.queues, std::slice::from_ref(&plain));
    let properties = "{Queue: !GetAtt Jobs.Arn, BatchSize: 50, MaximumBatchingWindowInSeconds: 2, \
        FunctionResponseTypes: [ReportBatchItemFailures], ScalingConfig: {MaximumConcurrency: 7}}";
    let full = QueueSource {
        batch: 50,
        window: Duration::from_secs(2),
        partial: true,
        most_calls: Some(7),
        ..plain
    };
    assert_eq!(read("SQS", properties).queues, [full]);
}

#[test]
fn schedules_are_rates() {
    for (kind, properties, every, input, by_scheduler) in [
        ("Schedule", "{Schedule: rate(1 minute)}", 60, None, false),
        (
            "Schedule",
            "{Schedule: rate(5 minutes), Input: '{\"a\":1}', Enabled: true}",
            300,
            Some("{\"a\":1}"),
            false,
        ),
        ("ScheduleV2", "{ScheduleExpression: rate(2 hours), State: ENABLED}", 7200, None, true),
        (
            "ScheduleV2",
            "{ScheduleExpression: rate(1 day), FlexibleTimeWindow: {Mode: 'OFF'}}",
            86_400,
            None,
            true,
        ),
    ] {
        let schedule = Schedule {
            name: "One".to_owned(),
            every: Duration::from_secs(every),
            input: input.map(ToOwned::to_owned),
            by_scheduler,
        };
        assert_eq!(read(kind, properties).schedules, [schedule], "{properties}");
    }
}

#[test]
fn what_is_not_enabled_is_read_and_left_out() {
    for (kind, properties) in [
        ("DynamoDB", "{Stream: !GetAtt Table.StreamArn, StartingPosition: LATEST, Enabled: false}"),
        ("SQS", "{Queue: !GetAtt Jobs.Arn, Enabled: false}"),
        ("Schedule", "{Schedule: rate(1 minute), Enabled: false}"),
        ("Schedule", "{Schedule: rate(1 minute), State: DISABLED}"),
        ("ScheduleV2", "{ScheduleExpression: rate(1 minute), State: DISABLED}"),
    ] {
        let function = read(kind, properties);
        assert!(function.streams.is_empty() && function.queues.is_empty() && function.schedules.is_empty());
    }
    refuses(
        &with_event("SQS", "{Queue: !GetAtt Jobs.Arn, Enabled: false, BatchSize: 0} # <-"),
        "BatchSize: expected a whole number from 1 to 10000, found `0`",
    );
}

#[test]
fn a_mistake_is_named() {
    let rate = "expected a rate, as `rate(1 minute)` or `rate(5 minutes)`, found";
    for (kind, properties, text) in [
        (
            "DynamoDB",
            "StartingPosition: AT_TIMESTAMP",
            "StartingPosition: expected one of LATEST, TRIM_HORIZON, found `AT_TIMESTAMP`".to_owned(),
        ),
        (
            "DynamoDB",
            "Stream: arn:x, StartingPosition: LATEST",
            "Stream: this is no stream of a table of the template".to_owned(),
        ),
        (
            "DynamoDB",
            "StartingPosition: LATEST, TumblingWindowInSeconds: 1",
            "Properties: the local stack does not know the property `TumblingWindowInSeconds`".to_owned(),
        ),
        (
            "DynamoDB",
            "StartingPosition: LATEST, FunctionResponseTypes: [Other]",
            "FunctionResponseTypes: expected one of ReportBatchItemFailures, found `Other`".to_owned(),
        ),
        (
            "DynamoDB",
            "StartingPosition: LATEST, FilterCriteria: {Filters: [{Pattern: '{\"a\":[{\"numeric\":[]}]}'}]}",
            "Pattern: `a`: the local stack does not know this use of `numeric`".to_owned(),
        ),
        (
            "DynamoDB",
            "StartingPosition: LATEST, DestinationConfig: {OnFailure: {Destination: !GetAtt Fifo.Arn}}",
            "DestinationConfig: this is no standard queue of the template".to_owned(),
        ),
        (
            "DynamoDB",
            "StartingPosition: LATEST, DestinationConfig: {OnFailure: {Type: SNS, Destination: x}}",
            "Type: expected one of SQS, found `SNS`".to_owned(),
        ),
        (
            "DynamoDB",
            "StartingPosition: LATEST, DestinationConfig: {OnFailure: {Destination: !GetAtt Short.Arn}}",
            "DestinationConfig: no policy of `Greet` allows sqs:SendMessage on \
             arn:aws:sqs:eu-west-1:000000000000:demo-Short"
                .to_owned(),
        ),
        ("SQS", "Queue: arn:x", "Queue: this is no queue of the template".to_owned()),
        (
            "SQS",
            "Queue: !GetAtt Jobs.Arn, BatchSize: 11",
            "a BatchSize of more than 10 needs a MaximumBatchingWindowInSeconds".to_owned(),
        ),
        (
            "SQS",
            "Queue: !GetAtt Fifo.Arn, BatchSize: 11, MaximumBatchingWindowInSeconds: 1",
            "a FIFO queue gives 10 messages at most for a call, and has no batching window".to_owned(),
        ),
        (
            "SQS",
            "Queue: !GetAtt Jobs.Arn, ScalingConfig: {MaximumConcurrency: 1}",
            "MaximumConcurrency: expected a whole number from 2 to 1000, found `1`".to_owned(),
        ),
        (
            "SQS",
            "Queue: !GetAtt Short.Arn",
            "the visibility timeout of `Short` is less than the timeout of `Greet`".to_owned(),
        ),
        (
            "Schedule",
            "Schedule: cron(0 12 * * ? *)",
            "Schedule: the local stack knows rates only, as `rate(1 minute)`, not `cron(0 12 * * ? *)`"
                .to_owned(),
        ),
        ("Schedule", "Schedule: rate(1 minutes)", format!("Schedule: {rate} `rate(1 minutes)`")),
        ("Schedule", "Schedule: rate(2 minute)", format!("Schedule: {rate} `rate(2 minute)`")),
        (
            "ScheduleV2",
            "ScheduleExpression: rate(0 minutes)",
            format!("ScheduleExpression: {rate} `rate(0 minutes)`"),
        ),
        ("ScheduleV2", "ScheduleExpression: rate(1 minute), Input: '{'", "Input: this is no JSON".to_owned()),
        (
            "ScheduleV2",
            "Schedule: rate(1 minute)",
            "Properties: the local stack does not know the property `Schedule`".to_owned(),
        ),
    ] {
        let properties = if kind == "DynamoDB" && !properties.contains("Stream:") {
            format!("{STREAM}, {properties}")
        } else {
            properties.to_owned()
        };
        refuses(&with_event(kind, &format!("{{{properties}}} # <-")), &text);
    }
}

#[test]
fn asynchronous_calls_are_retried_as_often_as_the_function_says() {
    let template = with_event("Schedule", "{Schedule: rate(1 minute)}");
    assert_eq!(load(&template).functions[0].async_retries, 2);
    let template = template
        .replace("      Events:", "      EventInvokeConfig: {MaximumRetryAttempts: 0}\n      Events:");
    assert_eq!(load(&template).functions[0].async_retries, 0);
}

#[test]
fn a_queue_has_one_reader() {
    let template = with_event("SQS", "{Queue: !GetAtt Jobs.Arn}");
    let other = "  Other:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: other}}
    Properties:
      Events: {One: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}}
";
    let marked = template.replace("{Queue: !GetAtt Jobs.Arn}", "{Queue: !GetAtt Jobs.Arn} # <-") + other;
    refuses(&marked, "another function reads `demo-Jobs` too: each would get some of its messages");
}

//! `AWS::SQS::Queue`, and what only has to be known.

use std::time::Duration;

use super::super::{Fifo, Queue, Redrive};
use super::{evaluated, load, refuses};

const QUEUES: &str = r"
Resources:
  Deliveries:
    Type: AWS::SQS::Queue
    Properties:
      FifoQueue: true
      ContentBasedDeduplication: true
      DelaySeconds: 5
      VisibilityTimeout: 60
      MessageRetentionPeriod: 3600
      ReceiveMessageWaitTimeSeconds: 20
      MaximumMessageSize: 2048
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
      SqsManagedSseEnabled: true
  Dead:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub ${AWS::StackName}-dead.fifo
      FifoQueue: true
      DeduplicationScope: messageGroup
      RedriveAllowPolicy: {redrivePermission: byQueue, sourceQueueArns: [!GetAtt Deliveries.Arn]}
  Plain: {Type: AWS::SQS::Queue}
";

#[test]
fn queues_are_as_they_are_declared() {
    let template = load(QUEUES);
    let queue = |logical_id: &str, name: &str| Queue {
        logical_id: logical_id.to_owned(),
        name: name.to_owned(),
        arn: format!("arn:aws:sqs:eu-west-1:000000000000:{name}"),
        url: format!("http://127.0.0.1:9324/000000000000/{name}"),
        fifo: None,
        delay: Duration::ZERO,
        visibility: Duration::from_secs(30),
        retention: Duration::from_hours(96),
        wait: Duration::ZERO,
        most_bytes: 1_048_576,
        redrive: None,
        line: QUEUES.lines().position(|line| line.starts_with(&format!("  {logical_id}:"))).unwrap() + 1,
    };
    let dead_letter_arn = "arn:aws:sqs:eu-west-1:000000000000:demo-dead.fifo".to_owned();
    assert_eq!(
        template.queues,
        [
            Queue {
                fifo: Some(Fifo { by_content: true, by_group: false }),
                delay: Duration::from_secs(5),
                visibility: Duration::from_mins(1),
                retention: Duration::from_hours(1),
                wait: Duration::from_secs(20),
                most_bytes: 2048,
                redrive: Some(Redrive { dead_letter_arn, most_receives: 3 }),
                ..queue("Deliveries", "demo-Deliveries.fifo")
            },
            Queue {
                fifo: Some(Fifo { by_content: false, by_group: true }),
                ..queue("Dead", "demo-dead.fifo")
            },
            queue("Plain", "demo-Plain"),
        ]
    );
    let failures: Vec<bool> = template.queues.iter().map(|queue| template.is_for_failures(queue)).collect();
    assert_eq!(failures, [false, true, false]);
}

#[test]
fn a_queue_can_be_referred_to() {
    let rest = "  Jobs: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}";
    let name = "demo-Jobs.fifo";
    for (expression, expected) in [
        ("!Ref Jobs", format!("http://127.0.0.1:9324/000000000000/{name}")),
        ("!GetAtt Jobs.QueueUrl", format!("http://127.0.0.1:9324/000000000000/{name}")),
        ("!GetAtt Jobs.QueueName", name.to_owned()),
        ("!GetAtt Jobs.Arn", format!("arn:aws:sqs:eu-west-1:000000000000:{name}")),
        ("!Sub 'a ${Jobs.QueueName}'", format!("a {name}")),
    ] {
        assert_eq!(evaluated(expression, rest).unwrap(), expected, "{expression}");
    }
    assert!(evaluated("!GetAtt Jobs.Name", rest).unwrap_err().to_string().contains("no attribute `Name`"));
}

#[test]
fn a_mistake_is_named() {
    for (right, wrong, text) in [
        (
            "      DelaySeconds: 5",
            "      DelaySeconds: 901",
            "DelaySeconds: expected a whole number from 0 to 900, found `901`",
        ),
        (
            "      DelaySeconds: 5",
            "      Delay: 5",
            "the local stack does not know the property `Delay` of AWS::SQS::Queue",
        ),
        (
            "maxReceiveCount: 3}",
            "maxReceiveCount: 0}",
            "maxReceiveCount: expected a whole number from 1 to 1000, found `0`",
        ),
        (
            "maxReceiveCount: 3}",
            "most: 3}",
            "RedrivePolicy: the local stack does not know the property `most`",
        ),
        (
            "  Plain: {Type: AWS::SQS::Queue}",
            "  Plain: {Type: AWS::SQS::Queue, Properties: {QueueName: demo-dead.fifo}}",
            "`Plain` has the name of `Dead` too",
        ),
        (
            "  Plain: {Type: AWS::SQS::Queue}",
            "  Plain: {Type: AWS::SQS::Queue, Properties: {QueueName: plain.fifo}}",
            "the name of a FIFO queue ends with `.fifo`, and no other does",
        ),
        (
            "  Plain: {Type: AWS::SQS::Queue}",
            "  Plain: {Type: AWS::SQS::Queue, Properties: {ContentBasedDeduplication: true}}",
            "ContentBasedDeduplication belongs to a FIFO queue",
        ),
        (
            "  Plain: {Type: AWS::SQS::Queue}",
            "  Plain: {Type: AWS::SQS::Queue, Properties: {RedrivePolicy: {deadLetterTargetArn: x, maxReceiveCount: 1}}}",
            "RedrivePolicy: this is no queue of the template",
        ),
        (
            "  Plain: {Type: AWS::SQS::Queue}",
            "  Plain: {Type: AWS::SQS::Queue, Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 1}}}",
            "RedrivePolicy: the dead-letter queue of a FIFO queue is one too, and of no other queue",
        ),
    ] {
        refuses(&QUEUES.replacen(right, &format!("{wrong} # <-"), 1), text);
    }
}

#[test]
fn what_watches_is_known_and_makes_no_difference() {
    let watching = r"
  Policy: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Jobs], PolicyDocument: {}}}
  Jobs: {Type: AWS::SQS::Queue}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/SQS
      Dimensions: [{Name: QueueName, Value: !GetAtt Jobs.QueueName}]
      AlarmActions: [!Ref Topic]
  Board: {Type: AWS::CloudWatch::Dashboard, Properties: {DashboardBody: !Sub '{}'}}
  Topic: {Type: AWS::SNS::Topic}
  Mail: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref Topic, Protocol: email, Endpoint: a@b}}
";
    for (expression, expected) in [
        ("!Ref Topic", "arn:aws:sns:eu-west-1:000000000000:demo-Topic"),
        ("!GetAtt Topic.TopicName", "demo-Topic"),
        ("!Ref Alarm", "demo-Alarm"),
        ("!GetAtt Alarm.Arn", "arn:aws:cloudwatch:eu-west-1:000000000000:alarm:demo-Alarm"),
    ] {
        assert_eq!(evaluated(expression, watching).unwrap(), expected);
    }
    refuses(
        "Resources:\n  A:\n    Type: AWS::CloudWatch::Alarm\n    Properties:\n      Treshold: 1 # <-",
        "the local stack does not know the property `Treshold` of AWS::CloudWatch::Alarm",
    );
}

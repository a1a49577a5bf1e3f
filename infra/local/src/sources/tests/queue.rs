//! Queues that a function reads.

use super::*;

const QUEUE: QueueId = QueueId::new(0);

fn source(queue: &str) -> QueueSource {
    QueueSource {
        name: "Jobs".to_owned(),
        arn: format!("arn:{queue}"),
        batch: 10,
        window: Duration::ZERO,
        partial: false,
        most_calls: None,
        filters: Filters::default(),
        line: 1,
    }
}

fn template(queues: Vec<template::Queue>, source: QueueSource) -> Template {
    Template { queues, functions: vec![function(vec![], vec![source], vec![])], ..Template::default() }
}

async fn reading(template: &Template, script: &Arc<Script>) -> Rig {
    start(template, script, "http://127.0.0.1:1", None, None).await
}

fn bodies(records: &[Value]) -> Vec<&str> {
    records.iter().filter_map(|record| record["body"].as_str()).collect()
}

/// A function that reports these bodies as failed the first time that it sees each.
fn reluctant(bodies: &'static [&'static str]) -> Arc<Script> {
    Script::new(move |event| {
        let records = event["Records"].as_array().expect("records");
        let failed = records.iter().filter(|record| {
            record["attributes"]["ApproximateReceiveCount"] == "1"
                && bodies.iter().any(|body| record["body"] == *body)
        });
        let failed: Vec<_> = failed.map(|record| json!({"itemIdentifier": record["messageId"]})).collect();
        Ok(json!({"batchItemFailures": failed}))
    })
}

#[tokio::test]
async fn a_message_comes_as_lambda_brings_it_and_is_deleted() {
    let script = Script::willing();
    let rig = reading(&template(vec![a_queue("jobs.fifo")], source("jobs.fifo")), &script).await;
    let attribute = crate::queues::Attribute {
        data_type: "String".to_owned(),
        string_value: Some("x".to_owned()),
        binary_value: None,
    };
    let mut draft = Draft::new("hello").in_group("g").once_as("d");
    draft.attributes.insert("kind".to_owned(), attribute);
    let sent = rig.queues.send(QUEUE, draft).expect("sent");
    rig.queues.drained(QUEUE).await;
    let [record] = script.records().try_into().expect("one record");
    assert_eq!(
        (&record["messageId"], &record["body"], &record["eventSource"], &record["eventSourceARN"]),
        (&json!(sent.id), &json!("hello"), &json!("aws:sqs"), &json!("arn:jobs.fifo"))
    );
    assert_eq!(record["md5OfBody"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(record["awsRegion"], "us-east-1");
    assert!(record["receiptHandle"].is_string() && record["md5OfMessageAttributes"].is_string());
    let attributes = &record["attributes"];
    assert_eq!(
        (
            &attributes["MessageGroupId"],
            &attributes["MessageDeduplicationId"],
            &attributes["ApproximateReceiveCount"]
        ),
        (&json!("g"), &json!("d"), &json!("1"))
    );
    assert_eq!(attributes["SequenceNumber"], json!(sent.sequence_number));
    let kind =
        json!({"stringValue": "x", "dataType": "String", "stringListValues": [], "binaryListValues": []});
    assert_eq!(record["messageAttributes"], json!({"kind": kind}));
    assert!(rig.console.kept().iter().any(|line| line.starts_with("f | queue jobs.fifo, 1 message ")));
}

#[tokio::test]
async fn what_fails_comes_again_and_is_a_dead_letter_in_the_end() {
    for error in [failure(), InvokeError::Crashed("signal: 9".to_owned())] {
        let script = Script::new(move |_| Err(error.clone()));
        let redrive = Some(Redrive { dead_letter_arn: "arn:dead".to_owned(), most_receives: 2 });
        let queues = vec![template::Queue { redrive, ..a_queue("jobs") }, a_queue("dead")];
        let rig = reading(&template(queues, source("jobs")), &script).await;
        rig.queues.send(QUEUE, Draft::new("bad")).expect("sent");
        rig.queues.drained(QUEUE).await;
        assert_eq!(script.events().len(), 2);
        assert_eq!(rig.queues.messages(QueueId::new(1)).len(), 1);
        let notice = "failed and will be there again";
        assert!(rig.console.kept().iter().any(|line| line.contains(notice)), "{:?}", rig.console.kept());
    }
}

#[tokio::test]
async fn of_a_batch_only_what_failed_comes_again() {
    let script = reluctant(&["b"]);
    let partial = QueueSource { partial: true, ..source("jobs") };
    let rig = reading(&template(vec![a_queue("jobs")], partial), &script).await;
    for body in ["a", "b", "c"] {
        rig.queues.send(QUEUE, Draft::new(body)).expect("sent");
    }
    rig.queues.drained(QUEUE).await;
    let records = script.records();
    let mut bodies = bodies(&records);
    bodies.sort_unstable();
    assert_eq!(bodies, ["a", "b", "b", "c"]);
}

#[tokio::test]
async fn in_a_fifo_queue_nothing_overtakes_what_failed() {
    let script = reluctant(&["a2"]);
    let partial = QueueSource { partial: true, ..source("jobs.fifo") };
    let rig = reading(&template(vec![a_queue("jobs.fifo")], partial), &script).await;
    for (group, body) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3")] {
        rig.queues.send(QUEUE, Draft::new(body).in_group(group)).expect("sent");
    }
    rig.queues.drained(QUEUE).await;
    let records = script.records();
    let bodies = bodies(&records);
    let last = |body: &str| bodies.iter().rposition(|other| *other == body).expect("it came");
    assert!(last("a1") < last("a2") && last("a2") < last("a3"), "{bodies:?}");
    assert_eq!(bodies.iter().filter(|body| **body == "b1").count(), 1);
}

#[tokio::test]
async fn an_answer_that_is_none_fails_the_batch() {
    let script = Script::new(|event| {
        let is_first = event["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1";
        Ok(if is_first { json!({"batchItemFailures": [{"itemIdentifier": "?"}]}) } else { Value::Null })
    });
    let partial = QueueSource { partial: true, ..source("jobs") };
    let rig = reading(&template(vec![a_queue("jobs")], partial), &script).await;
    rig.queues.send(QUEUE, Draft::new("a")).expect("sent");
    rig.queues.drained(QUEUE).await;
    assert_eq!(script.events().len(), 2);
}

#[tokio::test]
async fn what_no_filter_lets_through_is_deleted() {
    let script = Script::willing();
    let filter = filter::Filter::parse(r#"{"body": {"kind": ["wanted"]}}"#).expect("a pattern");
    let filtered = QueueSource { filters: Filters(vec![filter]), ..source("jobs") };
    let rig = reading(&template(vec![a_queue("jobs")], filtered), &script).await;
    for body in [r#"{"kind":"wanted"}"#, r#"{"kind":"other"}"#, "no JSON"] {
        rig.queues.send(QUEUE, Draft::new(body)).expect("sent");
    }
    rig.queues.drained(QUEUE).await;
    assert_eq!(bodies(&script.records()), [r#"{"kind":"wanted"}"#]);
}

#[tokio::test]
async fn there_are_no_more_calls_at_once_than_allowed() {
    let script = Script::willing();
    let limited = QueueSource { batch: 1, most_calls: Some(2), ..source("jobs") };
    let rig = reading(&template(vec![a_queue("jobs")], limited), &script).await;
    for number in 0..20 {
        rig.queues.send(QUEUE, Draft::new(number.to_string())).expect("sent");
    }
    rig.queues.drained(QUEUE).await;
    assert_eq!(script.records().len(), 20);
    assert!(script.most_at_once() <= 2, "{}", script.most_at_once());
}

#[tokio::test]
async fn a_group_has_one_call_at_once() {
    let script = Script::willing();
    let rig = reading(&template(vec![a_queue("jobs.fifo")], source("jobs.fifo")), &script).await;
    for number in 0..30 {
        rig.queues.send(QUEUE, Draft::new(number.to_string()).in_group("g")).expect("sent");
    }
    rig.queues.drained(QUEUE).await;
    assert_eq!(script.most_at_once(), 1);
    let records = script.records();
    let numbers: Vec<u32> = bodies(&records).iter().map(|body| body.parse().expect("a number")).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
}

#[tokio::test]
async fn a_call_waits_for_more_messages_as_long_as_its_window_is_open() {
    let script = Script::willing();
    let windowed = QueueSource { batch: 3, window: Duration::from_mins(1), ..source("jobs") };
    let queue = template::Queue { visibility: Duration::from_mins(2), ..a_queue("jobs") };
    let rig = reading(&template(vec![queue], windowed), &script).await;
    for body in ["a", "b", "c"] {
        rig.queues.send(QUEUE, Draft::new(body)).expect("sent");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    rig.queues.drained(QUEUE).await;
    assert_eq!(script.events().len(), 1);
}

#[tokio::test]
async fn what_was_in_flight_when_the_stack_stopped_comes_again_at_the_next_start() {
    let folder = Folder::new("in-flight");
    let queue = template::Queue { visibility: Duration::from_hours(1), ..a_queue("jobs") };
    let template = template(vec![queue], source("jobs"));
    let failing = Script::new(|_| Err(failure()));
    let rig = start(&template, &failing, "http://127.0.0.1:1", Some(&folder.0), None).await;
    rig.queues.send(QUEUE, Draft::new("a")).expect("sent");
    until("the first call", || !failing.events().is_empty()).await;
    rig.sources.stop().await;
    drop(rig.queues);
    let script = Script::willing();
    let rig = start(&template, &script, "http://127.0.0.1:1", Some(&folder.0), None).await;
    rig.queues.drained(QUEUE).await;
    assert_eq!(bodies(&script.records()), ["a"]);
}

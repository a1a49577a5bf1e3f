//! What becomes of records of a stream when the function fails.

use super::stream::{Things, source, values};
use super::*;

const FAILURES: QueueId = QueueId::new(0);

/// The function fails where one of its records has this value; told which one, if `partial`.
fn failing_at(bad: &'static str, partial: bool) -> Arc<Script> {
    Script::new(move |event| {
        let records = event["Records"].as_array().expect("records");
        match records.iter().find(|record| record["dynamodb"]["NewImage"]["value"]["S"] == bad) {
            None => Ok(Value::Null),
            Some(record) if partial => {
                let sequence = &record["dynamodb"]["SequenceNumber"];
                Ok(json!({"batchItemFailures": [{"itemIdentifier": sequence}]}))
            }
            Some(_) => Err(failure()),
        }
    })
}

async fn written() -> Things {
    let things = Things::new().await;
    for value in ["a", "b", "bad", "c", "d"] {
        things.put("1", value).await;
    }
    things
}

fn calls(script: &Script) -> Vec<String> {
    let records = |event: &Value| event["Records"].as_array().cloned().unwrap_or_default();
    script.events().iter().map(|event| values(&records(event)).join(" ")).collect()
}

/// What the queue for failures was told.
fn told(rig: &Rig) -> Vec<Value> {
    let messages = rig.queues.messages(FAILURES);
    messages.iter().map(|message| serde_json::from_str(&message.body).expect("JSON")).collect()
}

#[tokio::test]
async fn a_batch_that_fails_comes_again_as_often_as_allowed_and_is_told_of() {
    let (things, script) = (written().await, failing_at("bad", false));
    let on_failure = Some("arn:failures".to_owned());
    let rig = things.read(StreamSource { retries: Some(2), on_failure, ..source() }, &script, None).await;
    rig.sources.caught_up().await;
    things.put("1", "later").await;
    rig.sources.caught_up().await;
    assert_eq!(calls(&script), ["a b bad c d", "a b bad c d", "a b bad c d", "later"]);
    let [told] = told(&rig).try_into().expect("one message");
    assert_eq!(told["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(told["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(
        told["requestContext"]["functionArn"],
        "arn:aws:lambda:us-east-1:000000000000:function:local-F"
    );
    let batch = &told["DDBStreamBatchInfo"];
    let sequence = |place: usize| script.records()[place]["dynamodb"]["SequenceNumber"].clone();
    assert_eq!((&batch["startSequenceNumber"], &batch["endSequenceNumber"]), (&sequence(0), &sequence(4)));
    assert_eq!((&batch["batchSize"], &batch["streamArn"]), (&json!(5), &json!(source().arn)));
    assert!(batch["approximateArrivalOfFirstRecord"].is_string() && batch["shardId"].is_string());
    assert!(
        rig.console.kept().iter().any(|line| line.contains("5 records given up (RetryAttemptsExhausted)"))
    );
}

#[tokio::test]
async fn a_batch_that_is_split_loses_only_what_is_bad() {
    let (things, script) = (written().await, failing_at("bad", false));
    let bisected = StreamSource {
        bisect: true,
        retries: Some(1),
        on_failure: Some("arn:failures".to_owned()),
        ..source()
    };
    let rig = things.read(bisected, &script, None).await;
    rig.sources.caught_up().await;
    assert_eq!(calls(&script), ["a b bad c d", "a b bad", "a b", "bad", "bad", "c d"]);
    let [told] = told(&rig).try_into().expect("one message");
    assert_eq!(told["DDBStreamBatchInfo"]["batchSize"], 1);
}

#[tokio::test]
async fn a_function_that_says_where_it_failed_gets_the_rest_again() {
    let (things, script) = (written().await, failing_at("bad", true));
    let rig = things.read(StreamSource { partial: true, retries: Some(1), ..source() }, &script, None).await;
    rig.sources.caught_up().await;
    assert_eq!(calls(&script), ["a b bad c d", "bad c d"], "the rest is given up with what failed");

    let (things, script) = (written().await, failing_at("bad", true));
    let bisected = StreamSource { partial: true, bisect: true, retries: Some(0), ..source() };
    let rig = things.read(bisected, &script, None).await;
    rig.sources.caught_up().await;
    assert_eq!(calls(&script), ["a b bad c d", "bad c d", "bad c", "bad", "c", "d"]);
}

#[tokio::test]
async fn a_function_that_recovers_gets_everything() {
    let calls_so_far = Mutex::new(0);
    let script = Script::new(move |_| {
        let mut calls = calls_so_far.lock().unwrap();
        *calls += 1;
        match *calls {
            1 => Err(InvokeError::Crashed("signal: 9".to_owned())),
            2 => Err(InvokeError::Throttled(1)),
            _ => Ok(Value::Null),
        }
    });
    let things = written().await;
    let rig = things.read(StreamSource { retries: Some(1), ..source() }, &script, None).await;
    rig.sources.caught_up().await;
    assert_eq!(calls(&script), ["a b bad c d"; 3]);
    assert!(told(&rig).is_empty());
}

#[tokio::test]
async fn records_that_are_too_old_are_given_up() {
    let (things, script) = (Things::new().await, Script::new(|_| Err(failure())));
    let aged = StreamSource {
        most_age: Some(Duration::from_millis(1)),
        on_failure: Some("arn:failures".to_owned()),
        ..source()
    };
    // The database tells whole seconds.
    things.put("1", "a").await;
    let rig = things.read(aged, &script, None).await;
    rig.sources.caught_up().await;
    let [told] = told(&rig).try_into().expect("one message");
    assert_eq!(told["requestContext"]["condition"], "RecordAgeExceeded");
}

//! What was given up is where an operator finds it, and is brought to its receivers as `docs/operations.md` says.

use std::time::Duration;

use local::queues::{Draft, Message};
use models::{Clock as _, SystemClock};
use serde_json::{Value, json};
use testing::Server;
use testing::receiver::{Down, Received, Receiver};

use super::{EVERYWHERE, create, end, join, start, start_changed, text, told, told_at};

const WEBHOOKS: &str = "WebhooksQueue";
const DEAD_WEBHOOKS: &str = "DeadWebhooksQueue";
const DEAD_JOBS: &str = "DeadJobsQueue";

fn messages(server: &Server, queue: &str) -> Vec<Message> {
    server.stack.queue_messages(queue).expect("a queue")
}

/// The session's deliveries to a URL.
async fn deliveries(server: &Server, room_id: &str, url: &str) -> Vec<Value> {
    let answered = server.signed("/auth/webhook/deliveries", &json!({ "room_id": room_id })).await;
    let all = answered.body["deliveries"].as_array().unwrap_or_else(|| panic!("{:?}", answered.body));
    all.iter().filter(|one| one["url"] == url).cloned().collect()
}

/// Waits until something holds.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..600 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what}: it does not come");
}

async fn purge(server: &Server, logical_id: &str) {
    let queue = server.stack.template.queues.iter().find(|queue| queue.logical_id == logical_id);
    server.ask_sqs("PurgeQueue", json!({"QueueUrl": queue.expect("a queue").url})).await;
}

/// Lets what waits on the queue have happened a day and an hour ago. The stack's clock is the machine's, so in place of each
/// message comes another, which is the same but for its time and its deduplication id.
async fn let_a_day_pass(server: &Server) {
    let waiting = messages(server, WEBHOOKS);
    purge(server, WEBHOOKS).await;
    let yesterday = SystemClock.now().minus(Duration::from_hours(25));
    for message in waiting {
        let mut webhook: Value = serde_json::from_str(&message.body).expect("JSON");
        webhook["occurred_at"] = json!(yesterday);
        let draft = Draft::new(webhook.to_string())
            .in_group(message.group.expect("a group"))
            .once_as(format!("{}-later", message.id));
        server.stack.send(WEBHOOKS, draft).expect("sent");
    }
}

#[tokio::test]
async fn a_receiver_that_was_away_for_a_day_gets_what_was_given_up_by_a_replay() {
    let (receiver, down) = (Receiver::start(), Down::new());
    let server = start(receiver.url(EVERYWHERE), |_| {}).await;
    let url = down.url("own");
    let sid = create(&server, "away", Some(&url), json!({})).await;
    join(&server, "away", "ann").await;
    let is_third = |hook: &Received| hook.sequence() == 3 && hook.is_taken();
    receiver.until("the third elsewhere", |received| received.iter().any(is_third)).await;
    until("one that is tried again", async || {
        messages(&server, WEBHOOKS).len() == 3 && !deliveries(&server, "away", &url).await.is_empty()
    })
    .await;
    let first = &deliveries(&server, "away", &url).await[0];
    assert_eq!((&first["sequence"], &first["status"]), (&json!(1), &json!("retrying")));
    assert_eq!((&first["outcome"], &first["why"]), (&json!("unreachable"), &json!("connect")));
    assert_eq!(messages(&server, DEAD_WEBHOOKS).len(), 0);

    let_a_day_pass(&server).await;
    until("three dead letters", async || messages(&server, DEAD_WEBHOOKS).len() == 3).await;
    until("none that waits", async || messages(&server, WEBHOOKS).is_empty()).await;
    for (number, letter) in (1..).zip(messages(&server, DEAD_WEBHOOKS)) {
        let letter: Value = serde_json::from_str(&letter.body).expect("JSON");
        let named = json!([letter["room"], letter["sid"], letter["number"], letter["url"]]);
        assert_eq!(named, json!(["main/away", sid, number, url]), "what a replay asks for");
        let body: Value = serde_json::from_str(&text(&letter["body"])).expect("JSON");
        assert_eq!(body["room"]["sid"], json!(sid), "the whole of it");
    }
    let failed = deliveries(&server, "away", &url).await;
    let stand: Vec<_> = failed.iter().map(|one| json!([one["sequence"], one["status"]])).collect();
    assert_eq!(stand, [json!([1, "failed"]), json!([2, "failed"]), json!([3, "failed"])]);
    assert!(failed.iter().all(|one| one.get("next_attempt_at").is_none()), "{failed:?}");
    assert!(failed[0]["attempts"].as_u64() >= Some(2), "{failed:?}");
    assert_eq!(
        (&failed[1]["attempts"], &failed[2]["attempts"]),
        (&json!(1), &json!(1)),
        "held back, and tried"
    );

    // "Mend the receiver": what comes later comes by itself, and not what was given up.
    let own = down.up();
    end(&server, "away").await;
    own.finished("own", &sid).await;
    receiver.finished(EVERYWHERE, &sid).await;
    server.stack.settled().await;
    assert_eq!(sent(&own), [4, 5, 6]);
    assert_eq!(told_at(&receiver, EVERYWHERE, &sid).len(), 6, "the other URL had everything at once");

    // "Replay", from the first that failed.
    let body = json!({"room_id": "away", "sid": sid, "from_sequence": failed[0]["sequence"]});
    let replayed = server.signed("/auth/webhook/replay", &body).await;
    assert_eq!(replayed.body["replayed"], "12", "{:?}", replayed.body);
    server.stack.settled().await;
    assert_eq!(sent(&own), [4, 5, 6, 1, 2, 3, 4, 5, 6]);
    let (before, after) = (&own.received()[..3], &own.received()[6..]);
    for (before, after) in before.iter().zip(after) {
        let delivery = "x-vestibule-delivery";
        assert_eq!(before.header(delivery), after.header(delivery), "who has it can tell");
    }
    let now = deliveries(&server, "away", &url).await;
    assert!(now.len() == 6 && now.iter().all(|one| one["status"] == "delivered"), "{now:?}");

    // "Then purge the queue".
    assert_eq!(messages(&server, DEAD_WEBHOOKS).len(), 3, "a replay does not take from it");
    purge(&server, DEAD_WEBHOOKS).await;
    assert_eq!(messages(&server, DEAD_WEBHOOKS).len(), 0);
    server.stop().await;
}

/// The numbers that a receiver was sent, in their order.
fn sent(receiver: &Receiver) -> Vec<u32> {
    receiver.received().iter().map(Received::sequence).collect()
}

/// The records of the stream from a place that was given up on, up to its last: what `get-shard-iterator` and
/// `get-records` say.
async fn records_at(server: &Server, place: &Value) -> Vec<Value> {
    let iterator = json!({
        "StreamArn": place["streamArn"], "ShardId": place["shardId"],
        "ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": place["startSequenceNumber"],
    });
    let iterator = server.ask_streams("GetShardIterator", iterator).await["ShardIterator"].clone();
    let page = server.ask_streams("GetRecords", json!({ "ShardIterator": iterator })).await;
    let records = page["Records"].as_array().expect("records");
    let is_last = |record: &Value| record["dynamodb"]["SequenceNumber"] == place["endSequenceNumber"];
    let last = records.iter().position(is_last).expect("the last one is there");
    records[..=last].to_vec()
}

/// A session of whose webhooks the second and third could not be relayed: its metadata was unreadable then. Gives the
/// session's id, and the metadata as they are right.
async fn poisoned(server: &Server, receiver: &Receiver, room_id: &str) -> (String, Value) {
    let sid = create(server, room_id, Some(&receiver.url("own")), json!({})).await;
    let is_first = |hook: &&Received| hook.sid() == sid && hook.is_taken();
    receiver.until("the first, at both", |received| received.iter().filter(is_first).count() == 2).await;
    let (pk, sk) = (format!("ROOM#main/{room_id}"), format!("META#{sid}"));
    let right = server.item(&pk, &sk).await;
    let token = server.mint(room_id, "ann").await;
    server.change(&pk, &sk, &[("title", 5)]).await;
    let before = messages(server, DEAD_JOBS).len();
    assert_eq!(server.redeem(&token).await.status, 201);
    until("what was given up", async || messages(server, DEAD_JOBS).len() > before).await;
    (sid, right)
}

#[tokio::test]
async fn a_record_that_cannot_be_relayed_is_told_of_and_relayed_by_hand_while_others_go_on() {
    let receiver = Receiver::start();
    let changes = [("RelayEventsFunction", "MaximumRetryAttempts: 50", "MaximumRetryAttempts: 1")];
    let server = start_changed(receiver.url(EVERYWHERE), &changes).await;
    let (running, right) = poisoned(&server, &receiver, "running").await;
    let other = create(&server, "other", None, json!({})).await;
    join(&server, "other", "ann").await;
    end(&server, "other").await;
    receiver.finished(EVERYWHERE, &other).await;
    assert_eq!(told_at(&receiver, EVERYWHERE, &other).len(), 6, "others go on");
    server.put(&right).await;
    join(&server, "running", "bob").await;
    let numbers = |sid: &str| {
        // At the room's own URL, which goes with the metadata of its session.
        let attempts = receiver.attempts("own", sid);
        attempts.iter().map(Received::sequence).collect::<Vec<_>>()
    };
    let is_fourth = |hook: &Received| hook.path == "own" && hook.sid() == running && hook.sequence() == 4;
    receiver.until("what follows", |received| received.iter().any(is_fourth)).await;
    assert_eq!(numbers(&running), [1, 4], "the receiver sees the gap");

    // A session that is over, and cleared, before anybody looks after it.
    let (over, right) = poisoned(&server, &receiver, "over").await;
    server.put(&right).await;
    end(&server, "over").await;
    receiver.finished("own", &over).await;
    server.stack.settled().await;
    assert_eq!(numbers(&over), [1, 4, 5, 6]);

    let letters = messages(&server, DEAD_JOBS);
    assert_eq!(letters.len(), 2);
    for letter in letters {
        let letter: Value = serde_json::from_str(&letter.body).expect("JSON");
        assert_eq!(letter["requestContext"]["condition"], "RetryAttemptsExhausted");
        let place = &letter["DDBStreamBatchInfo"];
        assert_eq!(place["batchSize"], 1, "with as few others as can be");
        let event = json!({"Records": records_at(&server, place).await});
        for _ in 0..2 {
            let relayed =
                server.stack.invoke("relay_events", event.to_string().into()).await.expect("relayed");
            assert_eq!(&*relayed.payload, br#"{"batchItemFailures":[]}"#);
        }
    }
    server.stack.settled().await;
    assert_eq!(numbers(&running), [1, 4, 2, 3], "once each");
    assert_eq!(numbers(&over), [1, 4, 5, 6, 2, 3]);
    let joined = receiver.attempts("own", &running).pop().expect("it came").json;
    assert_eq!(joined["participant"]["name"], "ann");
    end(&server, "running").await;
    receiver.finished("own", &running).await;
    let mut hooks = receiver.attempts("own", &running);
    hooks.sort_by_key(Received::sequence);
    let events: Vec<_> = hooks.iter().map(Received::event).collect();
    let expected = told([
        ("room_created", None, 0),
        ("room_started", None, 1),
        ("participant_joined", Some("ann"), 1),
        ("participant_joined", Some("bob"), 2),
        ("participant_left", Some("ann"), 1),
        ("participant_left", Some("bob"), 0),
        ("session_ended", None, 0),
        ("room_finished", None, 0),
    ]);
    assert_eq!(events, expected.iter().map(|told| told.event.as_str()).collect::<Vec<_>>());
    server.stop().await;
}

mod failures;
mod outcomes;
mod signing;

use std::time::Duration;

use models::Room;
use serde_json::{Value, json};
use testing::receiver::{Answer, Receiver};
use testing::rooms::new_room;
use testing::{Draft, TestTable};

use super::*;

const QUEUE: &str = "WebhooksQueue";
const DEAD: &str = "DeadWebhooksQueue";

async fn deliverer(table: &TestTable) -> Worker<Config> {
    table.worker("deliver_webhook", Config::load).await
}

/// A receiver by the table's clock.
fn receiver(table: &TestTable) -> Receiver {
    Receiver::by(table.clock.clone())
}

/// A webhook of a session, of this moment.
fn webhook(table: &TestTable, room: &Room, number: u32, url: &str) -> Message {
    let body = json!({"event": "participant_joined", "room": {"sid": room.sid}, "number": number});
    Message {
        room: room.key.clone(),
        sid: room.sid,
        number,
        url: url.to_owned(),
        occurred_at: table.now(),
        body: body.to_string(),
        api_key: room.api_key.clone(),
        replay: None,
    }
}

/// Puts webhooks on their queue.
fn send(table: &TestTable, messages: &[&Message]) {
    for message in messages {
        let body = serde_json::to_string(message).expect("text");
        let draft = Draft::new(body).in_group(message.group_id()).once_as(message.deduplication_id());
        table.send(QUEUE, draft);
    }
}

/// Delivers what an event holds; says which messages come again.
async fn deliver(worker: &Worker<Config>, event: Value) -> Vec<String> {
    let event = serde_json::from_value(event).expect("an event");
    let response = handle(worker, event).await.expect("handled");
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

/// Receives one webhook and delivers it; says whether it is done with, and so gone.
async fn deliver_one(table: &TestTable, worker: &Worker<Config>) -> bool {
    let event = table.receive(QUEUE);
    let records = event["Records"].as_array().expect("records").clone();
    let [record] = records.as_slice() else { panic!("{records:#?}") };
    let failed = deliver(worker, event).await;
    if failed.is_empty() {
        table.delete(QUEUE, record);
    } else {
        assert_eq!(failed, [record["messageId"].as_str().expect("an id")]);
    }
    failed.is_empty()
}

/// Delivers this webhook, as it comes for the first time; says whether it is done with.
async fn deliver_new(table: &TestTable, worker: &Worker<Config>, message: &Message) -> bool {
    send(table, &[message]);
    deliver_one(table, worker).await
}

/// What is noted of a webhook.
async fn noted(table: &TestTable, message: &Message) -> Option<Delivery> {
    let state = table.store().delivery(&message.room, message.sid, message.number, &message.url).await;
    state.expect("readable").known
}

/// Status, attempts, and outcome of what is noted of a webhook.
async fn stands(table: &TestTable, message: &Message) -> (DeliveryStatus, u32, Value) {
    let delivery = noted(table, message).await.expect("it is noted");
    (delivery.status, delivery.attempts, serde_json::from_str(&delivery.outcome).expect("JSON"))
}

/// How long it is until the only message of the queue can be received.
fn hidden_for(table: &TestTable) -> Duration {
    let messages = table.messages(QUEUE);
    let [message] = messages.as_slice() else { panic!("{messages:?}") };
    message.visible_at.since(table.now())
}

/// The numbers that a receiver was sent at a path, with their attempts.
fn sent(receiver: &Receiver, path: &str) -> Vec<(u32, u32)> {
    let hooks = receiver.received().into_iter().filter(|hook| hook.path == path);
    hooks.map(|hook| (hook.sequence(), hook.number("x-vestibule-attempt"))).collect()
}

#[tokio::test]
async fn a_webhook_that_is_taken_is_done_with_and_noted() {
    let table = TestTable::new().await;
    let (worker, receiver) = (deliverer(&table).await, receiver(&table));
    let room = table.rooms().open("room-1", None).await;
    let message = webhook(&table, &room, 3, &receiver.url("hook"));
    receiver.script("hook", [Answer::status(204)]);
    table.clock.advance(Duration::from_secs(2));
    assert!(deliver_new(&table, &worker, &message).await);
    let hooks = receiver.received();
    let [hook] = hooks.as_slice() else { panic!("{hooks:?}") };
    assert_eq!(hook.body, message.body.as_bytes());
    assert_eq!((hook.sequence(), hook.number("x-vestibule-attempt")), (3, 1));
    assert_eq!(hook.header("x-vestibule-delivery"), message.delivery_id().to_string());
    let expected = Delivery {
        number: 3,
        url: message.url.clone(),
        body: message.body.clone(),
        occurred_at: message.occurred_at,
        status: DeliveryStatus::Delivered,
        attempts: 1,
        outcome: r#"{"outcome":"delivered","http_status":204}"#.to_owned(),
        attempted_at: table.now(),
        next_attempt_at: None,
    };
    assert_eq!(noted(&table, &message).await, Some(expected));
    assert_eq!(table.queued(DEAD).len(), 0);
}

#[tokio::test]
async fn a_webhook_that_comes_twice_is_sent_once() {
    let table = TestTable::new().await;
    let (worker, receiver) = (deliverer(&table).await, receiver(&table));
    let room = table.rooms().open("room-1", None).await;
    let message = webhook(&table, &room, 1, &receiver.url("hook"));
    send(&table, &[&message]);
    assert_eq!(deliver(&worker, table.receive(QUEUE)).await, [""; 0]);
    // The answer of the function was lost.
    table.clock.advance(Duration::from_mins(1));
    assert!(deliver_one(&table, &worker).await);
    assert_eq!(sent(&receiver, "hook"), [(1, 1)]);
    assert_eq!(stands(&table, &message).await.1, 1);
}

#[tokio::test]
async fn a_replay_is_sent_whatever_came_of_it_before_and_happened_when_it_happened() {
    let table = TestTable::new().await;
    let (worker, receiver) = (deliverer(&table).await, receiver(&table));
    let room = table.rooms().open("room-1", None).await;
    let message = webhook(&table, &room, 1, &receiver.url("hook"));
    assert!(deliver_new(&table, &worker, &message).await);
    let replayed_at = table.now().plus(Duration::from_hours(6 * 24));
    table.clock.advance(Duration::from_hours(6 * 24));
    let replay = Message { occurred_at: replayed_at, replay: Some(worker.random.uuid()), ..message.clone() };
    receiver.script("hook", [Answer::status(500)]);
    assert!(!deliver_new(&table, &worker, &replay).await, "a day of its own");
    assert_eq!(stands(&table, &message).await.0, DeliveryStatus::Retrying);
    table.clock.advance(hidden_for(&table));
    assert!(deliver_one(&table, &worker).await);
    let delivery = noted(&table, &message).await.expect("noted");
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Delivered, 3));
    assert_eq!(delivery.occurred_at, message.occurred_at);
    assert_eq!(sent(&receiver, "hook"), [(1, 1), (1, 2), (1, 3)]);
}

#[tokio::test]
async fn what_waits_behind_a_failure_is_not_tried_and_other_groups_are() {
    let table = TestTable::new().await;
    let (worker, receiver) = (deliverer(&table).await, receiver(&table));
    let (one, two) =
        (table.rooms().open("room-1", None).await, table.rooms().create(&new_room("room-2")).await);
    receiver.script("hook", [Answer::status(500)]);
    let url = receiver.url("hook");
    let first = webhook(&table, &one, 1, &url);
    let second = webhook(&table, &one, 2, &url);
    let other = webhook(&table, &one, 1, &receiver.url("other"));
    let foreign = webhook(&table, &two, 1, &url);
    send(&table, &[&first, &second, &other, &foreign]);
    let event = table.receive(QUEUE);
    let id = |message: &Message| {
        let body = serde_json::to_string(message).expect("text");
        let records = event["Records"].as_array().expect("records").iter();
        let record = records.clone().find(|record| record["body"] == body).expect("received");
        record["messageId"].as_str().expect("an id").to_owned()
    };
    let (waiting, behind) = (id(&first), id(&second));
    let mut failed = deliver(&worker, event).await;
    failed.sort_unstable();
    let mut expected = [waiting, behind];
    expected.sort_unstable();
    assert_eq!(failed, expected);
    assert_eq!(sent(&receiver, "hook"), [(1, 1), (1, 1)], "the second session's is not behind it");
    assert_eq!(sent(&receiver, "other"), [(1, 1)]);
    assert_eq!(noted(&table, &second).await, None);
}

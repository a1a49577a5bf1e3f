mod again;
mod dismissed;

use std::collections::BTreeSet;

use models::{EndReason, Room, RoomKey};
use serde_json::{Value, json};
use store::{NewRoom, NewToken, Session, StreamChange, StreamRecord, end_job};
use testing::rooms::{DEPARTURE, HOST, PAST_ROOMS, new_room, new_token};
use testing::{Draft, TestTable};
use webhook::Message;

use super::*;

const QUEUE: &str = "SessionEndsQueue";
/// Where the webhooks of these tests' rooms go.
const URL: &str = "https://a.example/hook";

async fn finisher(table: &TestTable) -> Worker<Config> {
    table.worker("finish_session", Config::load).await
}

async fn open(table: &TestTable, room_id: &str) -> Room {
    table.rooms().create(&NewRoom { webhook_url: Some(URL.to_owned()), ..new_room(room_id) }).await
}

/// What follows these changes of the table, as the relay asks for it.
fn jobs(records: &[Value]) -> Vec<String> {
    let job = |record: &Value| {
        let record: StreamRecord = serde_json::from_value(record.clone()).expect("a record");
        match record.change().expect("readable") {
            Some(StreamChange::Room(change)) => change.over().map(|over| end_job(&over)),
            _ => None,
        }
    };
    records.iter().filter_map(job).collect()
}

/// Does these jobs, as they come from their queue; says which of them come again.
async fn finish_jobs(table: &TestTable, worker: &Worker<Config>, jobs: &[String]) -> Vec<usize> {
    for job in jobs {
        table.send(QUEUE, Draft::new(job));
    }
    let event = table.receive(QUEUE);
    let records = event["Records"].as_array().expect("records").clone();
    assert_eq!(records.len(), jobs.len());
    let response = handle(worker, serde_json::from_value(event).expect("an event")).await.expect("handled");
    let failed: Vec<_> = response.batch_item_failures.into_iter().map(|one| one.item_identifier).collect();
    for record in &records {
        table.delete(QUEUE, record);
    }
    let place = |id: &String| records.iter().position(|record| record["messageId"] == **id).expect("an id");
    failed.iter().map(place).collect()
}

/// Does what follows all ends so far.
async fn finish_all(table: &TestTable, worker: &Worker<Config>) {
    let jobs = jobs(&table.records().await);
    assert_eq!(finish_jobs(table, worker, &jobs).await, [0; 0]);
}

/// What is on its way: the number, what it is about, and how many are in.
fn told(table: &TestTable) -> Vec<(u64, String, Option<String>, u64)> {
    let one = |message: Value| {
        let payload: Value = serde_json::from_str(message["body"].as_str().expect("a text")).expect("JSON");
        let user = payload["participant"]["identity"].as_str().map(str::to_owned);
        let people = payload["room"]["num_participants"].as_u64().expect("a number");
        let event = payload["event"].as_str().expect("an event").to_owned();
        (message["number"].as_u64().expect("a number"), event, user, people)
    };
    table.queued("WebhooksQueue").into_iter().map(one).collect()
}

fn one(number: u64, event: &str, user: Option<&str>, people: u64) -> (u64, String, Option<String>, u64) {
    (number, event.to_owned(), user.map(str::to_owned), people)
}

async fn remembered(table: &TestTable, room: &RoomKey) -> Session {
    let page = store::Page { from: 0, limit: 10, ascending: false };
    let history = table.store().history_of(&[room.clone()].into(), page).await.expect("readable");
    history.sessions.into_iter().next().expect("a session")
}

/// The sort keys in the partition of a room.
async fn kept(table: &TestTable, room: &RoomKey) -> BTreeSet<String> {
    let items = table.items().await.into_iter();
    let items = items.filter(|item| item["pk"]["S"] == format!("ROOM#{room}"));
    items.map(|item| item["sk"]["S"].as_str().expect("a text").to_owned()).collect()
}

fn keys<const N: usize>(keys: [&str; N]) -> BTreeSet<String> {
    keys.map(str::to_owned).into()
}

#[tokio::test]
async fn who_was_in_is_told_to_have_left_in_the_order_of_coming_then_it_is_over() {
    let table = TestTable::new().await;
    let (worker, rooms) = (finisher(&table).await, table.rooms());
    let room = open(&table, "room-1").await;
    for user in ["cyd", "bob", "ann"] {
        table.clock.advance(Duration::from_secs(1));
        let seat = rooms.seat(&room.key, user).await;
        if user == "bob" {
            rooms.leave(&seat).await;
        }
    }
    rooms.mint(&room.key, "never").await;
    table.clock.advance(Duration::from_secs(1));
    let ended_at = table.now();
    rooms.end_session(&room.key).await;
    table.clock.advance(Duration::from_mins(1));
    finish_all(&table, &worker).await;
    let expected = [
        one(7, "participant_left", Some("cyd"), 1),
        one(8, "participant_left", Some("ann"), 0),
        one(9, "session_ended", None, 0),
        one(10, "room_finished", None, 0),
    ];
    assert_eq!(told(&table), expected);
    for message in table.messages("WebhooksQueue") {
        let webhook: Message = serde_json::from_str(&message.body).expect("a webhook");
        assert_eq!(message.group, Some(webhook.group_id()));
        assert_eq!(message.deduplication, Some(webhook.deduplication_id()));
        assert_eq!((webhook.url.as_str(), webhook.occurred_at), (URL, ended_at));
        assert_eq!((webhook.sid, webhook.api_key), (room.sid, room.api_key.clone()));
    }
}

#[tokio::test]
async fn a_session_that_nobody_joined_ends_with_two_and_three_at_each_url() {
    let table = TestTable::new().await;
    let env = table.env_with("finish_session", &[("WEBHOOK_URL", "https://b.example/hook")]);
    let worker = table.worker_in(env, Config::load).await;
    let room = open(&table, "room-1").await;
    table.rooms().end_session(&room.key).await;
    finish_all(&table, &worker).await;
    let (ended, finished) = (one(2, "session_ended", None, 0), one(3, "room_finished", None, 0));
    assert_eq!(told(&table), [ended.clone(), ended, finished.clone(), finished]);
    let urls: Vec<_> = table.queued("WebhooksQueue").iter().map(|message| message["url"].clone()).collect();
    assert_eq!(urls[0], URL);
    assert_eq!(urls[1], "https://b.example/hook");
}

#[tokio::test]
async fn a_session_without_a_url_is_remembered_and_cleared_all_the_same() {
    let table = TestTable::new().await;
    let (worker, rooms) = (finisher(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    rooms.seat(&room.key, "ann").await;
    rooms.end_session(&room.key).await;
    finish_all(&table, &worker).await;
    assert_eq!(told(&table), []);
    assert_eq!(remembered(&table, &room.key).await.peak, Some(1));
    assert_eq!(kept(&table, &room.key).await, keys(["STATE"]));
}

#[tokio::test]
async fn the_most_seats_are_remembered_whether_they_were_taken_before_or_at_the_end() {
    let table = TestTable::new().await;
    let (worker, rooms) = (finisher(&table).await, table.rooms());
    for (room_id, noted, peak) in [("before", Some(5), 5), ("at-the-end", Some(1), 2), ("never", None, 2)] {
        let room = open(&table, room_id).await;
        for user in ["ann", "bob"] {
            rooms.seat(&room.key, user).await;
        }
        if let Some(seats) = noted {
            table.store().note_crowd(&room.key, room.sid, seats).await.expect("noted");
        }
        rooms.end_session(&room.key).await;
        let job = jobs(&table.records().await).pop().expect("an end");
        assert_eq!(finish_jobs(&table, &worker, &[job]).await, [0; 0]);
        let session = remembered(&table, &room.key).await;
        assert_eq!((session.peak, session.joined, session.reason), (Some(peak), 2, Some(EndReason::Api)));
        assert_eq!(session.title, format!("Title of {room_id}"), "the rest is as it was");
    }
}

#[tokio::test]
async fn a_session_whose_room_ttl_removed_is_remembered_whole() {
    let table = TestTable::new().await;
    let (worker, rooms) = (finisher(&table).await, table.rooms());
    let room = open(&table, "room-1").await;
    let ann = rooms.seat(&room.key, "ann").await;
    rooms.leave(&ann).await;
    let ended_at = table.now().plus(DEPARTURE);
    let mut removed = table.records().await;
    removed.retain(|record| record["dynamodb"]["Keys"]["sk"]["S"] == "STATE");
    let mut removed = removed.pop().expect("a state");
    let state = removed["dynamodb"]["NewImage"].take();
    removed["dynamodb"]["OldImage"] = state;
    table.clock.advance(Duration::from_hours(9 * 24));
    assert_eq!(finish_jobs(&table, &worker, &jobs(&[removed])).await, [0; 0]);
    assert_eq!(told(&table), [one(5, "session_ended", None, 0), one(6, "room_finished", None, 0)]);
    let session = remembered(&table, &room.key).await;
    assert_eq!((session.sid, session.joined, session.peak), (room.sid, 1, Some(0)));
    assert_eq!((session.ended_at, session.reason), (Some(ended_at), Some(EndReason::LastLeft)));
    assert_eq!((session.title.as_str(), session.webhook_url.as_deref()), ("Title of room-1", Some(URL)));
    let items = table.items().await;
    let past = items.iter().find(|item| item["pk"]["S"] == "PAST#main/room-1").expect("remembered");
    assert_eq!(past["expires_at"]["N"], ended_at.plus(PAST_ROOMS).seconds().to_string());
}

#[tokio::test]
async fn people_tokens_and_metadata_of_the_session_are_gone() {
    let table = TestTable::new().await;
    let (worker, rooms) = (finisher(&table).await, table.rooms());
    let room = open(&table, "room-1").await;
    let large = |user: &str| {
        let metadata = json!({"name": "x".repeat(600)}).to_string();
        NewToken { metadata, ..new_token(user, table.now()) }
    };
    let used = rooms.mint_as(&room.key, large("ann")).await;
    rooms.redeem(&used).await.expect("a seat");
    let unused = rooms.mint_as(&room.key, large("bob")).await;
    rooms.remove(&room.key, "cyd", true).await.expect("barred");
    let bob = rooms.seat(&room.key, "bob").await;
    rooms.leave(&bob).await;
    table.store().note_crowd(&room.key, room.sid, 2).await.expect("noted");
    assert!(kept(&table, &room.key).await.len() >= 7);
    rooms.end_session(&room.key).await;
    finish_all(&table, &worker).await;
    assert_eq!(kept(&table, &room.key).await, keys(["STATE"]), "bans are of the session, too");
    let next = open(&table, "room-1").await;
    assert!(rooms.redeem(&unused).await.is_err(), "a token of the session that is over");
    rooms.seat(&next.key, "cyd").await;
    assert_eq!(rooms.state(&room.key).await.seats, 1);
}

#[tokio::test]
async fn a_room_by_code_keeps_its_metadata_and_its_bans() {
    let table = TestTable::new().await;
    let (worker, rooms) = (finisher(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.join(&room.key, HOST).await.expect("a seat");
    rooms.join_as_guest(&room.key, "Jane").await.expect("a seat");
    let bob = rooms.join(&room.key, "bob").await.expect("a seat");
    rooms.ban(&bob).await;
    rooms.end_session(&room.key).await;
    finish_all(&table, &worker).await;
    assert_eq!(kept(&table, &room.key).await, keys(["META", "PARTICIPANT#bob", "STATE"]));
    assert!(rooms.join(&room.key, "bob").await.is_err(), "he is barred");
    rooms.join(&room.key, HOST).await.expect("the next session");
}

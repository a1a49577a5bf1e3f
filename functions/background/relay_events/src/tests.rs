mod failures;
mod late;
mod notices;

use models::{Role, Room, Timestamp};
use serde_json::{Value, json};
use store::{NewRoom, NewToken};
use testing::rooms::{HOST, new_room, new_token, session_of, user_id};
use testing::{API_KEY, TestTable};
use webhook::Message;

use super::*;

/// Where the webhooks of these tests' rooms go.
const URL: &str = "https://a.example/hook";
/// Where those of all rooms go, in some of the tests.
const EVERYWHERE: &str = "https://b.example/hook";

async fn relayer(table: &TestTable) -> Worker<Config> {
    table.worker("relay_events", Config::load).await
}

async fn open(table: &TestTable, room_id: &str) -> Room {
    table.rooms().create(&NewRoom { webhook_url: Some(URL.to_owned()), ..new_room(room_id) }).await
}

/// Relays these records; says from which on they come again.
async fn relay(worker: &Worker<Config>, records: &[Value]) -> Option<String> {
    let event = serde_json::from_value(json!({ "Records": records })).expect("an event");
    let response = handle(worker, event).await.expect("handled");
    let failed = response.batch_item_failures.as_slice();
    assert!(failed.len() <= 1, "the first one says it all: {failed:?}");
    failed.first().map(|failure| failure.item_identifier.clone().expect("a sequence number"))
}

/// Relays all that has happened.
async fn relay_all(table: &TestTable, worker: &Worker<Config>) {
    assert_eq!(relay(worker, &table.records().await).await, None);
}

fn sequence(record: &Value) -> String {
    record["dynamodb"]["SequenceNumber"].as_str().expect("a number").to_owned()
}

/// The records of what has the sort key `sk`.
fn of<'a>(records: &'a [Value], sk: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["dynamodb"]["Keys"]["sk"]["S"] == sk).collect()
}

/// A webhook in short: its number, what it is about, and how many are in.
type Told = (u64, String, Option<String>, u64);

fn told<'a>(all: impl IntoIterator<Item = (u64, &'a str, Option<&'a str>, u64)>) -> Vec<Told> {
    let one = |(number, event, user, people): (_, &str, Option<&str>, _)| {
        (number, event.to_owned(), user.map(str::to_owned), people)
    };
    all.into_iter().map(one).collect()
}

fn payload(message: &Value) -> Value {
    serde_json::from_str(message["body"].as_str().expect("a text")).expect("JSON")
}

/// What is on its way to a URL.
fn told_at(table: &TestTable, url: &str) -> Vec<Told> {
    let messages = table.queued("WebhooksQueue").into_iter().filter(|message| message["url"] == url);
    let one = |message: Value| {
        let payload = payload(&message);
        let user = payload["participant"]["identity"].as_str().map(str::to_owned);
        let people = payload["room"]["num_participants"].as_u64().expect("a number");
        let event = payload["event"].as_str().expect("an event").to_owned();
        (message["number"].as_u64().expect("a number"), event, user, people)
    };
    messages.map(one).collect()
}

/// A session with all that happens in it, a second apart.
async fn eventful(table: &TestTable) -> Room {
    let (rooms, second) = (table.rooms(), || table.clock.advance(Duration::from_secs(1)));
    let room = open(table, "room-1").await;
    second();
    let ann = rooms.seat(&room.key, "ann").await;
    second();
    let ghost = NewToken { hidden: true, role: Role::Moderator, ..new_token("ghost", table.now()) };
    let ghost = rooms.mint_as(&room.key, ghost).await;
    rooms.redeem(&ghost).await.expect("a seat");
    second();
    rooms.seat(&room.key, "ann").await;
    rooms.resume(&session_of(&rooms.seat(&room.key, "bob").await)).await;
    second();
    assert!(!rooms.leave(&ann).await, "she has sat down anew");
    rooms.remove(&room.key, "ann", false).await.expect("removed");
    second();
    rooms.remove(&room.key, "ghost", true).await.expect("barred");
    rooms.remove(&room.key, "nobody", true).await.expect("barred");
    table.store().revoke(&room.key, &store::Revoked::All, None).await.expect("revoked");
    second();
    rooms.end_session(&room.key).await;
    room
}

#[tokio::test]
async fn a_session_is_told_in_its_order_but_for_its_end() {
    let table = TestTable::new().await;
    let worker = relayer(&table).await;
    let room = eventful(&table).await;
    relay_all(&table, &worker).await;
    let expected = told([
        (1, "room_created", None, 0),
        (2, "room_started", None, 1),
        (3, "participant_joined", Some("ann"), 1),
        (4, "participant_joined", Some("ghost"), 2),
        (5, "participant_joined", Some("bob"), 3),
        (6, "participant_left", Some("ann"), 2),
        (7, "participant_left", Some("ghost"), 1),
    ]);
    assert_eq!(told_at(&table, URL), expected);
    for message in table.messages("WebhooksQueue") {
        let one: Message = serde_json::from_str(&message.body).expect("a webhook");
        assert_eq!(message.group, Some(one.group_id()));
        assert_eq!(message.deduplication, Some(one.deduplication_id()));
        assert_eq!((&one.room, one.sid, one.replay), (&room.key, room.sid, None));
        assert_eq!(one.api_key, Some(API_KEY.try_into().expect("an id")));
    }
}

#[tokio::test]
async fn a_webhook_says_when_it_happened_and_of_whom_what_receivers_may_know() {
    let table = TestTable::new().await;
    let worker = relayer(&table).await;
    let begins = table.now();
    let room = eventful(&table).await;
    table.clock.advance(Duration::from_hours(1));
    relay_all(&table, &worker).await;
    let messages = table.queued("WebhooksQueue");
    let happened = messages.iter().map(|one| one["occurred_at"].as_i64().expect("a time") - begins.millis());
    assert_eq!(happened.collect::<Vec<_>>(), [0, 1000, 1000, 2000, 3000, 4000, 5000]);
    let seconds = |after: i64| (begins.seconds() + after).to_string();
    let about = |people: u32| {
        json!({
            "sid": room.sid, "room_id": "room-1", "empty_timeout": 1800, "creation_time": seconds(0),
            "metadata": "{}", "num_participants": people,
        })
    };
    let created = json!({
        "event": "room_created", "room": about(0), "id": webhook::event_id(room.sid, 1), "created_at": seconds(0),
    });
    assert_eq!(payload(&messages[0]), created);
    let mut left = payload(&messages[6]);
    let metadata = left["participant"]["metadata"].take();
    let ghost = json!({
        "sid": models::ParticipantId::of(room.sid, &user_id("ghost")), "identity": "ghost",
        "name": "Name of ghost", "state": "DISCONNECTED", "joined_at": seconds(2), "metadata": null,
    });
    let expected = json!({
        "event": "participant_left", "room": about(1), "participant": ghost,
        "id": webhook::event_id(room.sid, 7), "created_at": seconds(5),
    });
    assert_eq!(left, expected);
    let metadata: Value = serde_json::from_str(metadata.as_str().expect("a text")).expect("JSON");
    assert!(metadata.is_object(), "{metadata}");
}

#[tokio::test]
async fn what_is_no_news_of_a_session_yields_nothing() {
    let table = TestTable::new().await;
    let (worker, rooms) = (relayer(&table).await, table.rooms());
    let room = open(&table, "room-1").await;
    let ann = rooms.seat(&room.key, "ann").await;
    let code = rooms.by_code(5).await;
    relay_all(&table, &worker).await;
    let before = ["WebhooksQueue", "LeasesQueue", "SessionEndsQueue"].map(|queue| table.queued(queue).len());
    let seen = table.records().await.len();
    rooms.mint(&room.key, "bob").await;
    rooms.leave(&ann).await;
    rooms.note(&room, &testing::rooms::delivery(1, URL, table.now())).await;
    rooms.lock(&code.key, true).await;
    rooms.lock(&code.key, false).await;
    rooms.end_room(&code.key).await;
    let records = table.records().await;
    let is_quiet = |record: &&Value| {
        let key = &record["dynamodb"]["Keys"];
        key["pk"]["S"] != format!("ROOM#{}", room.key) || key["sk"]["S"] != "STATE"
    };
    let quiet: Vec<_> = records[seen..].iter().filter(is_quiet).cloned().collect();
    assert!(quiet.len() >= 6, "{quiet:#?}");
    assert_eq!(relay(&worker, &quiet).await, None);
    let after = ["WebhooksQueue", "LeasesQueue", "SessionEndsQueue"].map(|queue| table.queued(queue).len());
    assert_eq!(after, before);
}

#[tokio::test]
async fn whatever_somebody_calls_himself_his_room_is_told_of() {
    let table = TestTable::new().await;
    let env = table.env_with("relay_events", &[("WEBHOOK_URL", EVERYWHERE)]);
    let (worker, rooms) = (table.worker_in(env, Config::load).await, table.rooms());
    // SQS takes a text without these only.
    let (name, user) = ("Jane\u{ffff}", "ann\u{fffe}");
    let code = rooms.by_code(5).await;
    rooms.join_as_guest(&code.key, name).await.expect("a seat");
    rooms.join(&code.key, user).await.expect("a seat");
    rooms.end_session(&code.key).await;
    relay_all(&table, &worker).await;
    let messages = table.queued("WebhooksQueue");
    let joined: Vec<_> = messages[2..].iter().map(|message| payload(message)["participant"].take()).collect();
    assert_eq!((&joined[0]["name"], &joined[1]["identity"]), (&json!(name), &json!(user)));
    assert_eq!(table.queued("LeasesQueue")[1]["user"], user);
    assert_eq!(table.queued("SessionEndsQueue").len(), 1);
}

#[tokio::test]
async fn a_room_by_code_is_told_from_its_first_join_on_and_signed_by_no_certain_key() {
    let table = TestTable::new().await;
    let env = table.env_with("relay_events", &[("WEBHOOK_URL", EVERYWHERE)]);
    let (worker, rooms) = (table.worker_in(env, Config::load).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.join(&room.key, HOST).await.expect("a seat");
    let guest = rooms.join_as_guest(&room.key, "Jane").await.expect("a seat");
    relay_all(&table, &worker).await;
    let expected = told([
        (1, "room_created", None, 0),
        (2, "room_started", None, 1),
        (3, "participant_joined", Some(HOST), 1),
        (4, "participant_joined", Some(guest.user.as_str()), 2),
    ]);
    assert_eq!(told_at(&table, EVERYWHERE), expected);
    let messages = table.queued("WebhooksQueue");
    assert!(messages.iter().all(|message| message.get("api_key").is_none()), "{messages:?}");
    assert_eq!(payload(&messages[3])["participant"]["sid"], guest.id.to_string());
}

#[tokio::test]
async fn each_url_is_told_once_and_without_one_nobody() {
    let table = TestTable::new().await;
    let env = table.env_with("relay_events", &[("WEBHOOK_URL", URL)]);
    let (one, same) = (relayer(&table).await, table.worker_in(env, Config::load).await);
    let env = table.env_with("relay_events", &[("WEBHOOK_URL", EVERYWHERE)]);
    let two = table.worker_in(env, Config::load).await;
    table.rooms().open("room-0", None).await;
    relay_all(&table, &one).await;
    assert_eq!(table.queued("WebhooksQueue").len(), 0);
    let seen = table.records().await.len();
    open(&table, "room-1").await;
    let records = table.records().await.split_off(seen);
    for (worker, urls) in [(&same, vec![URL]), (&two, vec![URL, EVERYWHERE])] {
        assert_eq!(relay(worker, &records).await, None);
        let messages = table.messages("WebhooksQueue");
        let queued = table.queued("WebhooksQueue");
        assert_eq!(queued.iter().map(|message| &message["url"]).collect::<Vec<_>>(), urls);
        let groups: std::collections::HashSet<_> = messages.iter().map(|message| &message.group).collect();
        assert_eq!(groups.len(), urls.len(), "each in a group of its own");
    }
}

#[tokio::test]
async fn a_lease_is_there_again_a_second_after_it_has_lapsed() {
    let table = TestTable::new().await;
    let (worker, rooms) = (relayer(&table).await, table.rooms());
    let room = open(&table, "room-1").await;
    let ann = rooms.seat(&room.key, "ann").await;
    let lapses = table.now().plus(Duration::from_mins(1));
    table.clock.advance(Duration::from_secs(20));
    relay_all(&table, &worker).await;
    let lease = |session, due_at: Timestamp| json!({"room": room.key, "sid": room.sid, "user": "ann", "session": session, "due_at": due_at});
    assert_eq!(table.queued("LeasesQueue"), [lease(ann.session, lapses)]);
    let visible = |place: usize| table.messages("LeasesQueue")[place].visible_at;
    assert_eq!(visible(0), lapses.plus(ROUNDING));

    let seen = table.records().await.len();
    let again = rooms.resume(&session_of(&ann)).await;
    let lapses = table.now().plus(Duration::from_mins(1));
    table.clock.advance(Duration::from_mins(5));
    assert_eq!(relay(&worker, &table.records().await[seen..]).await, None);
    assert_eq!(table.queued("LeasesQueue")[1], lease(again.session, lapses));
    assert_eq!(visible(1), table.now().plus(ROUNDING), "long lapsed: at once");
}

#[tokio::test]
async fn the_end_of_a_session_is_a_job_with_the_session_as_it_stood() {
    let table = TestTable::new().await;
    let (worker, rooms) = (relayer(&table).await, table.rooms());
    let room = open(&table, "room-1").await;
    rooms.seat(&room.key, "ann").await;
    table.clock.advance(Duration::from_secs(5));
    let ended_at = table.now();
    rooms.end_session(&room.key).await;
    let next = open(&table, "room-1").await;
    relay_all(&table, &worker).await;
    let jobs = table.messages("SessionEndsQueue");
    let [job] = jobs.as_slice() else { panic!("{jobs:?}") };
    let over = store::session_of_end_job(&job.body).expect("a job");
    assert_eq!((over.room.sid, over.room.seats, over.room.hooks), (room.sid, 1, 3));
    assert_eq!((over.ended_at, over.reason), (ended_at, models::EndReason::Api));
    assert_eq!(job.visible_at, table.now(), "it is there at once");
    let last = table.queued("WebhooksQueue").pop().expect("one");
    assert_eq!((&last["number"], &last["sid"]), (&json!(1), &json!(next.sid)), "the next one begins with 1");
}

#[tokio::test]
async fn the_most_seats_are_noted_when_somebody_leaves() {
    let table = TestTable::new().await;
    let (worker, rooms) = (relayer(&table).await, table.rooms());
    let room = open(&table, "room-1").await;
    let ann = rooms.seat(&room.key, "ann").await;
    let bob = rooms.seat(&room.key, "bob").await;
    relay_all(&table, &worker).await;
    let crowd = async || {
        let items = table.items().await;
        let crowd = items.into_iter().find(|item| item["sk"]["S"] == format!("CROWD#{}", room.sid));
        crowd.map(|item| item["seats"]["N"].as_str().expect("a number").to_owned())
    };
    assert_eq!(crowd().await, None, "nobody has left");
    rooms.leave(&ann).await;
    rooms.leave(&bob).await;
    let records = table.records().await;
    relay_all(&table, &worker).await;
    assert_eq!(crowd().await.as_deref(), Some("2"));
    // Another process sees the last of it alone, once more.
    let last = (*of(&records, "STATE").last().expect("a record")).clone();
    assert_eq!(relay(&relayer(&table).await, &[last]).await, None);
    assert_eq!(crowd().await.as_deref(), Some("2"), "it only grows");
}

use std::sync::Arc;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::{Clock, FixedClock, Room};
use serde_json::json;
use store::DeliveryStatus::{Failed, Gone, Refused, Retrying};
use testing::rooms::{HOST, delivery};
use testing::{API_KEY, Call, OTHER_API_KEY, OTHER_API_SECRET, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/auth/webhook/replay";
const QUEUE: &str = "WebhooksQueue";
const NONE: (u16, &str, &str) = (200, "no delivery found", "NOT_FOUND");
/// Where the webhooks of these tests went.
const URLS: [&str; 2] = ["https://a.example/hook", "https://b.example/hook"];

async fn app(table: &TestTable) -> App<Config> {
    table.app("replay_webhooks", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

fn body(room: &Room, from: u32) -> Value {
    json!({"room_id": room.key.room, "sid": room.sid, "from_sequence": from})
}

async fn replay(app: &App<Config>, body: Value) -> Reply {
    ask(app, Call::post(PATH, &body).signed()).await
}

/// How many were replayed, and where it goes on.
fn replayed(reply: &Reply) -> (&str, Option<u64>) {
    (reply.text("replayed"), reply.body["next_sequence"].as_u64())
}

/// Notes that webhooks with these numbers were taken at both URLs.
async fn note(table: &TestTable, room: &Room, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        for url in URLS {
            table.rooms().note(room, &delivery(number, url, table.now())).await;
        }
    }
}

/// The numbers on the queue of what goes to this URL, in their order.
fn queued(table: &TestTable, url: &str) -> Vec<u64> {
    let messages = table.queued(QUEUE).into_iter();
    messages.filter(|one| one["url"] == url).map(|one| one["number"].as_u64().expect("a number")).collect()
}

#[tokio::test]
async fn what_was_sent_goes_on_the_queue_once_more() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    note(&table, &room, [1]).await;
    let happened = table.now();
    table.clock.advance(Duration::from_hours(24));
    let reply = replay(&app, body(&room, 1)).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "replayed": "2",
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
    let messages = table.queued(QUEUE);
    let ids: Vec<_> = messages.iter().map(|message| message["replay"].as_str().expect("an id")).collect();
    assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
    for (message, url) in messages.iter().zip(URLS) {
        let expected = json!({
            "room": "main/room-1", "sid": room.sid, "number": 1, "url": url, "replay": ids[0],
            "occurred_at": happened.plus(Duration::from_hours(24)), "api_key": API_KEY,
            "body": delivery(1, url, happened).body,
        });
        assert_eq!(*message, expected);
    }
}

#[tokio::test]
async fn each_url_gets_them_in_order_from_the_number_on_whatever_came_of_them() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    note(&table, &room, 1..=60).await;
    for (number, status) in (57..).zip([Failed, Gone, Refused, Retrying]) {
        rooms.note(&room, &Delivery { status, ..delivery(number, URLS[0], table.now()) }).await;
    }
    assert_eq!(replayed(&replay(&app, body(&room, 3)).await), ("116", None));
    for url in URLS {
        assert_eq!(queued(&table, url), (3..=60).collect::<Vec<_>>(), "{url}");
    }
    assert_eq!(replayed(&replay(&app, body(&room, 60)).await), ("2", None));
    for url in URLS {
        assert_eq!(queued(&table, url).len(), 59, "each replay is one of its own");
    }
    let without = json!({"roomId": "room-1", "sid": room.sid});
    assert_eq!(replayed(&replay(&app, without).await), ("120", None), "from the first");
}

#[tokio::test]
async fn a_thousand_are_replayed_at_a_time() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    note(&table, &room, 1..=502).await;
    assert_eq!(replayed(&replay(&app, body(&room, 1)).await), ("1000", Some(501)));
    assert_eq!(replayed(&replay(&app, body(&room, 501)).await), ("4", None));
    for url in URLS {
        assert_eq!(queued(&table, url), (1..=502).collect::<Vec<_>>(), "{url}");
    }
}

/// Each look at it takes a while.
struct Ticking(FixedClock);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        self.0.advance(Duration::from_secs(4));
        self.0.now()
    }
}

#[tokio::test]
async fn a_replay_that_takes_too_long_says_where_it_goes_on() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    note(&table, &room, 1..=60).await;
    let app = App { clock: Arc::new(Ticking(FixedClock::new(table.now()))), ..app };
    assert_eq!(replayed(&replay(&app, body(&room, 1)).await), ("100", Some(51)));
    assert_eq!(queued(&table, URLS[0]), (1..=50).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_key_that_made_the_room_signs_while_it_is_known() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let first = rooms.open("room-1", None).await;
    note(&table, &first, [1]).await;
    rooms.end_session(&first.key).await;
    replay(&app, body(&first, 1)).await;
    rooms.open("room-1", None).await;
    replay(&app, body(&first, 1)).await;
    let code = rooms.by_code(5).await;
    rooms.join(&code.key, HOST).await.expect("a seat");
    let code = rooms.state(&code.key).await;
    note(&table, &code, [1]).await;
    replay(&app, body(&code, 1)).await;
    let keys: Vec<_> = table.queued(QUEUE).iter().map(|message| message["api_key"].clone()).collect();
    let (known, none) = (json!(API_KEY), Value::Null);
    assert_eq!(keys, [known.clone(), known, none.clone(), none.clone(), none.clone(), none]);
}

#[tokio::test]
async fn where_there_is_nothing_to_replay_nothing_is() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (room, other) = (rooms.open("room-1", None).await, rooms.open("room-2", None).await);
    note(&table, &room, [1]).await;
    for asked in [
        body(&room, 2),
        body(&other, 1),
        json!({"room_id": "room-2", "sid": room.sid}),
        json!({"room_id": "room-1", "sid": "no session"}),
        json!({"room_id": "комната", "sid": room.sid}),
        json!({"room_id": "never", "sid": room.sid}),
    ] {
        assert_eq!(replay(&app, asked.clone()).await.failure(), NONE, "{asked}");
    }
    let call = Call::post(PATH, &body(&room, 1)).signed_by(OTHER_API_KEY, OTHER_API_SECRET);
    assert_eq!(ask(&app, call).await.failure(), NONE, "it is another tenant's");
    assert!(table.queued(QUEUE).is_empty());
}

#[tokio::test]
async fn everything_that_is_wrong_is_told() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let required = "validation errors:\n - room_id: value is required\n - sid: value is required";
    for (body, msg) in [
        (json!({"from_sequence": 1}), required),
        (json!({"room_id": "a"}), "validation error: sid: value is required"),
        (json!({"room_id": "a", "sid": 5}), "sid: must be a string, it is a number"),
        (
            json!({"room_id": "a", "sid": "b", "fromSequence": -1}),
            "from_sequence: must be an integer from 0 to 4294967295, it is a number",
        ),
    ] {
        assert_eq!(replay(&app, body.clone()).await.failure(), (200, msg, "INVALID_PARAMETERS"), "{body}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    checks::bodies(200, async |body| ask(&app, Call::new("POST", PATH).raw(body).signed()).await).await;
}

#[tokio::test]
async fn callers_are_known_by_key_and_signature() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let room = table.rooms().open("room-1", None).await;
    checks::callers(&table, async |call| ask(&app, call).await, PATH, &body(&room, 1)).await;
}

#[tokio::test]
async fn an_idempotency_key_replays_once() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let room = table.rooms().open("room-1", None).await;
    note(&table, &room, [1]).await;
    let (call, other) =
        (Call::post(PATH, &body(&room, 1)).signed(), Call::post(PATH, &body(&room, 0)).signed());
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;
    assert_eq!(queued(&table, URLS[0]), [1]);
    ask(&app, call.header("idempotency-key", "another")).await;
    assert_eq!(queued(&table, URLS[0]), [1, 1], "another key is another replay");
}

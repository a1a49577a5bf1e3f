use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::Room;
use serde_json::json;
use testing::rooms::{HOST, delivery};
use testing::{Call, OTHER_API_KEY, OTHER_API_SECRET, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/auth/webhook/deliveries";
const NONE: (u16, &str, &str) = (200, "no delivery found", "NOT_FOUND");
/// Where the webhooks of these tests went.
const URLS: [&str; 2] = ["https://a.example/hook", "https://b.example/hook"];

async fn app(table: &TestTable) -> App<Config> {
    table.app("list_deliveries", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn list(app: &App<Config>, body: Value) -> Reply {
    ask(app, Call::post(PATH, &body).signed()).await
}

/// The number and the URL of each, and where the next page begins.
fn listed(reply: &Reply) -> (Vec<(u64, &str)>, Option<u64>) {
    let all = reply.body["deliveries"].as_array().unwrap_or_else(|| panic!("no list: {reply:?}"));
    let named = |one: &'_ Value| one["sequence"].as_u64().expect("a number");
    let all = all.iter().map(|one| (named(one), one["url"].as_str().expect("a text"))).collect();
    (all, reply.body["next_sequence"].as_u64())
}

/// Notes that webhooks with these numbers were taken at each of these URLs.
async fn note(table: &TestTable, room: &Room, numbers: impl IntoIterator<Item = u32>, urls: &[&str]) {
    for number in numbers {
        for url in urls {
            table.rooms().note(room, &delivery(number, url, table.now())).await;
        }
    }
}

#[tokio::test]
async fn each_delivery_is_shown_as_it_stands() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    rooms.seat(&room.key, "ann").await;
    let now = table.now();
    let taken = delivery(1, URLS[0], now);
    let retried = Delivery {
        status: DeliveryStatus::Retrying,
        attempts: 3,
        outcome: r#"{"outcome":"unreachable","why":"connect"}"#.to_owned(),
        attempted_at: now.plus(Duration::from_secs(3)),
        next_attempt_at: Some(now.plus(Duration::from_secs(7))),
        ..delivery(2, URLS[0], now)
    };
    let unsigned =
        Delivery { status: DeliveryStatus::Failed, outcome: "null".to_owned(), ..delivery(2, URLS[1], now) };
    for delivery in [&taken, &retried, &unsigned] {
        rooms.note(&room, delivery).await;
    }
    let reply = list(&app, json!({"roomId": "room-1"})).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "deliveries": [
        {
          "attempted_at": "2027-01-15T08:00:00Z",
          "attempts": 1,
          "delivery_id": "f994e2f6-bc68-50db-a0f6-59472c18a23e",
          "event": "participant_joined",
          "http_status": 204,
          "occurred_at": "2027-01-15T08:00:00Z",
          "outcome": "delivered",
          "sequence": 1,
          "status": "delivered",
          "url": "https://a.example/hook"
        },
        {
          "attempted_at": "2027-01-15T08:00:03Z",
          "attempts": 3,
          "delivery_id": "16ee8121-fe97-5a99-9c6a-7e9b52c8846f",
          "event": "participant_joined",
          "next_attempt_at": "2027-01-15T08:00:07Z",
          "occurred_at": "2027-01-15T08:00:00Z",
          "outcome": "unreachable",
          "sequence": 2,
          "status": "retrying",
          "url": "https://a.example/hook",
          "why": "connect"
        },
        {
          "attempted_at": "2027-01-15T08:00:00Z",
          "attempts": 1,
          "delivery_id": "15dcede6-9fdf-5108-a85c-6da01c7f0e40",
          "event": "participant_joined",
          "occurred_at": "2027-01-15T08:00:00Z",
          "sequence": 2,
          "status": "failed",
          "url": "https://b.example/hook"
        }
      ],
      "last_sequence": 3,
      "msg": "success",
      "sid": "c15c0289-ec2d-4a91-a7ec-8e65a18debbe",
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
    assert_eq!(list(&app, json!({"room_id": "room-1", "sid": room.sid})).await, reply);
}

#[tokio::test]
async fn a_page_ends_between_two_numbers() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    note(&table, &room, 1..=3, &URLS).await;
    note(&table, &room, 4..=25, &URLS[..1]).await;
    let pages: [(Value, &[u64], Option<u64>); 8] = [
        (json!({"limit": 1}), &[1, 1], Some(2)),
        (json!({"limit": "3", "from": "2"}), &[2, 2, 3, 3], Some(4)),
        (json!({"limit": 4}), &[1, 1, 2, 2], Some(3)),
        (json!({"from": 23}), &[23, 24, 25], None),
        (json!({"from": 23, "limit": 3}), &[23, 24, 25], None),
        (json!({"from": 24, "limit": 1}), &[24], Some(25)),
        (
            json!({"from": 0, "limit": 0}),
            &[1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17],
            Some(18),
        ),
        (json!({"from": 20, "limit": 4_294_967_295_u32}), &[20, 21, 22, 23, 24, 25], None),
    ];
    for (body, numbers, next) in pages {
        let mut asked = json!({"room_id": "room-1"});
        asked.as_object_mut().expect("an object").extend(body.as_object().expect("an object").clone());
        let reply = list(&app, asked).await;
        let (found, more) = listed(&reply);
        let found: Vec<_> = found.into_iter().map(|(number, _)| number).collect();
        assert_eq!((found.as_slice(), more), (numbers, next), "{body}");
    }
    let reply = list(&app, json!({"room_id": "room-1", "limit": 3})).await;
    let both = URLS.iter().map(|url| (1, *url)).chain(URLS.iter().map(|url| (2, *url)));
    assert_eq!(listed(&reply), (both.collect(), Some(3)));
    let beyond = json!({"room_id": "room-1", "from": 26});
    assert_eq!(list(&app, beyond).await.failure(), NONE);
}

#[tokio::test]
async fn without_a_session_it_is_the_present_one_or_the_last() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let first = rooms.open("room-1", None).await;
    note(&table, &first, [1], &URLS).await;
    let shown = async |body: Value| {
        let reply = list(&app, body).await;
        (reply.text("sid").to_owned(), reply.body["last_sequence"].as_u64())
    };
    let named = || json!({"room_id": "room-1"});
    assert_eq!(shown(named()).await, (first.sid.to_string(), Some(1)), "2 is kept for the first who comes");
    rooms.seat(&first.key, "ann").await;
    assert_eq!(shown(named()).await, (first.sid.to_string(), Some(3)));
    rooms.end_session(&first.key).await;
    assert_eq!(shown(named()).await, (first.sid.to_string(), Some(6)), "she left, and it is over");

    let second = rooms.open("room-1", None).await;
    assert_eq!(list(&app, named()).await.failure(), NONE, "nothing of the new one has been tried");
    let of_first = json!({"room_id": "room-1", "sid": first.sid});
    assert_eq!(shown(of_first).await, (first.sid.to_string(), None), "its state is no longer known");
    note(&table, &second, [1], &URLS).await;
    assert_eq!(shown(named()).await, (second.sid.to_string(), Some(1)));

    let code = rooms.by_code(5).await;
    let named = || json!({"room_id": code.key.room});
    assert_eq!(list(&app, named()).await.failure(), NONE);
    let host = rooms.join(&code.key, HOST).await.expect("a seat");
    let code = rooms.state(&code.key).await;
    note(&table, &code, [1, 2, 3], &URLS).await;
    assert_eq!(shown(named()).await, (host.sid.to_string(), Some(3)));
    rooms.end_session(&code.key).await;
    assert_eq!(shown(named()).await, (host.sid.to_string(), Some(6)));
}

#[tokio::test]
async fn what_is_no_session_of_the_room_has_no_deliveries() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (room, other) = (rooms.open("room-1", None).await, rooms.open("room-2", None).await);
    note(&table, &room, [1], &URLS).await;
    for body in [
        json!({"room_id": "room-2"}),
        json!({"room_id": "room-2", "sid": room.sid}),
        json!({"room_id": "room-1", "sid": other.sid}),
        json!({"room_id": "room-1", "sid": "no session"}),
        json!({"room_id": "never"}),
        json!({"room_id": "never", "sid": room.sid}),
        json!({"room_id": "комната", "sid": room.sid}),
        json!({"room_id": "x".repeat(5000)}),
    ] {
        assert_eq!(list(&app, body.clone()).await.failure(), NONE, "{body}");
    }
}

#[tokio::test]
async fn tenants_do_not_see_each_others_deliveries() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    note(&table, &room, [1], &URLS).await;
    for body in [json!({"room_id": "room-1"}), json!({"room_id": "room-1", "sid": room.sid})] {
        let call = Call::post(PATH, &body).signed_by(OTHER_API_KEY, OTHER_API_SECRET);
        assert_eq!(ask(&app, call).await.failure(), NONE);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_its_name() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    for (body, msg) in [
        (json!({}), "validation error: room_id: value is required"),
        (json!({"room_id": 5}), "room_id: must be a string, it is a number"),
        (json!({"room_id": "a", "sid": 5}), "sid: must be a string, it is a number"),
        (
            json!({"room_id": "a", "from": -1}),
            "from: must be an integer from 0 to 4294967295, it is a number",
        ),
        (
            json!({"room_id": "a", "limit": true}),
            "limit: must be an integer from 0 to 4294967295, it is a boolean",
        ),
    ] {
        assert_eq!(list(&app, body.clone()).await.failure(), (200, msg, "INVALID_PARAMETERS"), "{body}");
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
    let body = json!({"room_id": "room-1"});
    checks::callers(&table, async |call| ask(&app, call).await, PATH, &body).await;
}

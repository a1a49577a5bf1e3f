use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use serde_json::{Value, json};
use store::NewRoom;
use testing::rooms::{DEPARTURE, EMPTY_TIMEOUT, HOST, Rooms, new_room};
use testing::{Call, OTHER_API_KEY, OTHER_API_SECRET, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/auth/room/fetchPastRooms";
const SECOND: Duration = Duration::from_secs(1);
/// When a session ended that has not.
const NOT_ENDED: &str = "0001-01-01T00:00:00Z";

async fn app(table: &TestTable) -> App<Config> {
    table.app("fetch_past_rooms", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn fetch(app: &App<Config>, body: Value) -> Reply {
    ask(app, Call::post(PATH, &body).signed()).await
}

/// `total_rooms`, `limit`, `order_by`, and the ids of the list.
fn result(reply: &Reply) -> (&str, u64, &str, Vec<&str>) {
    let result = &reply.body["result"];
    let list = result["rooms_list"].as_array().expect("a list");
    let ids = list.iter().map(|room| room["room_id"].as_str().expect("a text")).collect();
    let limit = result["limit"].as_u64().expect("a number");
    let text = |key: &str| result[key].as_str().expect("a text");
    (text("total_rooms"), limit, text("order_by"), ids)
}

/// A session for each, a second long, one after the other.
async fn sessions(table: &TestTable, rooms: &Rooms, room_ids: &[&str]) {
    for room_id in room_ids {
        let room = rooms.open(room_id, None).await;
        table.clock.advance(SECOND);
        rooms.end_session(&room.key).await;
    }
}

#[tokio::test]
async fn a_past_session_is_described() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let new = NewRoom { webhook_url: Some("https://example.org/hook".to_owned()), ..new_room("room-1") };
    let room = rooms.create(&new).await;
    rooms.leave(&rooms.seat(&room.key, "ann").await).await;
    rooms.seat(&room.key, "bob").await;
    rooms.seat(&room.key, "ann").await;
    table.clock.advance(Duration::from_millis(61_999));
    rooms.end_session(&room.key).await;
    let reply = fetch(&app, json!({})).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "result": {
        "from": 0,
        "limit": 20,
        "order_by": "DESC",
        "rooms_list": [
          {
            "created": "2027-01-15T08:00:00Z",
            "ended": "2027-01-15T08:01:01Z",
            "joined_participants": "2",
            "room_id": "room-1",
            "room_sid": "c15c0289-ec2d-4a91-a7ec-8e65a18debbe",
            "room_title": "Title of room-1",
            "webhook_url": "https://example.org/hook"
          }
        ],
        "total_rooms": "1"
      },
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
    assert_eq!(fetch(&app, json!({"room_ids": ["room-1"]})).await, reply);
}

#[tokio::test]
async fn the_newest_come_first_unless_the_order_is_exactly_asc() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    sessions(&table, &rooms, &["a", "b", "a", "c"]).await;
    let falling = vec!["c", "a", "b", "a"];
    assert_eq!(result(&fetch(&app, json!({})).await), ("4", 20, "DESC", falling.clone()));
    assert_eq!(result(&fetch(&app, json!({"order_by": ""})).await), ("4", 20, "DESC", falling.clone()));
    for order in ["DESC", "asc", "Asc", "x", "id; drop table x"] {
        let reply = fetch(&app, json!({"orderBy": order})).await;
        assert_eq!(result(&reply), ("4", 20, order, falling.clone()));
    }
    let rising = vec!["a", "b", "a", "c"];
    assert_eq!(result(&fetch(&app, json!({"order_by": "ASC"})).await), ("4", 20, "ASC", rising));
}

#[tokio::test]
async fn a_page_is_a_part_of_the_list() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    sessions(&table, &rooms, &["a", "b", "c", "d", "e"]).await;
    for (body, limit, ids) in [
        (json!({"limit": 2}), 2, vec!["e", "d"]),
        (json!({"from": 2, "limit": "2"}), 2, vec!["c", "b"]),
        (json!({"from": 4, "limit": 2}), 2, vec!["a"]),
        (json!({"from": 1, "limit": 2, "order_by": "ASC"}), 2, vec!["b", "c"]),
        (json!({"from": 5}), 20, vec![]),
        (json!({"from": 4_294_967_295_u32}), 20, vec![]),
        (json!({"limit": 0}), 20, vec!["e", "d", "c", "b", "a"]),
        (json!({"limit": null, "room_ids": null, "foo": 1}), 20, vec!["e", "d", "c", "b", "a"]),
        (json!({"limit": 100}), 100, vec!["e", "d", "c", "b", "a"]),
        (json!({"limit": 101}), 100, vec!["e", "d", "c", "b", "a"]),
        (json!({"limit": 4_294_967_295_u32}), 100, vec!["e", "d", "c", "b", "a"]),
    ] {
        let reply = fetch(&app, body.clone()).await;
        let order = body["order_by"].as_str().unwrap_or("DESC");
        assert_eq!(result(&reply), ("5", limit, order, ids), "{body}");
        assert_eq!(reply.body["result"]["from"].as_u64(), body["from"].as_u64().or(Some(0)), "{body}");
    }
}

#[tokio::test]
async fn of_some_rooms_only_theirs_are_listed() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    sessions(&table, &rooms, &["a", "b", "a", "c"]).await;
    for (room_ids, total, ids) in [
        (json!(["a"]), "2", vec!["a", "a"]),
        (json!(["c", "b", "c", "never", "no id"]), "2", vec!["c", "b"]),
        (json!([]), "4", vec!["c", "a", "b", "a"]),
    ] {
        let reply = fetch(&app, json!({ "roomIds": room_ids })).await;
        assert_eq!(result(&reply), (total, 20, "DESC", ids), "{room_ids}");
    }
    let page = fetch(&app, json!({"room_ids": ["a", "b"], "limit": 2, "order_by": "ASC"})).await;
    assert_eq!(result(&page), ("3", 2, "ASC", vec!["a", "b"]));
    for room_ids in [json!(["never"]), json!([""]), json!(["no id", "x".repeat(5000)])] {
        let failure = (200, "no room found", "NOT_FOUND");
        assert_eq!(fetch(&app, json!({ "room_ids": room_ids })).await.failure(), failure, "{room_ids}");
    }
}

#[tokio::test]
async fn sessions_that_run_are_listed_and_those_that_ran_out_ended_at_their_time() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let ended = async |body: Value| {
        let reply = fetch(&app, body).await;
        let list = reply.body["result"]["rooms_list"].as_array().expect("a list").clone();
        let told = |room: &Value| {
            (room["room_id"].as_str() == Some("left"), room["ended"].as_str().expect("a text").to_owned())
        };
        list.iter().map(told).collect::<Vec<_>>()
    };
    rooms.open("empty", None).await;
    table.clock.advance(EMPTY_TIMEOUT);
    let left = rooms.open("left", None).await;
    rooms.leave(&rooms.seat(&left.key, "ann").await).await;
    let due = |room: &models::Room, after: Duration| room.created_at.plus(after).rfc3339();
    let running = NOT_ENDED.to_owned();
    let empty = due(&left, Duration::ZERO);
    for body in [json!({}), json!({"room_ids": ["empty", "left"]})] {
        assert_eq!(ended(body).await, [(true, running.clone()), (false, empty.clone())]);
    }
    table.clock.advance(DEPARTURE);
    for body in [json!({}), json!({"room_ids": ["empty", "left"]})] {
        assert_eq!(ended(body).await, [(true, due(&left, DEPARTURE)), (false, empty.clone())]);
    }

    // What ran out unnoticed is remembered by whoever comes next.
    rooms.open("left", None).await;
    for body in [json!({}), json!({"room_ids": ["empty", "left"]})] {
        let expected = [(true, running.clone()), (true, due(&left, DEPARTURE)), (false, empty.clone())];
        assert_eq!(ended(body).await, expected);
    }
}

#[tokio::test]
async fn each_session_of_a_room_by_code_is_listed() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let listed = async || {
        let reply = fetch(&app, json!({})).await;
        let list = reply.body["result"]["rooms_list"].as_array().cloned().unwrap_or_default();
        let joined = |room: &Value| room["joined_participants"].as_str().expect("a text").to_owned();
        list.iter().map(joined).collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [""; 0], "idle, it has had none");
    let host = rooms.join(&room.key, HOST).await.expect("a seat");
    let guest = rooms.join_as_guest(&room.key, "Jane").await.expect("a seat");
    assert_eq!(listed().await, ["2"]);
    rooms.end_session(&room.key).await;
    assert_eq!(listed().await, ["2"]);
    assert!(!rooms.leave(&host).await && !rooms.leave(&guest).await);

    table.clock.advance(SECOND);
    let host = rooms.join(&room.key, HOST).await.expect("a seat");
    rooms.leave(&host).await;
    table.clock.advance(DEPARTURE);
    assert_eq!(listed().await, ["1", "2"], "the second ran out");
    rooms.join(&room.key, HOST).await.expect("a seat");
    assert_eq!(listed().await, ["1", "1", "2"]);
    table.clock.advance(SECOND);
    rooms.end_room(&room.key).await;
    assert_eq!(listed().await, ["1", "1", "2"]);
    let reply = fetch(&app, json!({})).await;
    assert_eq!(reply.body["result"]["rooms_list"][0]["room_title"], "Weekly");
}

#[tokio::test]
async fn a_long_history_is_counted_and_read_by_few_calls() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    for number in 0..60 {
        rooms.open(&format!("open-{number}"), None).await;
        sessions(&table, &rooms, &[&format!("ended-{number}")]).await;
    }
    let before = app.store.usage();
    let reply = fetch(&app, json!({"limit": 100})).await;
    let (total, _, _, ids) = result(&reply);
    assert_eq!((total, ids.len()), ("120", 100));
    // The API key, sixteen shards, fifty past sessions, and fifty rooms.
    assert_eq!(
        (app.store.usage() - before).calls,
        1 + 16 + 1 + 2,
        "the key, the index, past sessions, and what runs with its metadata"
    );
}

#[tokio::test]
async fn tenants_do_not_see_each_others_history() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    sessions(&table, &table.rooms(), &["a"]).await;
    for body in [json!({}), json!({"room_ids": ["a"]})] {
        let call = Call::post(PATH, &body).signed_by(OTHER_API_KEY, OTHER_API_SECRET);
        assert_eq!(ask(&app, call).await.failure(), (200, "no room found", "NOT_FOUND"));
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_its_name() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let many: Vec<_> = (0..101).map(|number| number.to_string()).collect();
    for (body, msg) in [
        (json!({"limit": -1}), "limit: must be an integer from 0 to 4294967295, it is a number"),
        (json!({"from": 1.5}), "from: must be an integer from 0 to 4294967295, it is a number"),
        (json!({"room_ids": "x"}), "room_ids: must be a list of strings, it is a string"),
        (json!({"room_ids": [5]}), "room_ids: must be a list of strings, it is an array"),
        (json!({"order_by": 1}), "order_by: must be a string, it is a number"),
        (json!({"room_ids": many}), "validation error: room_ids: must contain no more than 100 item(s)"),
    ] {
        assert_eq!(fetch(&app, body.clone()).await.failure(), (200, msg, "INVALID_PARAMETERS"), "{body}");
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
    checks::callers(&table, async |call| ask(&app, call).await, PATH, &json!({})).await;
}

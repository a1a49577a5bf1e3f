use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use serde_json::{Value, json};
use testing::rooms::{DEPARTURE, EMPTY_TIMEOUT, PAST_ROOMS, just_before};
use testing::{Call, OTHER_API_KEY, OTHER_API_SECRET, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/auth/room/isRoomActive";

async fn app(table: &TestTable) -> App<Config> {
    table.app("is_room_active", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

/// Asks about a room, and gives what a caller looks at.
async fn about(app: &App<Config>, room_id: &str) -> (String, String, bool) {
    let reply = ask(app, Call::post(PATH, &json!({ "room_id": room_id })).signed()).await;
    assert_eq!((reply.status, &reply.body["status"]), (200, &json!(true)));
    let is_active = reply.body["is_active"].as_bool().expect("always there");
    (reply.text("msg").to_owned(), reply.text("status_code").to_owned(), is_active)
}

fn said(msg: &str, status_code: &str, is_active: bool) -> (String, String, bool) {
    (msg.to_owned(), status_code.to_owned(), is_active)
}

fn active() -> (String, String, bool) {
    said("room is active", "SUCCESS", true)
}

fn not_active() -> (String, String, bool) {
    said("room is not active", "ROOM_NOT_ACTIVE", false)
}

fn not_found() -> (String, String, bool) {
    said("room not found", "ROOM_NOT_FOUND", false)
}

#[tokio::test]
async fn an_open_room_is_active() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    let reply = ask(&app, Call::post(PATH, &json!({"roomId": "room-1", "unknown": 1})).signed()).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "is_active": true,
      "msg": "room is active",
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
}

#[tokio::test]
async fn a_room_is_active_until_nobody_came_or_the_last_has_left() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    table.clock.advance(just_before(EMPTY_TIMEOUT));
    assert_eq!(about(&app, "room-1").await, active());
    let ann = rooms.seat(&room.key, "ann").await;
    table.clock.advance(Duration::from_hours(24));
    assert_eq!(about(&app, "room-1").await, active());
    rooms.leave(&ann).await;
    table.clock.advance(just_before(DEPARTURE));
    assert_eq!(about(&app, "room-1").await, active());
    table.clock.advance(Duration::from_millis(1));
    assert_eq!(about(&app, "room-1").await, not_active());

    rooms.open("room-2", None).await;
    table.clock.advance(EMPTY_TIMEOUT);
    assert_eq!(about(&app, "room-2").await, not_active());
}

#[tokio::test]
async fn an_ended_room_is_remembered_for_some_time() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    rooms.end_session(&room.key).await;
    assert_eq!(about(&app, "room-1").await, not_active());
    table.clock.advance(just_before(PAST_ROOMS));
    assert_eq!(about(&app, "room-1").await, not_active());
    table.clock.advance(Duration::from_millis(1));
    assert_eq!(about(&app, "room-1").await, not_found());
}

#[tokio::test]
async fn a_room_by_code_is_active_while_a_session_runs() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let id = room.key.room.as_str();
    assert_eq!(about(&app, id).await, not_active());
    let ann = rooms.join(&room.key, "ann").await.expect("a seat");
    assert_eq!(about(&app, id).await, active());
    rooms.leave(&ann).await;
    table.clock.advance(DEPARTURE);
    assert_eq!(about(&app, id).await, not_active());
}

#[tokio::test]
async fn what_no_create_could_have_made_is_not_found() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    for room_id in ["never", "a b", "a/b", "комната", " ", &"x".repeat(65), &"x".repeat(5000)] {
        assert_eq!(about(&app, room_id).await, not_found(), "{room_id}");
    }
}

#[tokio::test]
async fn tenants_do_not_see_each_others_rooms() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    let call = Call::post(PATH, &json!({"room_id": "room-1"})).signed_by(OTHER_API_KEY, OTHER_API_SECRET);
    let reply = ask(&app, call).await;
    assert_eq!((reply.text("msg"), &reply.body["is_active"]), ("room not found", &json!(false)));
}

#[tokio::test]
async fn an_id_is_required_and_must_be_a_string() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let required = "validation error: room_id: value is required";
    let cases: [(Value, &str); 6] = [
        (json!({}), required),
        (json!({"room_id": ""}), required),
        (json!({"room_id": null}), required),
        (json!({"room_id": 5}), "room_id: must be a string, it is a number"),
        (json!({"roomId": {}}), "room_id: must be a string, it is an object"),
        (json!({"room_id": "a", "roomId": "a"}), "room_id: is there twice, in two spellings"),
    ];
    for (body, msg) in cases {
        let reply = ask(&app, Call::post(PATH, &body).signed()).await;
        assert_eq!(reply.failure(), (200, msg, "INVALID_PARAMETERS"), "{body}");
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

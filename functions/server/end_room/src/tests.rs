use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::Status;
use serde_json::{Value, json};
use store::NewRoom;
use testing::rooms::{CODE_RETENTION, DEPARTURE, EMPTY_TIMEOUT, PAST_ROOMS, new_room};
use testing::{Call, OTHER_API_KEY, OTHER_API_SECRET, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/auth/room/endRoom";
const NOT_ACTIVE: (u16, &str, &str) = (200, "room not found or not active", "ROOM_NOT_FOUND");

async fn app(table: &TestTable) -> App<Config> {
    table.app("end_room", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn end(app: &App<Config>, body: Value) -> Reply {
    ask(app, Call::post(PATH, &body).signed()).await
}

#[tokio::test]
async fn a_running_session_is_ended_and_everybody_is_out() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    rooms.seat(&room.key, "ann").await;
    let reply = end(&app, json!({"roomId": "room-1"})).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
    let state = rooms.state(&room.key).await;
    assert_eq!((state.status, state.ended_at), (Status::Ended, Some(table.now())));
    assert!(!state.is_open(table.now()));
    let kept = table.now().plus(PAST_ROOMS);
    assert_eq!(state.expires_at, kept, "it is remembered for PastRoomsRetentionDays");
    let last = table.history(&room.key).await.pop().expect("a change");
    assert_eq!(last.event(), json!({"type": "ended", "reason": "api"}));
}

#[tokio::test]
async fn the_session_is_remembered_with_everybody_who_came() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let hook = Some("https://example.org/hook".to_owned());
    let room = rooms.create(&NewRoom { webhook_url: hook, ..new_room("room-1") }).await;
    let ann = rooms.seat(&room.key, "ann").await;
    rooms.leave(&ann).await;
    rooms.seat(&room.key, "ann").await;
    rooms.seat(&room.key, "bob").await;
    rooms.mint(&room.key, "invited").await;
    table.clock.advance(Duration::from_mins(5));
    end(&app, json!({"room_id": "room-1"})).await;
    let items = table.items().await;
    let past = items.iter().find(|item| item["pk"]["S"] == "PAST#main/room-1").expect("remembered");
    assert_json_snapshot!(past, @r#"
    {
      "created_at": {
        "N": "1800000000000"
      },
      "ended_at": {
        "N": "1800000300000"
      },
      "expires_at": {
        "N": "1807776300"
      },
      "joined": {
        "N": "2"
      },
      "pk": {
        "S": "PAST#main/room-1"
      },
      "reason": {
        "S": "api"
      },
      "sid": {
        "S": "c15c0289-ec2d-4a91-a7ec-8e65a18debbe"
      },
      "sk": {
        "S": "1800000000000#c15c0289-ec2d-4a91-a7ec-8e65a18debbe"
      },
      "started_at": {
        "N": "1800000000000"
      },
      "tenant_shard": {
        "S": "ENDED#main#4"
      },
      "tenant_time": {
        "N": "1800000000000"
      },
      "title": {
        "S": "Title of room-1"
      },
      "webhook_url": {
        "S": "https://example.org/hook"
      }
    }
    "#);
    let state = items.iter().find(|item| item["pk"]["S"] == "ROOM#main/room-1" && item["sk"]["S"] == "STATE");
    assert!(state.expect("the room")["tenant_shard"].is_null(), "it is no open room of the tenant");
}

#[tokio::test]
async fn a_session_ends_once() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    rooms.open("room-1", None).await;
    assert_eq!(end(&app, json!({"room_id": "room-1"})).await.text("msg"), "success");
    let before = table.items().await;
    assert_eq!(end(&app, json!({"room_id": "room-1"})).await.failure(), NOT_ACTIVE);
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn what_is_over_or_never_was_cannot_be_ended() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("left", None).await;
    rooms.leave(&rooms.seat(&room.key, "ann").await).await;
    table.clock.advance(DEPARTURE);
    rooms.open("empty", None).await;
    table.clock.advance(EMPTY_TIMEOUT);
    let before = table.items().await;
    for room_id in ["left", "empty", "never", "a b", "комната", &"x".repeat(5000)] {
        assert_eq!(end(&app, json!({ "room_id": room_id })).await.failure(), NOT_ACTIVE, "{room_id}");
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn a_room_by_code_is_idle_afterwards() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let id = room.key.room.as_str();
    assert_eq!(end(&app, json!({ "room_id": id })).await.failure(), NOT_ACTIVE, "no session runs");
    rooms.join(&room.key, "ann").await.expect("a seat");
    rooms.lock(&room.key, true).await;
    table.clock.advance(Duration::from_hours(1));
    assert_eq!(end(&app, json!({ "room_id": id })).await.text("msg"), "success");
    let state = rooms.state(&room.key).await;
    assert_eq!((state.status, state.locked), (Status::Idle, true), "the lock outlives the session");
    assert!(state.is_active(table.now()));
    assert_eq!(state.expires_at, table.now().plus(CODE_RETENTION), "its last use");
    assert_eq!(end(&app, json!({ "room_id": id })).await.failure(), NOT_ACTIVE);
    rooms.end_room(&room.key).await;
    assert_eq!(end(&app, json!({ "room_id": id })).await.failure(), NOT_ACTIVE);
}

#[tokio::test]
async fn tenants_cannot_end_each_others_rooms() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let call = Call::post(PATH, &json!({"room_id": "room-1"})).signed_by(OTHER_API_KEY, OTHER_API_SECRET);
    assert_eq!(ask(&app, call).await.failure(), NOT_ACTIVE);
    assert!(rooms.state(&room.key).await.is_open(table.now()));
}

#[tokio::test]
async fn an_id_is_required_and_must_be_a_string() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let required = "validation error: room_id: value is required";
    for (body, msg) in [
        (json!({}), required),
        (json!({"room_id": ""}), required),
        (json!({"room_id": null}), required),
        (json!({"room_id": true}), "room_id: must be a string, it is a boolean"),
        (json!({"room_id": "a", "roomId": "b"}), "room_id: is there twice, in two spellings"),
    ] {
        assert_eq!(end(&app, body.clone()).await.failure(), (200, msg, "INVALID_PARAMETERS"), "{body}");
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
    table.rooms().open("room-1", None).await;
    let body = json!({"room_id": "room-1"});
    checks::callers(&table, async |call| ask(&app, call).await, PATH, &body).await;
}

#[tokio::test]
async fn an_idempotency_key_ends_one_session_and_not_the_next() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let call = Call::post(PATH, &json!({"room_id": "room-1"})).signed();
    let other = Call::post(PATH, &json!({"room_id": "room-2"})).signed();
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;

    rooms.open("room-1", None).await;
    let again = ask(&app, call.header("idempotency-key", "0123456789abcdefghijkl")).await;
    assert_eq!(again.text("msg"), "success", "the answer of then");
    assert!(rooms.state(&room.key).await.is_open(table.now()));
}

use api::{Dialect, respond};
use models::{Refusal, Status};
use serde_json::{Value, json};
use testing::rooms::{HOST, PAST_ROOMS, just_before};
use testing::{Call, Reply, TestTable, checks};

use super::*;

const NOT_FOUND: (u16, &str) = (404, "Room not found");
const NOT_ACTIVE: (u16, &str) = (400, "Room is no longer active");
const NOT_HOST: (u16, &str) = (403, "Only the host can do this");

async fn app(table: &TestTable) -> App<Config> {
    table.app("end_room_by_host", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

fn call(id: &str) -> Call {
    Call::new("DELETE", &format!("/rooms/{id}")).parameter("id", id)
}

async fn end(table: &TestTable, app: &App<Config>, id: &str, sub: &str) -> Reply {
    ask(app, call(id).bearer(&table.user_token(sub, sub))).await
}

#[tokio::test]
async fn the_host_ends_his_room_with_everybody_in_it() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.join(&room.key, "ann").await.expect("a seat");
    let reply = end(&table, &app, room.key.room.as_str(), HOST).await;
    assert_eq!((reply.status, reply.body), (204, Value::Null));
    let state = rooms.state(&room.key).await;
    assert_eq!((state.status, state.ended_at), (Status::Ended, Some(table.now())));
    assert_eq!(state.expires_at, table.now().plus(PAST_ROOMS));
    let last = table.history(&room.key).await.pop().expect("a change");
    assert_eq!(last.event(), json!({"type": "ended", "reason": "host"}));
    assert_eq!(rooms.join(&room.key, "ann").await, Err(Refusal::RoomNotActive));
}

#[tokio::test]
async fn a_room_between_its_sessions_ends_as_well() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (unused, idle) = (rooms.by_code(5).await, rooms.by_code(5).await);
    rooms.join(&idle.key, "ann").await.expect("a seat");
    rooms.end_session(&idle.key).await;
    for room in [unused, idle] {
        assert_eq!(end(&table, &app, room.key.room.as_str(), HOST).await.status, 204);
        assert_eq!(rooms.state(&room.key).await.status, Status::Ended);
    }
}

#[tokio::test]
async fn a_second_time_it_is_no_longer_active_and_at_last_not_found() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let id = room.key.room.as_str();
    assert_eq!(end(&table, &app, id, HOST).await.status, 204);
    let before = table.items().await;
    assert_eq!(end(&table, &app, id, HOST).await.refusal(), NOT_ACTIVE);
    table.clock.advance(just_before(PAST_ROOMS));
    assert_eq!(end(&table, &app, id, HOST).await.refusal(), NOT_ACTIVE);
    assert_eq!(end(&table, &app, id, "eve").await.refusal(), NOT_HOST);
    table.clock.advance(Duration::from_millis(1));
    assert_eq!(end(&table, &app, id, HOST).await.refusal(), NOT_FOUND);
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn only_the_host_may() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (room, server_room) = (rooms.by_code(5).await, rooms.open("room-1", None).await);
    rooms.join(&room.key, "ann").await.expect("a seat");
    rooms.seat(&server_room.key, HOST).await;
    let before = table.items().await;
    for (id, sub, refusal) in [
        (room.key.room.as_str(), "ann", NOT_HOST),
        (room.key.room.as_str(), "eve", NOT_HOST),
        ("room-1", HOST, NOT_HOST),
        ("never", HOST, NOT_FOUND),
        ("no id", HOST, NOT_FOUND),
    ] {
        assert_eq!(end(&table, &app, id, sub).await.refusal(), refusal, "{id} {sub}");
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn what_is_no_good_token_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let call = call(room.key.room.as_str());
    assert_eq!(ask(&app, call.clone()).await.refusal(), (401, "Missing token"));
    checks::user_tokens(&table, async |call| ask(&app, call).await, &call).await;
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_answer_again() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (room, other) = (rooms.by_code(5).await, rooms.by_code(5).await);
    let host = table.user_token(HOST, "Hanna");
    let delete = |room: &Room| call(room.key.room.as_str()).bearer(&host);
    checks::idempotency(&table, async |call| ask(&app, call).await, &delete(&room), &delete(&other)).await;
    assert!(rooms.state(&other.key).await.is_active(table.now()));
}

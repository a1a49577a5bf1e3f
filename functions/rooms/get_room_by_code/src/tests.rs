use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::Room;
use serde_json::{Value, json};
use testing::rooms::{CODE_RETENTION, DEPARTURE, PAST_ROOMS, just_before};
use testing::{Call, Reply, TestTable};

use super::*;

const NOT_FOUND: (u16, &str) = (404, "Room not found");

async fn app(table: &TestTable) -> App<Config> {
    table.app("get_room_by_code", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, code: &str) -> Reply {
    let call = Call::new("GET", &format!("/rooms/code/{code}")).parameter("code", code);
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

fn code(room: &Room) -> &str {
    room.by_code.as_ref().expect("by code").code.as_str()
}

#[tokio::test]
async fn whoever_has_the_code_sees_the_door() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let room = table.rooms().by_code(5).await;
    let reply = ask(&app, code(&room)).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "code": "lzq-ldy-jnm",
      "host": {
        "avatarUrl": "https://example.org/hanna.png",
        "displayName": "Hanna",
        "id": "hanna"
      },
      "id": "13319d61-8201-5d23-bd45-f93322d902f4",
      "isActive": true,
      "isLocked": false,
      "name": "Weekly",
      "settings": {
        "waitingRoom": false
      }
    }
    "#);
}

#[tokio::test]
async fn lock_and_waiting_room_show_and_nothing_else_of_the_settings() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.lock(&room.key, true).await;
    rooms.set(&room.key, |settings| (settings.waiting_room, settings.allow_chat) = (true, false)).await;
    let reply = ask(&app, code(&room)).await;
    assert_eq!(
        (&reply.body["isLocked"], &reply.body["settings"]),
        (&json!(true), &json!({"waitingRoom": true}))
    );
}

#[tokio::test]
async fn a_room_is_active_between_its_sessions_too() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let is_active = async || ask(&app, code(&room)).await.body["isActive"].clone();
    assert_eq!(is_active().await, true);
    let ann = rooms.join(&room.key, "ann").await.expect("a seat");
    assert_eq!(is_active().await, true);
    rooms.leave(&ann).await;
    table.clock.advance(DEPARTURE);
    assert_eq!(is_active().await, true);
    rooms.end_room(&room.key).await;
    assert_eq!(is_active().await, false);
}

#[tokio::test]
async fn an_ended_room_and_one_that_nobody_uses_are_forgotten_in_the_end() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (ended, unused) = (rooms.by_code(5).await, rooms.by_code(5).await);
    rooms.end_room(&ended.key).await;
    table.clock.advance(just_before(PAST_ROOMS));
    assert_eq!(ask(&app, code(&ended)).await.body["isActive"], false);
    table.clock.advance(Duration::from_millis(1));
    assert_eq!(ask(&app, code(&ended)).await.refusal(), NOT_FOUND);
    table.clock.advance(just_before(CODE_RETENTION.saturating_sub(PAST_ROOMS)));
    assert_eq!(ask(&app, code(&unused)).await.status, 200);
    table.clock.advance(Duration::from_millis(1));
    assert_eq!(ask(&app, code(&unused)).await.refusal(), NOT_FOUND);
}

#[tokio::test]
async fn a_code_that_is_none_or_unknown_is_no_room() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    rooms.open("abc-def-ghi", None).await;
    for code in
        ["abc-def-ghi", "zzz-zzz-zzz", "ABC-DEF-GHI", "abcdefghi", "abc-def-ghi-jkl", "abc-d3f-ghi", ""]
    {
        let reply = ask(&app, code).await;
        assert_eq!(reply.refusal(), NOT_FOUND, "{code}");
        assert_eq!(reply.body["error"], Value::from("Not Found"));
    }
}

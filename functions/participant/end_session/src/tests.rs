use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::{RoomKey, Status};
use serde_json::json;
use store::NewToken;
use testing::rooms::{HOST, new_token, session_of};
use testing::{Call, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/api/endRoom";

async fn app(table: &TestTable) -> App<Config> {
    table.app("end_session", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn end(app: &App<Config>, token: &str) -> Reply {
    ask(app, Call::post(PATH, &json!({})).bearer(token)).await
}

/// Why the room's session ended, as the stream of its events says.
async fn ended(table: &TestTable, room: &RoomKey) -> serde_json::Value {
    table.history(room).await.pop().expect("a change").event()
}

#[tokio::test]
async fn a_moderator_ends_the_session() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    let adm = rooms.moderator(&key, "adm").await;
    rooms.seat(&key, "bob").await;
    let reply = end(&app, &rooms.session_text(&adm)).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
    assert_eq!(rooms.state(&key).await.status, Status::Ended);
    assert_eq!(ended(&table, &key).await, json!({"type": "ended", "reason": "moderator"}));
    assert_eq!(end(&app, &rooms.session_text(&adm)).await.refusal(), (400, "Room is no longer active"));
}

#[tokio::test]
async fn the_host_ends_a_session_of_his_room_and_not_the_room() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(10).await;
    let host = rooms.join(&room.key, HOST).await.expect("in");
    assert_eq!(end(&app, &rooms.session_text(&host)).await.status, 200);
    assert_eq!(rooms.state(&room.key).await.status, Status::Idle);
    assert_eq!(ended(&table, &room.key).await, json!({"type": "ended", "reason": "host"}));
    // The next session is none of his old token's.
    rooms.join(&room.key, "ann").await.expect("in");
    let late = end(&app, &rooms.session_text(&host)).await;
    assert_eq!(late.refusal(), (400, "Room is no longer active"));
    assert_eq!(rooms.state(&room.key).await.status, Status::Open);
}

#[tokio::test]
async fn who_may_not_moderate_ends_nothing() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    let bob = rooms.seat(&key, "bob").await;
    let hidden = NewToken { role: Role::Moderator, hidden: true, ..new_token("hid", table.now()) };
    let hidden = rooms.redeem(&rooms.mint_as(&key, hidden).await).await.expect("a seat");
    let (left, banned) = (rooms.moderator(&key, "left").await, rooms.moderator(&key, "banned").await);
    rooms.leave(&left).await;
    rooms.ban(&banned).await;
    let replaced = rooms.moderator(&key, "eve").await;
    rooms.resume(&session_of(&replaced)).await;
    let before = table.items().await;
    for (person, refusal) in [
        (bob, (403, "Only a moderator can do this")),
        (hidden, (403, "Only a moderator can do this")),
        (left, (401, "Invalid token")),
        (banned, (403, "You are blocked from this room")),
        (replaced, (401, "Invalid token")),
    ] {
        assert_eq!(end(&app, &rooms.session_text(&person)).await.refusal(), refusal);
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn only_the_tokens_own_room_is_ended() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    let other = rooms.open("room-2", None).await.key;
    let adm = rooms.session_text(&rooms.moderator(&key, "adm").await);
    let call = |body| Call::post(PATH, &body).bearer(&adm);
    let reply = ask(&app, call(json!({"room_id": "room-2"}))).await;
    assert_eq!(reply.refusal(), (401, "Invalid token"));
    assert_eq!(rooms.state(&other).await.status, Status::Open);
    assert_eq!(rooms.state(&key).await.status, Status::Open);
    assert_eq!(ask(&app, call(json!({"roomId": "room-1"}))).await.status, 200);
}

#[tokio::test]
async fn what_is_no_good_session_token_is_refused() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let call = Call::post(PATH, &json!({}));
    checks::session_tokens(&table, async |call| ask(&app, call).await, &call).await;
}

#[tokio::test]
async fn bodies_are_looked_at() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let [one, other] = [rooms.open("room-1", None).await.key, rooms.open("room-2", None).await.key];
    let adm = rooms.session_text(&rooms.moderator(&one, "adm").await);
    checks::bodies(400, async |body| ask(&app, Call::new("POST", PATH).raw(body).bearer(&adm)).await).await;
    let adm = rooms.session_text(&rooms.moderator(&other, "adm").await);
    assert_eq!(ask(&app, Call::new("POST", PATH).bearer(&adm)).await.status, 200, "none is needed");
}

#[tokio::test]
async fn an_end_that_is_asked_for_again_has_the_first_answer() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    let adm = rooms.session_text(&rooms.moderator(&key, "adm").await);
    let call = |body| Call::post(PATH, &body).bearer(&adm).header("idempotency-key", "end-once");
    assert_eq!(ask(&app, call(json!({}))).await.status, 200);
    let state = rooms.state(&key).await;
    assert_eq!(ask(&app, call(json!({}))).await.status, 200);
    assert_eq!(rooms.state(&key).await, state);
    let other = ask(&app, call(json!({"room_id": "room-1"}))).await;
    assert_eq!(other.refusal(), (409, "Idempotency-Key was used with another request"));
}

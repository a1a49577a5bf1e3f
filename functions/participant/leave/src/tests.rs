use api::{Dialect, respond};
use insta::assert_json_snapshot;
use store::NewRoom;
use testing::rooms::{DEPARTURE, just_before, new_room, session_of};
use testing::{Call, Reply, TestTable, checks};

use super::*;

async fn app(table: &TestTable) -> App<Config> {
    table.app("leave", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

fn call() -> Call {
    Call::new("POST", "/api/leaveRoom")
}

#[tokio::test]
async fn a_seat_is_given_up_and_free_for_another() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", Some(1)).await;
    let ann = rooms.seat(&room.key, "ann").await;
    let reply = ask(&app, call().bearer(&rooms.session_text(&ann))).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
    let state = rooms.state(&room.key).await;
    assert_eq!((state.seats, state.due_at), (0, table.now().plus(DEPARTURE)));
    rooms.seat(&room.key, "bob").await;
}

#[tokio::test]
async fn a_room_id_in_the_body_must_be_the_tokens() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let text = rooms.session_text(&rooms.seat(&room.key, "ann").await);
    let leave = async |body: &str| ask(&app, call().bearer(&text).raw(body)).await;
    assert_eq!(leave(r#"{"room_id": "other"}"#).await.refusal(), (401, "Invalid token"));
    assert_eq!(leave(r#"{"roomId": "other"}"#).await.refusal(), (401, "Invalid token"));
    let malformed = (400, "room_id: must be a string, it is a number");
    assert_eq!(leave(r#"{"room_id": 5}"#).await.refusal(), malformed);
    assert_eq!(rooms.state(&room.key).await.seats, 1);
    assert_eq!(leave(r#"{"room_id": "room-1"}"#).await.status, 200);
    assert_eq!(rooms.state(&room.key).await.seats, 0);
}

#[tokio::test]
async fn the_pause_after_the_last_one_is_never_longer_than_the_session() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let new = NewRoom { duration: Some(Duration::from_hours(1)), ..new_room("room-1") };
    let room = rooms.create(&new).await;
    let ends_at = table.now().plus(Duration::from_hours(1));
    let ann = rooms.seat(&room.key, "ann").await;
    table.clock.advance(just_before(Duration::from_hours(1)));
    ask(&app, call().bearer(&rooms.session_text(&ann))).await;
    assert_eq!(rooms.state(&room.key).await.due_at, ends_at);
}

#[tokio::test]
async fn the_token_is_taken_without_bearer_too_and_for_rooms_by_code() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let jane = rooms.join_as_guest(&room.key, "Jane").await.expect("a seat");
    let reply = ask(&app, call().header("authorization", &rooms.session_text(&jane))).await;
    assert_eq!(reply.status, 200);
    assert_eq!(rooms.state(&room.key).await.seats, 0);
}

#[tokio::test]
async fn repeating_it_is_harmless_also_after_the_session() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    rooms.seat(&room.key, "bob").await;
    let text = rooms.session_text(&rooms.seat(&room.key, "ann").await);
    let first = ask(&app, call().bearer(&text)).await;
    let before = table.items().await;
    assert_eq!(ask(&app, call().bearer(&text)).await, first);
    assert_eq!(table.items().await, before);
    rooms.end_session(&room.key).await;
    assert_eq!(ask(&app, call().bearer(&text)).await, first);
    let next = rooms.open("room-1", None).await;
    rooms.seat(&next.key, "ann").await;
    assert_eq!(ask(&app, call().bearer(&text)).await, first);
    assert_eq!(rooms.state(&next.key).await.seats, 1, "the seat in the next session is another");
}

#[tokio::test]
async fn the_session_token_before_a_resume_leaves_nothing() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let ann = rooms.seat(&room.key, "ann").await;
    let newer = rooms.resume(&session_of(&ann)).await;
    assert_eq!(ask(&app, call().bearer(&rooms.session_text(&ann))).await.status, 200);
    assert_eq!(rooms.state(&room.key).await.seats, 1);
    ask(&app, call().bearer(&rooms.text_of(&newer))).await;
    assert_eq!(rooms.state(&room.key).await.seats, 0);
}

#[tokio::test]
async fn who_was_barred_has_nothing_to_leave() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let ann = rooms.seat(&room.key, "ann").await;
    rooms.ban(&ann).await;
    let before = table.items().await;
    assert_eq!(ask(&app, call().bearer(&rooms.session_text(&ann))).await.status, 200);
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn what_is_no_good_session_token_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    checks::session_tokens(&table, async |call| ask(&app, call).await, &call()).await;
    let room = rooms.open("room-1", None).await;
    let join = rooms.join_text(&rooms.mint(&room.key, "ann").await);
    assert_eq!(ask(&app, call().bearer(&join)).await.refusal(), (401, "Invalid token"));
}

#[tokio::test]
async fn a_body_may_be_left_out_but_not_be_anything() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let text = rooms.session_text(&rooms.seat(&room.key, "ann").await);
    let ask = async |body: Vec<u8>| ask(&app, call().raw(body).bearer(&text)).await;
    assert_eq!(ask(b"[1]".to_vec()).await.status, 400);
    assert_eq!(rooms.state(&room.key).await.seats, 1, "she has not left");
    checks::bodies(400, ask).await;
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_answer_again() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let call = call().bearer(&rooms.session_text(&rooms.seat(&room.key, "ann").await));
    let other = call.clone().raw("{}");
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;
}

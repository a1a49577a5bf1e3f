use api::{Dialect, respond};
use models::Room;
use serde_json::Value;
use testing::rooms::{DEPARTURE, PAST_ROOMS, session_of};
use testing::{Call, Reply, TestTable, checks};

use super::*;

async fn app(table: &TestTable) -> App<Config> {
    table.app("leave_room", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

fn call(code: &str) -> Call {
    Call::new("POST", &format!("/rooms/{code}/leave")).parameter("code", code)
}

fn code(room: &Room) -> &str {
    room.by_code.as_ref().expect("by code").code.as_str()
}

async fn leave(app: &App<Config>, room: &Room, token: &str) -> Reply {
    ask(app, call(code(room)).bearer(token)).await
}

#[tokio::test]
async fn a_seat_is_given_up_and_free_for_another() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let ann = rooms.join(&room.key, "ann").await.expect("a seat");
    rooms.join_as_guest(&room.key, "Jane").await.expect("a seat");
    let reply = leave(&app, &room, &rooms.session_text(&ann)).await;
    assert_eq!((reply.status, reply.body), (204, Value::Null));
    assert_eq!(rooms.state(&room.key).await.seats, 1);
    rooms.join(&room.key, "bob").await.expect("the free seat");
}

#[tokio::test]
async fn repeating_it_is_harmless() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let (ann, bob) = (rooms.join(&room.key, "ann").await, rooms.join(&room.key, "bob").await);
    let (ann, bob) = (rooms.session_text(&ann.expect("a seat")), rooms.session_text(&bob.expect("a seat")));
    leave(&app, &room, &ann).await;
    let before = table.items().await;
    for _ in 0..3 {
        assert_eq!(leave(&app, &room, &ann).await.status, 204);
    }
    assert_eq!(table.items().await, before, "the other's seat is his own");
    leave(&app, &room, &bob).await;
    assert_eq!(rooms.state(&room.key).await.seats, 0);
}

#[tokio::test]
async fn the_last_one_leaves_the_room_open_for_a_while() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let ann = rooms.join(&room.key, "ann").await.expect("a seat");
    leave(&app, &room, &rooms.session_text(&ann)).await;
    let state = rooms.state(&room.key).await;
    assert_eq!((state.seats, state.due_at), (0, table.now().plus(DEPARTURE)));
}

#[tokio::test]
async fn a_sitting_that_was_replaced_throws_nobody_out() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let first = rooms.join(&room.key, "ann").await.expect("a seat");
    let second = rooms.join(&room.key, "ann").await.expect("her own seat");
    let third = rooms.resume(&session_of(&second)).await;
    for old in [&first, &second] {
        assert_eq!(leave(&app, &room, &rooms.session_text(old)).await.status, 204);
        assert_eq!(rooms.state(&room.key).await.seats, 1);
    }
    assert_eq!(leave(&app, &room, &rooms.text_of(&third)).await.status, 204);
    assert_eq!(rooms.state(&room.key).await.seats, 0);
}

#[tokio::test]
async fn after_the_session_it_is_harmless_too() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let ann = rooms.join(&room.key, "ann").await.expect("a seat");
    let text = rooms.session_text(&ann);
    rooms.end_session(&room.key).await;
    let before = table.items().await;
    assert_eq!(leave(&app, &room, &text).await.status, 204);
    assert_eq!(table.items().await, before);
    // Nor does it touch the seat in the next session.
    rooms.join(&room.key, "ann").await.expect("a seat");
    assert_eq!(leave(&app, &room, &text).await.status, 204);
    assert_eq!(rooms.state(&room.key).await.seats, 1);
    rooms.end_room(&room.key).await;
    assert_eq!(leave(&app, &room, &text).await.status, 204);
    table.clock.advance(PAST_ROOMS);
    assert_eq!(leave(&app, &room, &rooms.session_text(&ann)).await.refusal(), (401, "Token has expired"));
}

#[tokio::test]
async fn who_waits_gives_up_his_place() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    rooms.set(&room.key, |settings| settings.waiting_room = true).await;
    let waiter = rooms.join(&room.key, "ann").await.expect("a place");
    assert_eq!(leave(&app, &room, &rooms.session_text(&waiter)).await.status, 204);
    let seen = table.store().look(&room.key, false, Some(&waiter.user)).await.expect("readable");
    assert_eq!(seen.participant.expect("known").standing, models::Standing::Left);
    assert_eq!(seen.room.expect("a room").seats, 0);
}

#[tokio::test]
async fn a_token_of_another_room_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (room, other) = (rooms.by_code(2).await, rooms.by_code(2).await);
    let ann = rooms.join(&room.key, "ann").await.expect("a seat");
    let text = rooms.session_text(&ann);
    let before = table.items().await;
    assert_eq!(leave(&app, &other, &text).await.refusal(), (401, "Invalid token"));
    for no_code in ["ABC-DEF-GHI", "no-code", "", room.key.room.as_str()] {
        let reply = ask(&app, call(no_code).bearer(&text)).await;
        assert_eq!(reply.refusal(), (404, "Room not found"), "{no_code}");
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn what_is_no_good_session_token_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    checks::session_tokens(&table, async |call| ask(&app, call).await, &call(code(&room))).await;
}

#[tokio::test]
async fn a_body_may_be_left_out_but_not_be_anything() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let text = rooms.session_text(&rooms.join(&room.key, "ann").await.expect("a seat"));
    let ask = async |body: Vec<u8>| ask(&app, call(code(&room)).raw(body).bearer(&text)).await;
    assert_eq!(ask(b"[1]".to_vec()).await.status, 400);
    assert_eq!(rooms.state(&room.key).await.seats, 1, "he has not left");
    checks::bodies(400, ask).await;
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_answer_again() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let text = rooms.session_text(&rooms.join(&room.key, "ann").await.expect("a seat"));
    let call = call(code(&room)).bearer(&text);
    let other = call.clone().raw("{}");
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;
}

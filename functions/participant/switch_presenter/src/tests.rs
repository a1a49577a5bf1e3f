mod refusals;

use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::{Role, RoomKey};
use serde_json::{Value, json};
use store::{Admission, NewToken};
use testing::rooms::{HOST, Rooms, new_token};
use testing::{Call, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/api/switchPresenter";

async fn app(table: &TestTable) -> App<Config> {
    table.app("switch_presenter", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn switch(app: &App<Config>, token: &str, user: &str, task: &str) -> Reply {
    ask(app, Call::post(PATH, &json!({"user_id": user, "task": task})).bearer(token)).await
}

/// Somebody with rights who has a seat.
async fn moderator(rooms: &Rooms, room: &RoomKey, user: &str) -> Admission {
    let new = NewToken { role: Role::Moderator, ..new_token(user, rooms.store().now()) };
    rooms.redeem(&rooms.mint_as(room, new).await).await.expect("a seat")
}

/// A table, a room with adm, who presents as the first with rights, and bob; and adm's session token.
async fn room_of_two(table: &TestTable) -> (RoomKey, String, Admission) {
    let rooms = table.rooms();
    let key = rooms.open("room-1", None).await.key;
    let adm = moderator(&rooms, &key, "adm").await;
    let bob = rooms.seat(&key, "bob").await;
    (key, rooms.session_text(&adm), bob)
}

/// Who presents: one at most.
async fn presenter(rooms: &Rooms, room: &RoomKey) -> Option<String> {
    let whole = rooms.store().whole_room(room).await.expect("readable");
    let state = whole.room.expect("a room");
    let mut presenting = whole.participants.iter().filter(|person| person.presents_in(&state));
    let presenter = presenting.next().map(|person| person.user.to_string());
    assert_eq!(presenting.next(), None);
    presenter
}

#[tokio::test]
async fn somebody_presents_in_the_place_of_who_did() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, _) = room_of_two(&table).await;
    assert_eq!(presenter(&rooms, &key).await.as_deref(), Some("adm"));
    let before = rooms.state(&key).await;
    let reply = switch(&app, &adm, "bob", "PROMOTE").await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
    assert_eq!(presenter(&rooms, &key).await.as_deref(), Some("bob"));
    let state = rooms.state(&key).await;
    assert_eq!((state.seq, state.hooks), (before.seq + 1, before.hooks), "a change, and no webhook");
    let last = table.history(&key).await.pop().expect("a change");
    assert_eq!(last.event(), json!({"type": "presents", "user": "bob"}));
}

#[tokio::test]
async fn an_emptied_place_stays_empty_until_somebody_is_given_it() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, _) = room_of_two(&table).await;
    assert_eq!(switch(&app, &adm, "adm", "DEMOTE").await.status, 200);
    assert_eq!(presenter(&rooms, &key).await, None);
    let last = table.history(&key).await.pop().expect("a change");
    assert_eq!(last.event(), json!({"type": "presents", "user": null}));
    moderator(&rooms, &key, "eve").await;
    assert_eq!(presenter(&rooms, &key).await, None, "nobody takes it by coming");
    assert_eq!(switch(&app, &adm, "eve", "PROMOTE").await.status, 200);
    assert_eq!(presenter(&rooms, &key).await.as_deref(), Some("eve"));
}

#[tokio::test]
async fn what_is_so_already_changes_nothing() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, _) = room_of_two(&table).await;
    let before = rooms.state(&key).await;
    for (user, task) in [("adm", "PROMOTE"), ("bob", "DEMOTE")] {
        assert_eq!(switch(&app, &adm, user, task).await.text("msg"), "success", "{user}");
    }
    assert_eq!(rooms.state(&key).await, before);
}

#[tokio::test]
async fn who_left_his_seat_presents_again_only_when_he_is_told_to() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, bob) = room_of_two(&table).await;
    switch(&app, &adm, "bob", "PROMOTE").await;
    table.clock.advance(Duration::from_secs(1));
    rooms.leave(&bob).await;
    rooms.seat(&key, "bob").await;
    assert_eq!(presenter(&rooms, &key).await, None);
    assert_eq!(switch(&app, &adm, "bob", "PROMOTE").await.status, 200);
    assert_eq!(presenter(&rooms, &key).await.as_deref(), Some("bob"));
}

#[tokio::test]
async fn the_host_of_a_room_by_code_gives_the_place_to_a_guest() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.by_code(9).await.key;
    let host = rooms.session_text(&rooms.join(&key, HOST).await.expect("a seat"));
    let jane = rooms.join_as_guest(&key, "Jane").await.expect("a seat");
    assert_eq!(switch(&app, &host, jane.user.as_str(), "PROMOTE").await.status, 200);
    assert_eq!(presenter(&rooms, &key).await.as_deref(), Some(jane.user.as_str()));
}

#[tokio::test]
async fn of_two_demotions_and_a_promotion_at_once_the_promotion_is_not_lost() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, _) = room_of_two(&table).await;
    let (first, promoted, second) = tokio::join!(
        switch(&app, &adm, "adm", "DEMOTE"),
        switch(&app, &adm, "bob", "PROMOTE"),
        switch(&app, &adm, "adm", "DEMOTE"),
    );
    assert_eq!([first.status, promoted.status, second.status], [200; 3]);
    assert_eq!(presenter(&rooms, &key).await.as_deref(), Some("bob"));
}

#[tokio::test]
async fn an_idempotency_key_switches_once() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, _) = room_of_two(&table).await;
    let call = Call::post(PATH, &json!({"user_id": "bob", "task": "PROMOTE"})).bearer(&adm);
    let other = Call::post(PATH, &json!({"user_id": "bob", "task": "DEMOTE"})).bearer(&adm);
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;

    switch(&app, &adm, "adm", "PROMOTE").await;
    let again = ask(&app, call.header("idempotency-key", "0123456789abcdefghijkl")).await;
    assert_eq!(again.text("msg"), "success", "the answer of then");
    assert_eq!(presenter(&rooms, &key).await.as_deref(), Some("adm"));
}

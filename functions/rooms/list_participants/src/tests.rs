use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::{Features, Role, Room};
use serde_json::json;
use store::{NewRoom, NewToken};
use testing::rooms::{HOST, new_room, new_token};
use testing::{Call, Reply, TestTable, checks};

use super::*;

const NOT_FOUND: (u16, &str) = (404, "Room not found");
const NOT_IN: (u16, &str) = (403, "You are not in this room");

async fn app(table: &TestTable) -> App<Config> {
    table.app("list_participants", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

fn by_id(id: &str) -> Call {
    Call::new("GET", &format!("/rooms/{id}/participants")).parameter("id", id)
}

fn by_code(code: &str) -> Call {
    Call::new("GET", &format!("/rooms/code/{code}/participants")).parameter("code", code)
}

/// Both ways to name a room by code.
fn both(room: &Room) -> [Call; 2] {
    [by_id(room.key.room.as_str()), by_code(room.by_code.as_ref().expect("by code").code.as_str())]
}

/// Who is listed, by name.
fn names(reply: &Reply) -> Vec<&str> {
    let people = reply.body.as_array().unwrap_or_else(|| panic!("no list: {reply:?}"));
    people.iter().map(|person| person["displayName"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn those_who_are_in_are_listed_in_order_of_arrival() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.join(&room.key, "zoe").await.expect("a seat");
    table.clock.advance(Duration::from_millis(1));
    rooms.join(&room.key, HOST).await.expect("a seat");
    table.clock.advance(Duration::from_millis(1));
    rooms.join_as_guest(&room.key, "Jane").await.expect("a seat");
    for call in both(&room) {
        let reply = ask(&app, call.bearer(&table.user_token(HOST, "Hanna"))).await;
        assert_eq!(reply.status, 200);
        assert_eq!(names(&reply), ["Name of zoe", "Name of hanna", "Jane"]);
    }
    let reply = ask(&app, both(&room)[0].clone().bearer(&table.user_token(HOST, "Hanna"))).await;
    assert_json_snapshot!(reply.body, @r#"
    [
      {
        "avatarUrl": null,
        "displayName": "Name of zoe",
        "id": "0d08b756-8f6c-5fc4-98b2-928e430f4dee",
        "isHost": false,
        "role": "participant"
      },
      {
        "avatarUrl": null,
        "displayName": "Name of hanna",
        "id": "a29c9076-5294-5a30-87d5-1c7a7f373a3b",
        "isHost": true,
        "role": "host"
      },
      {
        "avatarUrl": null,
        "displayName": "Jane",
        "id": "8a770919-e867-4cff-84d0-c5120bd70c99",
        "isHost": false,
        "role": "participant"
      }
    ]
    "#);
}

#[tokio::test]
async fn the_host_asks_without_being_in_and_an_idle_room_is_empty() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let host = table.user_token(HOST, "Hanna");
    for call in both(&room) {
        assert_eq!(ask(&app, call.bearer(&host)).await.body, json!([]));
    }
    rooms.join(&room.key, "ann").await.expect("a seat");
    rooms.end_session(&room.key).await;
    assert_eq!(ask(&app, both(&room)[0].clone().bearer(&host)).await.body, json!([]));
    rooms.join(&room.key, "bob").await.expect("a seat");
    let reply = ask(&app, both(&room)[0].clone().bearer(&host)).await;
    assert_eq!(names(&reply), ["Name of bob"], "of the present session only");
}

#[tokio::test]
async fn hidden_ones_and_those_who_wait_or_left_are_not_listed() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let hidden = NewToken { hidden: true, ..new_token("spy", table.now()) };
    let spy = rooms.redeem(&rooms.mint_as(&room.key, hidden).await).await.expect("a seat");
    rooms.seat(&room.key, "ann").await;
    rooms.leave(&rooms.seat(&room.key, "bob").await).await;
    rooms.mint(&room.key, "invited").await;
    // Not even in the hidden one's own list.
    let reply = ask(&app, by_id("room-1").bearer(&rooms.session_text(&spy))).await;
    assert_eq!(names(&reply), ["Name of ann"]);

    let room = rooms.create(&NewRoom { waiting_room: true, ..new_room("room-2") }).await;
    let waiter = rooms.redeem(&rooms.mint(&room.key, "ann").await).await.expect("a place");
    let admin = NewToken { role: Role::Moderator, ..new_token("mod", table.now()) };
    let admin = rooms.redeem(&rooms.mint_as(&room.key, admin).await).await.expect("a seat");
    let reply = ask(&app, by_id("room-2").bearer(&rooms.session_text(&admin))).await;
    assert_eq!(names(&reply), ["Name of mod"]);
    let reply = ask(&app, by_id("room-2").bearer(&rooms.session_text(&waiter))).await;
    assert_eq!(reply.refusal(), NOT_IN);
}

#[tokio::test]
async fn where_people_do_not_see_one_another_each_sees_himself_and_moderators() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let features = Features { allow_view_other_users_list: false, ..Features::default() };
    let key = rooms.create(&NewRoom { features, ..new_room("room-1") }).await.key;
    let (ann, _) = (rooms.seat(&key, "ann").await, rooms.seat(&key, "bob").await);
    let adm = rooms.moderator(&key, "adm").await;
    for (person, count) in [(&ann, 2), (&adm, 3)] {
        let reply = ask(&app, by_id("room-1").bearer(&rooms.session_text(person))).await;
        assert_eq!(names(&reply).len(), count, "{reply:?}");
    }
}

#[tokio::test]
async fn others_see_nobody() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (room, other) = (rooms.by_code(5).await, rooms.by_code(5).await);
    let ann = rooms.join(&room.key, "ann").await.expect("a seat");
    let bob = rooms.join(&other.key, "bob").await.expect("a seat");
    for call in both(&room) {
        let eve = call.clone().bearer(&table.user_token("eve", "Eve"));
        assert_eq!(ask(&app, eve).await.refusal(), NOT_IN);
        let elsewhere = call.clone().bearer(&rooms.session_text(&bob));
        assert_eq!(ask(&app, elsewhere).await.refusal(), (401, "Invalid token"));
        let here = call.bearer(&rooms.session_text(&ann));
        assert_eq!(names(&ask(&app, here).await), ["Name of ann"]);
    }
}

#[tokio::test]
async fn a_room_that_is_not_there_is_not_found() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let token = table.user_token("ann", "Ann");
    for call in [by_id("never"), by_id("a b"), by_code("abc-def-ghi"), by_code("no-code"), by_code("ABC")] {
        assert_eq!(ask(&app, call.bearer(&token)).await.refusal(), NOT_FOUND);
    }
}

#[tokio::test]
async fn what_is_no_good_token_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    for call in both(&room) {
        assert_eq!(ask(&app, call.clone()).await.refusal(), (401, "Missing token"));
        checks::user_tokens(&table, async |call| ask(&app, call).await, &call).await;
    }
}

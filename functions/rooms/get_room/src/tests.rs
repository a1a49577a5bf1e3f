use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::RoomKey;
use serde_json::json;
use testing::rooms::{DEPARTURE, HOST, PAST_ROOMS, session_of};
use testing::{Call, Reply, TestTable, checks};

use super::*;

const NOT_FOUND: (u16, &str) = (404, "Room not found");
const NOT_IN: (u16, &str) = (403, "You are not in this room");
const INVALID: (u16, &str) = (401, "Invalid token");

async fn app(table: &TestTable) -> App<Config> {
    table.app("get_room", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

fn call(id: &str) -> Call {
    Call::new("GET", &format!("/rooms/{id}")).parameter("id", id)
}

async fn as_user(table: &TestTable, app: &App<Config>, room: &RoomKey, sub: &str) -> Reply {
    ask(app, call(room.room.as_str()).bearer(&table.user_token(sub, sub))).await
}

#[tokio::test]
async fn the_host_sees_his_room_without_being_in() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let reply = as_user(&table, &app, &room.key, HOST).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "code": "lzq-ldy-jnm",
      "createdAt": "2027-01-15T08:00:00.000Z",
      "endedAt": null,
      "host": {
        "avatarUrl": "https://example.org/hanna.png",
        "displayName": "Hanna",
        "id": "hanna"
      },
      "hostId": "hanna",
      "id": "13319d61-8201-5d23-bd45-f93322d902f4",
      "isActive": true,
      "isLocked": false,
      "maxParticipants": 5,
      "name": "Weekly",
      "participantCount": 0,
      "settings": {
        "allowChat": true,
        "allowGuestAccess": true,
        "allowParticipantAudio": true,
        "allowParticipantVideo": true,
        "allowScreenShare": true,
        "muteParticipantsOnJoin": false,
        "waitingRoom": false
      },
      "startedAt": null
    }
    "#);

    table.clock.advance(Duration::from_mins(1));
    let ann = rooms.join(&room.key, "ann").await.expect("a seat");
    let during = as_user(&table, &app, &room.key, HOST).await;
    assert_eq!(during.body["participantCount"], 1);
    assert_eq!(during.text("startedAt"), table.now().to_string());
    assert_eq!(during.body["createdAt"], reply.body["createdAt"]);

    rooms.leave(&ann).await;
    table.clock.advance(DEPARTURE);
    assert_eq!(as_user(&table, &app, &room.key, HOST).await, reply, "it is idle again");
}

#[tokio::test]
async fn an_ended_room_says_when_it_ended() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.join(&room.key, "ann").await.expect("a seat");
    table.clock.advance(Duration::from_mins(1));
    rooms.end_room(&room.key).await;
    let ended_at = table.now().to_string();
    table.clock.advance(Duration::from_mins(1));
    let reply = as_user(&table, &app, &room.key, HOST).await;
    assert_eq!((&reply.body["isActive"], reply.text("endedAt")), (&json!(false), ended_at.as_str()));
    assert_eq!((&reply.body["participantCount"], &reply.body["startedAt"]), (&json!(0), &json!(null)));
    assert_eq!(as_user(&table, &app, &room.key, "ann").await.refusal(), NOT_IN);
    table.clock.advance(PAST_ROOMS);
    assert_eq!(as_user(&table, &app, &room.key, HOST).await.refusal(), NOT_FOUND);
}

#[tokio::test]
async fn those_who_are_in_see_it_by_either_token() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let guest = rooms.join_as_guest(&room.key, "Jane").await.expect("a seat");
    let ann = rooms.join(&room.key, "ann").await.expect("a seat");
    let by_user_token = as_user(&table, &app, &room.key, "ann").await;
    assert_eq!(by_user_token.body["participantCount"], 2);
    for seated in [&guest, &ann] {
        let reply = ask(&app, call(room.key.room.as_str()).bearer(&rooms.session_text(seated))).await;
        assert_eq!(reply, by_user_token);
    }
}

#[tokio::test]
async fn a_room_of_the_server_api_has_neither_code_nor_host() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let ann = rooms.seat(&room.key, "ann").await;
    let reply = ask(&app, call("room-1").bearer(&rooms.session_text(&ann))).await;
    assert_json_snapshot!(reply.body, @r#"
    {
      "code": null,
      "createdAt": "2027-01-15T08:00:00.000Z",
      "endedAt": null,
      "host": null,
      "hostId": null,
      "id": "room-1",
      "isActive": true,
      "isLocked": false,
      "maxParticipants": null,
      "name": "Title of room-1",
      "participantCount": 1,
      "settings": {
        "allowChat": true,
        "allowGuestAccess": true,
        "allowParticipantAudio": true,
        "allowParticipantVideo": true,
        "allowScreenShare": true,
        "muteParticipantsOnJoin": false,
        "waitingRoom": false
      },
      "startedAt": "2027-01-15T08:00:00.000Z"
    }
    "#);
    // The same id in a user's token is the same person.
    assert_eq!(as_user(&table, &app, &room.key, "ann").await, reply);
}

#[tokio::test]
async fn others_do_not_see_it() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let ann = rooms.join(&room.key, "ann").await.expect("a seat");
    rooms.join(&room.key, "bob").await.expect("a seat");
    assert_eq!(as_user(&table, &app, &room.key, "eve").await.refusal(), NOT_IN);
    rooms.leave(&ann).await;
    assert_eq!(as_user(&table, &app, &room.key, "ann").await.refusal(), NOT_IN);
    let by_session = call(room.key.room.as_str()).bearer(&rooms.session_text(&ann));
    assert_eq!(ask(&app, by_session).await.refusal(), INVALID);
}

#[tokio::test]
async fn a_ticket_of_the_waiting_room_opens_nothing_else() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.set(&room.key, |settings| settings.waiting_room = true).await;
    let waiter = rooms.join(&room.key, "ann").await.expect("a place");
    let by_ticket = call(room.key.room.as_str()).bearer(&rooms.session_text(&waiter));
    assert_eq!(ask(&app, by_ticket).await.refusal(), NOT_IN);
    assert_eq!(as_user(&table, &app, &room.key, "ann").await.refusal(), NOT_IN);
}

#[tokio::test]
async fn a_room_that_is_not_there_is_not_found() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    for id in ["never", "a b", "комната", "", &"x".repeat(65), "00000000-0000-5000-8000-000000000000"]
    {
        let reply = ask(&app, call(id).bearer(&table.user_token("ann", "Ann"))).await;
        assert_eq!(reply.refusal(), NOT_FOUND, "{id}");
    }
    // A session token is of one room only.
    let (one, two) = (rooms.by_code(5).await, rooms.by_code(5).await);
    let ann = rooms.join(&one.key, "ann").await.expect("a seat");
    rooms.join(&two.key, "ann").await.expect("a seat");
    let reply = ask(&app, call(two.key.room.as_str()).bearer(&rooms.session_text(&ann))).await;
    assert_eq!(reply.refusal(), INVALID);
}

#[tokio::test]
async fn a_sitting_that_is_over_shows_nothing() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let first = rooms.join(&room.key, "ann").await.expect("a seat");
    let look = async |text: &str| ask(&app, call(room.key.room.as_str()).bearer(text)).await;
    let second = rooms.resume(&session_of(&first)).await;
    assert_eq!(look(&rooms.session_text(&first)).await.refusal(), INVALID, "it is good for resume alone");
    assert_eq!(look(&rooms.text_of(&second)).await.status, 200);
    rooms.end_session(&room.key).await;
    assert_eq!(look(&rooms.text_of(&second)).await.refusal(), (400, "Room is no longer active"));
}

#[tokio::test]
async fn the_first_use_of_a_new_sitting_ends_the_one_before() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let first = session_of(&rooms.join(&room.key, "ann").await.expect("a seat"));
    let second = rooms.resume(&first).await;
    let previous = async || {
        let seen = table.store().look(&room.key, false, Some(&first.user)).await.expect("readable");
        seen.participant.expect("she is in").previous_session
    };
    assert_eq!(previous().await, Some(first.session));
    assert_eq!(ask(&app, call(room.key.room.as_str()).bearer(&rooms.text_of(&second))).await.status, 200);
    assert_eq!(previous().await, None);
}

#[tokio::test]
async fn what_is_no_good_token_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let call = call(room.key.room.as_str());
    assert_eq!(ask(&app, call.clone()).await.refusal(), (401, "Missing token"));
    checks::user_tokens(&table, async |call| ask(&app, call).await, &call).await;
    let ann = rooms.join(&room.key, "ann").await.expect("a seat");
    let forged = api::sign_session_token(&session_of(&ann), table.now(), b"another secret");
    assert_eq!(ask(&app, call.clone().bearer(&forged)).await.refusal(), INVALID);
    let text = rooms.session_text(&ann);
    table.clock.advance(Duration::from_hours(24));
    assert_eq!(ask(&app, call.bearer(&text)).await.refusal(), (401, "Token has expired"));
}

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::{RoomCode, Timestamp};
use serde_json::json;
use testing::rooms::{DEPARTURE, HOST, just_before, session_of, user_id};
use testing::{Call, Reply, TestTable, checks, opened};

use super::*;

mod dry_run;
mod refusals;

const NOT_FOUND: (u16, &str) = (404, "Room not found");
const NOT_ACTIVE: (u16, &str) = (400, "Room is no longer active");
const LOCKED: (u16, &str) = (403, "Room is locked");
const FULL: (u16, &str) = (400, "Room is full");

async fn app(table: &TestTable) -> App<Config> {
    table.app("join_room", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

/// The code of a room.
fn code(room: &models::Room) -> RoomCode {
    room.by_code.as_ref().expect("by code").code.clone()
}

/// A join without a credential or a body.
fn call(code: impl ToString) -> Call {
    let code = code.to_string();
    Call::new("POST", &format!("/rooms/{code}/join")).parameter("code", code)
}

fn as_guest(code: impl ToString, name: &str) -> Call {
    call(code).raw(json!({"guestName": name}).to_string())
}

fn as_user(table: &TestTable, code: impl ToString, sub: &str) -> Call {
    call(code).bearer(&table.user_token(sub, &format!("Name of {sub}")))
}

#[tokio::test]
async fn a_user_joins_by_his_token() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let reply = ask(&app, as_user(&table, code(&room), "auth0|ann")).await;
    assert_eq!(reply.status, 201);
    assert_json_snapshot!(reply.body, @r#"
    {
      "guestName": null,
      "id": "ff101db3-a3f7-53c0-bc7c-b8384c677be4",
      "isActive": true,
      "isHost": false,
      "joinedAt": "2027-01-15T08:00:00.000Z",
      "leftAt": null,
      "role": "participant",
      "roomId": "13319d61-8201-5d23-bd45-f93322d902f4",
      "session": {
        "expiresAt": "2027-01-16T08:00:00.000Z",
        "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6InZlc3RpYnVsZS1zZXNzaW9uIn0.eyJzdWIiOiJhdXRoMHxhbm4iLCJyb29tIjoibWFpbi8xMzMxOWQ2MS04MjAxLTVkMjMtYmQ0NS1mOTMzMjJkOTAyZjQiLCJzaWQiOiJmMWFhMmI1Ny1kYWQwLTRhZDAtYWU4OS1hZjMwOTYzNzg0YWUiLCJwYXJ0aWNpcGFudCI6ImZmMTAxZGIzLWEzZjctNTNjMC1iYzdjLWI4Mzg0YzY3N2JlNCIsImp0aSI6IjhhYTJkNzkwLWQ2NDEtNDM4Ny1hODU3LTRjNmZhZTZkOWI2ZiIsImlhdCI6MTgwMDAwMDAwMCwiZXhwIjoxODAwMDg2NDAwfQ.C22fnYbL5r6hL9FPnZguvp0tG2bHyiQI6DSGRF1OrUk",
        "webSocketUrl": "ws://127.0.0.1:3001/live"
      },
      "userId": "auth0|ann"
    }
    "#);
    let session = reply.body["session"]["token"].as_str().expect("a token");
    assert_json_snapshot!(opened(session), @r#"
    {
      "claims": {
        "exp": 1800086400,
        "iat": 1800000000,
        "jti": "8aa2d790-d641-4387-a857-4c6fae6d9b6f",
        "participant": "ff101db3-a3f7-53c0-bc7c-b8384c677be4",
        "room": "main/13319d61-8201-5d23-bd45-f93322d902f4",
        "sid": "f1aa2b57-dad0-4ad0-ae89-af30963784ae",
        "sub": "auth0|ann"
      },
      "header": {
        "alg": "HS256",
        "kid": "vestibule-session",
        "typ": "JWT"
      }
    }
    "#);
    let seen = table.store().look(&room.key, false, Some(&user_id("auth0|ann"))).await.expect("readable");
    assert_eq!(seen.participant.expect("she is in").profile.name, "Name of auth0|ann");
}

#[tokio::test]
async fn a_guest_joins_by_a_name() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let reply = ask(&app, as_guest(code(&room), "  Jane Smith ")).await;
    assert_eq!(reply.status, 201);
    assert_json_snapshot!(reply.body, @r#"
    {
      "guestName": "Jane Smith",
      "id": "3b4a79a5-17ce-422a-a30b-fdb7a6a634a5",
      "isActive": true,
      "isHost": false,
      "joinedAt": "2027-01-15T08:00:00.000Z",
      "leftAt": null,
      "role": "participant",
      "roomId": "13319d61-8201-5d23-bd45-f93322d902f4",
      "session": {
        "expiresAt": "2027-01-16T08:00:00.000Z",
        "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6InZlc3RpYnVsZS1zZXNzaW9uIn0.eyJzdWIiOiJndWVzdC0zYjRhNzlhNS0xN2NlLTQyMmEtYTMwYi1mZGI3YTZhNjM0YTUiLCJyb29tIjoibWFpbi8xMzMxOWQ2MS04MjAxLTVkMjMtYmQ0NS1mOTMzMjJkOTAyZjQiLCJzaWQiOiJmMWFhMmI1Ny1kYWQwLTRhZDAtYWU4OS1hZjMwOTYzNzg0YWUiLCJwYXJ0aWNpcGFudCI6IjNiNGE3OWE1LTE3Y2UtNDIyYS1hMzBiLWZkYjdhNmE2MzRhNSIsImp0aSI6IjhhYTJkNzkwLWQ2NDEtNDM4Ny1hODU3LTRjNmZhZTZkOWI2ZiIsImlhdCI6MTgwMDAwMDAwMCwiZXhwIjoxODAwMDg2NDAwfQ.vaU1NwExAXSMOq4WQ_uut_3eWD3sVzTeDpswxpF80Lg",
        "webSocketUrl": "ws://127.0.0.1:3001/live"
      },
      "userId": null
    }
    "#);
    // The same name again is somebody else.
    let other = ask(&app, as_guest(code(&room), "Jane Smith")).await;
    assert_ne!(other.body["id"], reply.body["id"]);
    assert_eq!(rooms.state(&room.key).await.seats, 2);
}

#[tokio::test]
async fn the_host_is_known_by_his_token_and_nothing_in_the_body_makes_one() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let host = ask(&app, as_user(&table, code(&room), HOST)).await;
    assert_eq!((&host.body["isHost"], host.text("role")), (&json!(true), "host"));
    let claims = json!({"isHost": true, "role": "host", "userId": HOST, "guestName": "Eve"}).to_string();
    for call in [call(code(&room)), as_user(&table, code(&room), "eve")] {
        let reply = ask(&app, call.raw(claims.clone())).await;
        assert_eq!((&reply.body["isHost"], reply.text("role")), (&json!(false), "participant"));
        assert_ne!(reply.body["userId"], HOST);
    }
}

#[tokio::test]
async fn the_first_join_starts_a_session_of_its_own() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    table.clock.advance(Duration::from_hours(7 * 24));
    let ann = ask(&app, as_guest(code(&room), "Ann")).await;
    let first = rooms.state(&room.key).await;
    assert_ne!(first.sid, room.sid);
    assert!(first.is_open(table.now()));
    assert_eq!((first.seats, first.started_at), (1, Some(table.now())));
    assert_eq!(first.due_at, Timestamp::NEVER);

    let bob = ask(&app, as_guest(code(&room), "Bob")).await;
    assert_eq!(rooms.state(&room.key).await.sid, first.sid);

    // A session that was ended is over; the room is not.
    rooms.end_session(&room.key).await;
    table.clock.advance(Duration::from_mins(1));
    let cid = ask(&app, as_guest(code(&room), "Cid")).await;
    let second = rooms.state(&room.key).await;
    assert_ne!(second.sid, first.sid);
    assert_eq!((second.seats, second.started_at), (1, Some(table.now())));
    assert_eq!([ann, bob, cid].map(|reply| reply.status), [201; 3]);
}

#[tokio::test]
async fn a_room_is_idle_some_time_after_the_last_has_left() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let ann = rooms.join(&room.key, "ann").await.expect("a seat");
    rooms.leave(&ann).await;
    table.clock.advance(just_before(DEPARTURE));
    let back = ask(&app, as_user(&table, code(&room), "ann")).await;
    assert_eq!(back.text("id"), ann.id.to_string(), "the same session");
    assert_eq!(rooms.state(&room.key).await.sid, ann.sid);

    let ann = rooms.join(&room.key, "ann").await.expect("her own seat");
    rooms.leave(&ann).await;
    table.clock.advance(DEPARTURE);
    let next = ask(&app, as_user(&table, code(&room), "ann")).await;
    assert_eq!(next.status, 201);
    assert_ne!(next.text("id"), ann.id.to_string(), "another session, another participant");
    let state = rooms.state(&room.key).await;
    assert_ne!(state.sid, ann.sid);
    assert_eq!(state.seats, 1);
}

#[tokio::test]
async fn who_is_in_keeps_his_seat_whatever_the_room_says_and_guests_are_never_the_same() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let first = ask(&app, as_user(&table, code(&room), "ann")).await;
    ask(&app, as_guest(code(&room), "Bob")).await;
    rooms.lock(&room.key, true).await;
    table.clock.advance(Duration::from_mins(1));

    let again = ask(&app, call(code(&room)).bearer(&table.user_token("ann", "Dr. Ann"))).await;
    assert_eq!(again.status, 201);
    for same in ["id", "joinedAt", "userId", "isActive"] {
        assert_eq!(again.body[same], first.body[same], "{same}");
    }
    assert_ne!(again.body["session"]["token"], first.body["session"]["token"]);
    let seen = table.store().look(&room.key, false, Some(&user_id("ann"))).await.expect("readable");
    assert_eq!(seen.participant.expect("she is in").profile.name, "Dr. Ann");
    assert_eq!(seen.room.expect("a room").seats, 2);
    assert_eq!(ask(&app, as_guest(code(&room), "Bob")).await.refusal(), LOCKED);
}

#[tokio::test]
async fn the_earlier_session_token_stays_good_for_resume_alone() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    let first = rooms.join(&room.key, "ann").await.expect("a seat");
    ask(&app, as_user(&table, code(&room), "ann")).await;
    assert!(!rooms.leave(&first).await, "it is not the seat's own any more");
    rooms.resume(&session_of(&first)).await;
}

#[tokio::test]
async fn with_a_waiting_room_all_but_the_host_wait() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(2).await;
    rooms.set(&room.key, |settings| settings.waiting_room = true).await;
    let waiting = ask(&app, as_guest(code(&room), "Ann")).await;
    assert_eq!(waiting.status, 201);
    assert_eq!(
        (&waiting.body["isActive"], &waiting.body["joinedAt"]),
        (&json!(false), &json!(table.now().to_string()))
    );
    assert!(waiting.body["session"]["token"].is_string(), "a ticket of the waiting room");
    let state = rooms.state(&room.key).await;
    assert_eq!((state.seats, state.started_at), (0, None));
    assert!(state.is_open(table.now()), "whoever waits at an idle room starts its session");

    let host = ask(&app, as_user(&table, code(&room), HOST)).await;
    assert_eq!(host.body["isActive"], true);
    let state = rooms.state(&room.key).await;
    assert_eq!((state.seats, state.started_at), (1, Some(table.now())));
    // Nobody waits less because the room is full; the lock refuses him here too.
    let bob = ask(&app, as_user(&table, code(&room), "bob")).await;
    assert_eq!(bob.body["isActive"], false);
    rooms.lock(&room.key, true).await;
    assert_eq!(ask(&app, as_guest(code(&room), "Cid")).await.refusal(), LOCKED);
}

#[tokio::test]
async fn a_session_token_ends_with_the_session_or_after_a_day() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let expiry = |reply: &Reply| reply.body["session"]["expiresAt"].as_str().expect("a time").to_owned();
    let endless = rooms.by_code(5).await;
    let reply = ask(&app, as_guest(code(&endless), "Ann")).await;
    assert_eq!(expiry(&reply), table.now().plus(Duration::from_hours(24)).to_string());

    let new =
        store::NewCodeRoom { duration: Some(Duration::from_hours(1)), ..testing::rooms::new_code_room() };
    let short = rooms.create_by_code(&new).await;
    let end = table.now().plus(Duration::from_hours(1)).to_string();
    assert_eq!(expiry(&ask(&app, as_guest(code(&short), "Ann")).await), end);
    table.clock.advance(Duration::from_mins(59));
    assert_eq!(expiry(&ask(&app, as_guest(code(&short), "Bob")).await), end);
    table.clock.advance(Duration::from_mins(1));
    let next = ask(&app, as_guest(code(&short), "Cid")).await;
    assert_eq!(expiry(&next), table.now().plus(Duration::from_hours(1)).to_string());
    assert_eq!(rooms.state(&short.key).await.seats, 1, "the next session has begun");
}

#[tokio::test]
async fn an_idempotency_key_gives_a_user_the_same_sitting_again() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let call = as_user(&table, code(&room), "ann");
    let other = call.clone().raw("{}");
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;
    assert_eq!(rooms.state(&room.key).await.seats, 1);
}

#[tokio::test]
async fn an_idempotency_key_gives_a_guest_one_seat() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (room, other_room) = (rooms.by_code(5).await, rooms.by_code(5).await);
    let call = as_guest(code(&room), "Ann");
    let other = as_guest(code(&room), "Bob");
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;
    assert_eq!(rooms.state(&room.key).await.seats, 1);

    // Nothing but the key tells guests apart: it must be long enough not to be met by chance.
    let before = table.items().await;
    let reply = ask(&app, call.header("idempotency-key", &"k".repeat(21))).await;
    let text = "Idempotency-Key: must have 22 characters or more for a guest; make it random";
    assert_eq!(reply.refusal(), (400, text));
    assert_eq!(table.items().await, before);

    // The same key in another room, and a user's of the same text, are other keys.
    let key = "0123456789abcdefghijkl";
    let elsewhere = as_guest(code(&other_room), "Bob").header("idempotency-key", key);
    assert_eq!(ask(&app, elsewhere).await.status, 201);
    let user = as_user(&table, code(&room), "ann").header("idempotency-key", key);
    assert_eq!(ask(&app, user).await.text("userId"), "ann");
}

#[tokio::test]
async fn of_many_at_once_with_one_key_one_takes_a_seat_and_all_get_its_answer() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let call = as_guest(code(&room), "Ann").header("idempotency-key", "0123456789abcdefghijkl");
    let (a, b, c) = tokio::join!(ask(&app, call.clone()), ask(&app, call.clone()), ask(&app, call));
    assert_eq!((a.status, &a, &a), (201, &b, &c));
    assert_eq!(rooms.state(&room.key).await.seats, 1);
}

#[tokio::test]
async fn who_waits_and_asks_again_keeps_his_place() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.set(&room.key, |settings| settings.waiting_room = true).await;
    let first = ask(&app, as_user(&table, code(&room), "ann")).await;
    let since = table.now();
    table.clock.advance(Duration::from_mins(1));
    let again = ask(&app, as_user(&table, code(&room), "ann")).await;
    assert_eq!((&again.body["id"], &again.body["isActive"]), (&first.body["id"], &json!(false)));
    assert_ne!(again.body["session"]["token"], first.body["session"]["token"]);
    let seen = table.store().look(&room.key, false, Some(&user_id("ann"))).await.expect("readable");
    assert_eq!(seen.participant.expect("she waits").waiting_since, Some(since));
}

#[tokio::test]
async fn a_refusal_is_kept_under_its_key_too() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.lock(&room.key, true).await;
    let call = as_user(&table, code(&room), "ann").header("idempotency-key", "k");
    let refused = ask(&app, call.clone()).await;
    assert_eq!(refused.refusal(), LOCKED);
    rooms.lock(&room.key, false).await;
    assert_eq!(ask(&app, call.clone()).await, refused);
    table.clock.advance(Duration::from_hours(24));
    let fresh = as_user(&table, code(&room), "ann").header("idempotency-key", "k");
    assert_eq!(ask(&app, fresh).await.status, 201, "a day later it is forgotten");
}

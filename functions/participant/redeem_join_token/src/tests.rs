use api::{Dialect, JoinTokenText, respond, sign_join_token};
use insta::assert_json_snapshot;
use models::{JoinToken, Role, Timestamp};
use serde_json::json;
use store::{NewRoom, NewToken};
use testing::rooms::{
    DEPARTURE, EMPTY_TIMEOUT, HOST, PAST_ROOMS, TOKEN_VALIDITY, just_before, new_room, new_token, session_of,
    user_id,
};
use testing::{API_SECRET, Call, OTHER_API_SECRET, Reply, TestTable, checks, opened};

use super::*;

mod refusals;

const NOT_ACTIVE: (u16, &str) = (400, "Room is no longer active");
const INVALID: (u16, &str) = (401, "Invalid token");

async fn app(table: &TestTable) -> App<Config> {
    table.app("redeem_join_token", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

fn call() -> Call {
    Call::new("POST", "/api/joinRoom")
}

async fn redeem(table: &TestTable, app: &App<Config>, token: &JoinToken) -> Reply {
    ask(app, call().bearer(&table.rooms().join_text(token))).await
}

#[tokio::test]
async fn a_token_is_traded_for_a_seat_and_a_session_token() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let token = rooms.mint(&room.key, "ann").await;
    let reply = redeem(&table, &app, &token).await;
    assert_eq!(reply.status, 201);
    assert_json_snapshot!(reply.body, @r#"
    {
      "guestName": null,
      "id": "17810a7a-2c8b-5478-aedb-4ebe86b89ef4",
      "isActive": true,
      "isHost": false,
      "joinedAt": "2027-01-15T08:00:00.000Z",
      "leftAt": null,
      "role": "participant",
      "roomId": "room-1",
      "session": {
        "expiresAt": "2027-01-16T08:00:00.000Z",
        "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6InZlc3RpYnVsZS1zZXNzaW9uIn0.eyJzdWIiOiJhbm4iLCJyb29tIjoibWFpbi9yb29tLTEiLCJzaWQiOiJjMTVjMDI4OS1lYzJkLTRhOTEtYTdlYy04ZTY1YTE4ZGViYmUiLCJwYXJ0aWNpcGFudCI6IjE3ODEwYTdhLTJjOGItNTQ3OC1hZWRiLTRlYmU4NmI4OWVmNCIsImp0aSI6ImE1M2MzNmQ3LTZjZWMtNDllMC1iNTg1LTI3MTIwZmJiZTc4NSIsImlhdCI6MTgwMDAwMDAwMCwiZXhwIjoxODAwMDg2NDAwfQ.AffEa7Z5IKyQPU98jiTr09wOcTp-_TehSK8syavrR4o",
        "webSocketUrl": "ws://127.0.0.1:3001/live"
      },
      "userId": "ann"
    }
    "#);
    let session = reply.body["session"]["token"].as_str().expect("a token");
    assert_json_snapshot!(opened(session), @r#"
    {
      "claims": {
        "exp": 1800086400,
        "iat": 1800000000,
        "jti": "a53c36d7-6cec-49e0-b585-27120fbbe785",
        "participant": "17810a7a-2c8b-5478-aedb-4ebe86b89ef4",
        "room": "main/room-1",
        "sid": "c15c0289-ec2d-4a91-a7ec-8e65a18debbe",
        "sub": "ann"
      },
      "header": {
        "alg": "HS256",
        "kid": "vestibule-session",
        "typ": "JWT"
      }
    }
    "#);

    let state = rooms.state(&room.key).await;
    assert_eq!((state.seats, state.started_at), (1, Some(table.now())));
    assert_eq!(state.due_at, Timestamp::NEVER, "the session's clock stands while somebody is in");
    let seen = table.store().look(&room.key, false, Some(&user_id("ann"))).await.expect("readable");
    let ann = seen.participant.expect("she is in");
    assert!(ann.is_in(&state) && ann.tokens.is_empty(), "{ann:?}");
}

#[tokio::test]
async fn the_token_is_taken_with_or_without_bearer() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    for prefix in ["", "Bearer ", "bearer  ", " BEARER "] {
        let text = rooms.join_text(&rooms.mint(&room.key, "ann").await);
        let reply = ask(&app, call().header("authorization", &format!("{prefix}{text}"))).await;
        assert_eq!(reply.status, 201, "{prefix:?}");
    }
}

#[tokio::test]
async fn the_second_use_of_a_token_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let token = rooms.mint(&room.key, "ann").await;
    assert_eq!(redeem(&table, &app, &token).await.status, 201);
    let before = table.items().await;
    assert_eq!(redeem(&table, &app, &token).await.refusal(), (401, "Token was already used"));
    assert_eq!(table.items().await, before);
    // Nor does it work after he has left.
    let other = rooms.seat(&room.key, "ann").await;
    rooms.leave(&other).await;
    assert_eq!(redeem(&table, &app, &token).await.refusal(), (401, "Token was already used"));
}

#[tokio::test]
async fn who_is_in_keeps_his_seat_his_id_and_when_he_came() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", Some(1)).await;
    let first = redeem(&table, &app, &rooms.mint(&room.key, "ann").await).await;
    table.clock.advance(Duration::from_mins(1));
    let newer = NewToken {
        role: Role::Moderator,
        name: "Dr. Ann".to_owned(),
        hidden: true,
        ..new_token("ann", table.now())
    };
    let second = redeem(&table, &app, &rooms.mint_as(&room.key, newer).await).await;
    assert_eq!(second.status, 201);
    for same in ["id", "joinedAt", "userId", "isActive"] {
        assert_eq!(second.body[same], first.body[same], "{same}");
    }
    assert_eq!(second.text("role"), "moderator");
    assert_ne!(second.body["session"]["token"], first.body["session"]["token"]);
    let seen = table.store().look(&room.key, false, Some(&user_id("ann"))).await.expect("readable");
    let ann = seen.participant.expect("she is in");
    assert_eq!((ann.profile.name.as_str(), ann.hidden, ann.role), ("Dr. Ann", true, Role::Moderator));
    assert_eq!(seen.room.expect("a room").seats, 1);
}

#[tokio::test]
async fn who_comes_back_after_leaving_is_the_same_participant_in_a_seat_of_its_own_time() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let first = rooms.seat(&room.key, "ann").await;
    rooms.leave(&first).await;
    table.clock.advance(Duration::from_secs(10));
    let reply = redeem(&table, &app, &rooms.mint(&room.key, "ann").await).await;
    assert_eq!(reply.text("id"), first.id.to_string());
    assert_eq!(reply.text("joinedAt"), table.now().to_string());
    assert_eq!(rooms.state(&room.key).await.seats, 1);
}

#[tokio::test]
async fn with_a_waiting_room_only_those_without_rights_wait() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.create(&NewRoom { waiting_room: true, ..new_room("room-1") }).await;
    let waiting = redeem(&table, &app, &rooms.mint(&room.key, "ann").await).await;
    assert_eq!(waiting.status, 201);
    assert_eq!(
        (&waiting.body["isActive"], &waiting.body["joinedAt"]),
        (&json!(false), &json!(table.now().to_string()))
    );
    assert_eq!(rooms.state(&room.key).await.seats, 0);
    let admin = NewToken { role: Role::Moderator, ..new_token("mod", table.now()) };
    let reply = redeem(&table, &app, &rooms.mint_as(&room.key, admin).await).await;
    assert_eq!(reply.body["isActive"], true);
    assert_eq!(rooms.state(&room.key).await.seats, 1);
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_seat_and_session_again() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let text = rooms.join_text(&rooms.mint(&room.key, "ann").await);
    let call = call().bearer(&text);
    let other = call.clone().raw("{}");
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;
    assert_eq!(rooms.state(&room.key).await.seats, 1);
    // Another key is another request: the token is used.
    let reply = ask(&app, call.header("idempotency-key", "another")).await;
    assert_eq!(reply.refusal(), (401, "Token was already used"));
}

#[tokio::test]
async fn of_many_at_once_with_one_key_one_takes_the_seat_and_all_get_its_answer() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let text = rooms.join_text(&rooms.mint(&room.key, "ann").await);
    let call = call().bearer(&text).header("idempotency-key", "k");
    let (a, b, c) = tokio::join!(ask(&app, call.clone()), ask(&app, call.clone()), ask(&app, call));
    assert_eq!((a.status, &a, &a), (201, &b, &c));
}

#[tokio::test]
async fn a_body_may_be_left_out_but_not_be_anything() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let text = rooms.join_text(&rooms.mint(&room.key, "ann").await);
    // The credential comes first, then the body, then the room.
    assert_eq!(ask(&app, call().raw("x")).await.refusal(), (401, "Missing token"));
    rooms.end_session(&room.key).await;
    checks::bodies(400, async |body| ask(&app, call().raw(body).bearer(&text)).await).await;
    rooms.open("room-1", None).await;
    let ann = rooms.mint(&room.key, "ann").await;
    let reply = ask(&app, call().raw(r#"{"whatever": 1}"#).bearer(&rooms.join_text(&ann))).await;
    assert_eq!(reply.status, 201);
}

#[tokio::test]
async fn the_earlier_session_token_stays_good_for_resume_alone() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let first = rooms.seat(&room.key, "ann").await;
    redeem(&table, &app, &rooms.mint(&room.key, "ann").await).await;
    assert!(!rooms.leave(&first).await, "it is not the seat's own any more");
    rooms.resume(&session_of(&first)).await;
}

#[tokio::test]
async fn a_session_token_ends_with_the_session_or_after_a_day() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let new = NewRoom { duration: Some(Duration::from_hours(1)), ..new_room("room-1") };
    let room = rooms.create(&new).await;
    let expiry = async |token: &JoinToken| {
        redeem(&table, &app, token).await.body["session"]["expiresAt"].as_str().expect("a time").to_owned()
    };
    let (before, first) = (rooms.mint(&room.key, "ann").await, rooms.mint(&room.key, "bob").await);
    table.clock.advance(Duration::from_mins(5));
    let end = table.now().plus(Duration::from_hours(1)).to_string();
    assert_eq!(expiry(&first).await, end);
    let after = rooms.mint(&room.key, "cid").await;
    table.clock.advance(Duration::from_mins(3));
    assert_eq!(expiry(&after).await, end);
    // Minted before anybody had joined it cannot know when that was; the session itself does.
    assert_eq!(expiry(&before).await, table.now().plus(Duration::from_hours(1)).to_string());

    let long = NewRoom { duration: Some(Duration::from_hours(48)), ..new_room("room-2") };
    let room = rooms.create(&long).await;
    let day = table.now().plus(Duration::from_hours(24)).to_string();
    assert_eq!(expiry(&rooms.mint(&room.key, "ann").await).await, day);
}

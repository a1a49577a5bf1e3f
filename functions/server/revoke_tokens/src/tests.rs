use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use serde_json::{Value, json};
use testing::rooms::{EMPTY_TIMEOUT, HOST, PAST_ROOMS};
use testing::{Call, OTHER_API_KEY, OTHER_API_SECRET, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/auth/room/revokeTokens";
const NOT_FOUND: (u16, &str, &str) = (200, "room not found", "ROOM_NOT_FOUND");
const NOT_ACTIVE: (u16, &str, &str) = (200, "room is not active", "ROOM_NOT_ACTIVE");

async fn app(table: &TestTable) -> App<Config> {
    table.app("revoke_tokens", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn revoke(app: &App<Config>, body: Value) -> Reply {
    ask(app, Call::post(PATH, &body).signed()).await
}

/// A millisecond, which is as fine as tokens know when they were minted.
const LATER: Duration = Duration::from_millis(1);

#[tokio::test]
async fn one_token_is_dead_and_the_others_are_as_good_as_before() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    let [one, other] = [rooms.mint(&key, "ann").await, rooms.mint(&key, "ann").await];
    let seq = rooms.state(&key).await.seq;
    let reply = revoke(&app, json!({"room_id": "room-1", "token": rooms.join_text(&one)})).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
    assert_eq!(rooms.state(&key).await.seq, seq, "it is nobody's business in the room");
    assert_eq!(rooms.redeem(&one).await, Err(Refusal::InvalidToken));
    let ann = rooms.redeem(&other).await.expect("a seat");
    // A used one brought somebody in, and he stays.
    assert_eq!(
        revoke(&app, json!({"room_id": "room-1", "token": rooms.join_text(&other)})).await.status,
        200
    );
    assert!(rooms.leave(&ann).await);
}

#[tokio::test]
async fn all_tokens_of_a_user_are_dead_and_he_stays_in() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    rooms.seat(&key, "ann").await;
    let tokens = [rooms.mint(&key, "ann").await, rooms.mint(&key, "ann").await];
    let bobs = rooms.mint(&key, "bob").await;
    let body = json!({"roomId": "room-1", "userId": "ann", "token": null});
    assert_eq!(revoke(&app, body.clone()).await.text("msg"), "success");
    for token in &tokens {
        assert_eq!(rooms.redeem(token).await, Err(Refusal::UsedToken));
    }
    rooms.redeem(&bobs).await.expect("a seat");
    assert_eq!(rooms.state(&key).await.seats, 2);
    let before = table.items().await;
    assert_eq!(revoke(&app, body).await.text("msg"), "success", "there are none any more");
    assert_eq!(revoke(&app, json!({"room_id": "room-1", "user_id": "nobody"})).await.text("msg"), "success");
    assert_eq!(table.items().await, before);
    rooms.seat(&key, "ann").await;
}

#[tokio::test]
async fn all_tokens_of_a_session_are_dead_and_new_ones_are_good() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    let ann = rooms.seat(&key, "ann").await;
    let tokens = [rooms.mint(&key, "ann").await, rooms.mint(&key, "bob").await];
    let before = rooms.state(&key).await;
    assert_eq!(revoke(&app, json!({"room_id": "room-1"})).await.text("msg"), "success");
    let state = rooms.state(&key).await;
    assert_eq!((state.seats, state.hooks, state.seq), (1, before.hooks, before.seq + 1));
    let last = table.history(&key).await.pop().expect("a change");
    assert_eq!(last.event(), json!({"type": "revoked"}));
    for token in &tokens {
        assert_eq!(rooms.redeem(token).await, Err(Refusal::InvalidToken));
    }
    table.clock.advance(LATER);
    rooms.seat(&key, "bob").await;
    assert!(rooms.leave(&ann).await, "who is in stays in");
}

#[tokio::test]
async fn users_of_a_room_by_code_need_no_token() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.by_code(5).await.key;
    rooms.join(&key, HOST).await.expect("a seat");
    let token = rooms.mint(&key, "ann").await;
    assert_eq!(revoke(&app, json!({"room_id": key.room})).await.text("msg"), "success");
    assert_eq!(rooms.redeem(&token).await, Err(Refusal::InvalidToken));
    rooms.join(&key, "ann").await.expect("a seat");
}

#[tokio::test]
async fn a_room_without_a_session_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let about = async |room_id: &str| revoke(&app, json!({"room_id": room_id})).await;
    let code = rooms.by_code(5).await;
    rooms.open("ran-out", None).await;
    table.clock.advance(EMPTY_TIMEOUT);
    let room = rooms.open("ended", None).await;
    rooms.end_session(&room.key).await;
    let before = table.items().await;
    for room_id in ["never", "a b", "комната", &"x".repeat(5000)] {
        assert_eq!(about(room_id).await.failure(), NOT_FOUND, "{room_id}");
    }
    for room_id in [code.key.room.as_str(), "ran-out", "ended"] {
        assert_eq!(about(room_id).await.failure(), NOT_ACTIVE, "{room_id}");
    }
    table.clock.advance(PAST_ROOMS);
    assert_eq!(about("ended").await.failure(), NOT_FOUND, "no longer remembered");
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn a_token_must_be_of_this_room_and_ours() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    let other = rooms.open("room-2", None).await.key;
    let ann = rooms.mint(&key, "ann").await;
    let text = rooms.join_text(&ann);
    let session = rooms.session_text(&rooms.seat(&key, "bob").await);
    let elsewhere = rooms.join_text(&rooms.mint(&other, "ann").await);
    let before = table.items().await;
    let not_ours = "validation error: token: must be a join token of this room";
    for token in ["garbage", &format!("{text}x"), &session, &elsewhere, &table.user_token("ann", "Ann")] {
        let reply = revoke(&app, json!({"room_id": "room-1", "token": token})).await;
        assert_eq!(reply.failure(), (200, not_ours, "INVALID_PARAMETERS"), "{token}");
    }
    let call = Call::post(PATH, &json!({"room_id": "room-1", "token": text}));
    let foreign = ask(&app, call.signed_by(OTHER_API_KEY, OTHER_API_SECRET)).await;
    assert_eq!(foreign.failure(), (200, not_ours, "INVALID_PARAMETERS"), "of another tenant");
    table.clock.advance(testing::rooms::TOKEN_VALIDITY);
    let late = revoke(&app, json!({"room_id": "room-1", "token": text})).await;
    assert_eq!(late.failure(), (200, "validation error: token: has expired", "INVALID_PARAMETERS"));
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn a_token_of_an_earlier_session_is_worth_nothing_already() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    let old = rooms.mint(&key, "ann").await;
    rooms.end_session(&key).await;
    rooms.open("room-1", None).await;
    let new = rooms.mint(&key, "ann").await;
    let before = table.items().await;
    let reply = revoke(&app, json!({"room_id": "room-1", "token": rooms.join_text(&old)})).await;
    assert_eq!(reply.text("msg"), "success");
    assert_eq!(table.items().await, before);
    rooms.redeem(&new).await.expect("a seat");
}

#[tokio::test]
async fn everything_that_is_wrong_is_told() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    for (body, msg) in [
        (json!({}), "validation error: room_id: value is required"),
        (
            json!({"user_id": "u".repeat(129)}),
            "validation errors:\n - room_id: value is required\n - user_id: must be at most 128 characters",
        ),
        (
            json!({"room_id": "room-1", "user_id": "ann", "token": "x"}),
            "user_id: is there beside token, only one may be",
        ),
        (json!({"room_id": "room-1", "token": 5}), "token: must be a string, it is a number"),
        (json!({"room_id": "room-1", "user_id": ["ann"]}), "user_id: must be a string, it is an array"),
    ] {
        assert_eq!(revoke(&app, body.clone()).await.failure(), (200, msg, "INVALID_PARAMETERS"), "{body}");
    }
}

#[tokio::test]
async fn other_tenants_have_no_such_room() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    rooms.open("room-1", None).await;
    let before = table.items().await;
    let call = Call::post(PATH, &json!({"room_id": "room-1"})).signed_by(OTHER_API_KEY, OTHER_API_SECRET);
    assert_eq!(ask(&app, call).await.failure(), NOT_FOUND);
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    checks::bodies(200, async |body| ask(&app, Call::new("POST", PATH).raw(body).signed()).await).await;
}

#[tokio::test]
async fn callers_are_known_by_key_and_signature() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    rooms.open("room-1", None).await;
    checks::callers(&table, async |call| ask(&app, call).await, PATH, &json!({"room_id": "room-1"})).await;
}

#[tokio::test]
async fn an_idempotency_key_revokes_once() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    let call = Call::post(PATH, &json!({"room_id": "room-1"})).signed();
    let other = Call::post(PATH, &json!({"room_id": "room-1", "user_id": "ann"})).signed();
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;

    table.clock.advance(LATER);
    let token = rooms.mint(&key, "ann").await;
    table.clock.advance(LATER);
    let again = ask(&app, call.header("idempotency-key", "0123456789abcdefghijkl")).await;
    assert_eq!(again.text("msg"), "success", "the answer of then");
    rooms.redeem(&token).await.expect("a seat");
}

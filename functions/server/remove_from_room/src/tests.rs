use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::Standing;
use serde_json::{Value, json};
use testing::rooms::{DEPARTURE, EMPTY_TIMEOUT, HOST, PAST_ROOMS, new_token, session_of, user_id};
use testing::{Call, OTHER_API_KEY, OTHER_API_SECRET, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/auth/room/removeParticipant";
const NOT_FOUND: (u16, &str, &str) = (200, "room not found", "ROOM_NOT_FOUND");
const NOT_ACTIVE: (u16, &str, &str) = (200, "room is not active", "ROOM_NOT_ACTIVE");

async fn app(table: &TestTable) -> App<Config> {
    table.app("remove_from_room", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn remove(app: &App<Config>, body: Value) -> Reply {
    ask(app, Call::post(PATH, &body).signed()).await
}

#[tokio::test]
async fn somebody_loses_his_seat_his_sittings_and_his_unused_tokens_at_once() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    let ann = rooms.seat(&key, "ann").await;
    let unused = rooms.mint(&key, "ann").await;
    let reply = remove(&app, json!({"room_id": "room-1", "user_id": "ann", "msg": "bye"})).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
    let state = rooms.state(&key).await;
    assert_eq!((state.seats, state.due_at), (0, table.now().plus(DEPARTURE)), "she was the last");
    let last = table.history(&key).await.pop().expect("a change");
    assert_eq!(last.event(), json!({"type": "removed", "user": "ann", "banned": false}));
    assert_eq!(rooms.redeem(&unused).await, Err(Refusal::UsedToken));
    let resumed = rooms.store().resume(&session_of(&ann), DEPARTURE, None).await;
    assert!(matches!(resumed, Err(Halt::Refused(Refusal::InvalidToken))), "{resumed:?}");
    rooms.seat(&key, "ann").await;
}

#[tokio::test]
async fn who_is_barred_comes_no_more() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    rooms.seat(&key, "ann").await;
    let unused = rooms.mint(&key, "ann").await;
    for user in ["ann", "never-seen"] {
        let body = json!({"roomId": "room-1", "userId": user, "blockUser": true});
        assert_eq!(remove(&app, body).await.text("msg"), "success", "{user}");
        let minted = rooms.try_mint(&key, new_token(user, table.now()), || ()).await;
        assert!(matches!(minted, Err(Halt::Refused(Refusal::Banned))), "{user}: {minted:?}");
    }
    assert_eq!(rooms.redeem(&unused).await, Err(Refusal::Banned));
    assert_eq!(rooms.state(&key).await.seats, 0);
}

#[tokio::test]
async fn the_host_of_a_room_by_code_and_a_guest_are_put_out_like_anybody() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.by_code(5).await.key;
    rooms.join(&key, HOST).await.expect("a seat");
    let jane = rooms.join_as_guest(&key, "Jane").await.expect("a seat");
    for user in [jane.user.as_str(), HOST] {
        let body = json!({"room_id": key.room, "user_id": user});
        assert_eq!(remove(&app, body).await.text("msg"), "success", "{user}");
    }
    assert_eq!(rooms.state(&key).await.seats, 0);
    rooms.join(&key, HOST).await.expect("a seat");
}

#[tokio::test]
async fn who_is_not_in_cannot_be_put_out() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    rooms.leave(&rooms.seat(&key, "ann").await).await;
    rooms.mint(&key, "bob").await;
    let before = table.items().await;
    for user in ["ann", "bob", "nobody", "no one!"] {
        let reply = remove(&app, json!({"room_id": "room-1", "user_id": user})).await;
        assert_eq!(reply.failure(), (200, "participant not found", "USER_NOT_FOUND"), "{user}");
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn a_room_without_a_session_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let about = async |room_id: &str| {
        remove(&app, json!({"room_id": room_id, "user_id": "ann", "block_user": true})).await
    };
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
async fn everything_that_is_wrong_is_told() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    let long = "m".repeat(501);
    for (body, msg) in [
        (json!({}), "validation errors:\n - room_id: value is required\n - user_id: value is required"),
        (json!({"room_id": "room-1"}), "validation error: user_id: value is required"),
        (json!({"user_id": "ann", "room_id": null}), "validation error: room_id: value is required"),
        (
            json!({"room_id": "room-1", "user_id": "u".repeat(129)}),
            "validation error: user_id: must be at most 128 characters",
        ),
        (
            json!({"room_id": "room-1", "user_id": "ann", "msg": long}),
            "validation error: msg: must be at most 500 characters",
        ),
        (json!({"room_id": "room-1", "user_id": 5}), "user_id: must be a string, it is a number"),
        (
            json!({"room_id": "room-1", "user_id": "ann", "block_user": 1}),
            "block_user: must be true or false, it is a number",
        ),
    ] {
        assert_eq!(remove(&app, body.clone()).await.failure(), (200, msg, "INVALID_PARAMETERS"), "{body}");
    }
}

#[tokio::test]
async fn other_tenants_have_no_such_room() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    rooms.seat(&rooms.open("room-1", None).await.key, "ann").await;
    let before = table.items().await;
    let call = Call::post(PATH, &json!({"room_id": "room-1", "user_id": "ann"}))
        .signed_by(OTHER_API_KEY, OTHER_API_SECRET);
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
    rooms.seat(&rooms.open("room-1", None).await.key, "ann").await;
    checks::callers(
        &table,
        async |call| ask(&app, call).await,
        PATH,
        &json!({"room_id": "room-1", "user_id": "ann"}),
    )
    .await;
}

#[tokio::test]
async fn an_idempotency_key_puts_somebody_out_once() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    rooms.seat(&key, "ann").await;
    let call = Call::post(PATH, &json!({"room_id": "room-1", "user_id": "ann"})).signed();
    let other = Call::post(PATH, &json!({"room_id": "room-1", "user_id": "bob"})).signed();
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;

    rooms.seat(&key, "ann").await;
    let again = ask(&app, call.header("idempotency-key", "0123456789abcdefghijkl")).await;
    assert_eq!(again.text("msg"), "success", "the answer of then");
    let people = rooms.store().participants(&key).await.expect("readable");
    let ann = people.into_iter().find(|person| person.user == user_id("ann")).expect("ann");
    assert_eq!(ann.standing, Standing::Active);
}

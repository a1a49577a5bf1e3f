use api::{Dialect, respond};
use insta::assert_json_snapshot;
use serde_json::{Value, json};
use testing::rooms::{EMPTY_TIMEOUT, HOST, PAST_ROOMS, new_token};
use testing::{Call, OTHER_API_KEY, OTHER_API_SECRET, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/auth/room/unblockUser";
const NOT_FOUND: (u16, &str, &str) = (200, "room not found", "ROOM_NOT_FOUND");
const NOT_ACTIVE: (u16, &str, &str) = (200, "room is not active", "ROOM_NOT_ACTIVE");

async fn app(table: &TestTable) -> App<Config> {
    table.app("unblock_user", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn unblock(app: &App<Config>, body: Value) -> Reply {
    ask(app, Call::post(PATH, &body).signed()).await
}

#[tokio::test]
async fn who_was_barred_may_come_again_with_a_new_token() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    let ann = rooms.seat(&key, "ann").await;
    let old = rooms.mint(&key, "ann").await;
    rooms.ban(&ann).await;
    let reply = unblock(&app, json!({"room_id": "room-1", "user_id": "ann"})).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
    assert_eq!(rooms.redeem(&old).await, Err(Refusal::UsedToken), "what was dead stays dead");
    assert!(!rooms.leave(&ann).await);
    rooms.seat(&key, "ann").await;
    assert_eq!((rooms.state(&key).await.seats, rooms.state(&key).await.joined), (1, 1));
}

#[tokio::test]
async fn who_was_barred_before_he_ever_came_is_new() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    rooms.remove(&key, "bob", true).await.expect("barred");
    unblock(&app, json!({"roomId": "room-1", "userId": "bob"})).await;
    let bob = rooms.seat(&key, "bob").await;
    assert_eq!(bob.id, models::ParticipantId::of(bob.sid, &bob.user));
    assert_eq!(rooms.state(&key).await.joined, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_minted_in_the_moment_of_the_ban_is_not_woken_by_its_end() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    rooms.seat(&key, "ann").await;
    // The removal sees her before the mint, and finds her as she was after it.
    let minted = tokio::sync::OnceCell::new();
    let user = testing::rooms::user_id("ann");
    let removal = store::Removal { room: &key, user: &user, ban: true, message: "", pause: EMPTY_TIMEOUT };
    let between = |_: &models::Room, _: Option<&models::Participant>| {
        tokio::task::block_in_place(|| {
            let mint = minted.get_or_init(async || rooms.mint(&key, "ann").await);
            tokio::runtime::Handle::current().block_on(mint);
        });
        Ok(())
    };
    rooms.store().remove(removal, between, None).await.expect("barred");
    let token = minted.get().expect("minted");
    assert_eq!(rooms.redeem(token).await, Err(Refusal::Banned));
    unblock(&app, json!({"room_id": "room-1", "user_id": "ann"})).await;
    assert_eq!(rooms.redeem(token).await, Err(Refusal::UsedToken));
}

#[tokio::test]
async fn in_a_room_by_code_a_ban_of_any_session_is_lifted() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.by_code(5).await.key;
    let lift = async |user: &str| unblock(&app, json!({"room_id": key.room, "user_id": user})).await;
    rooms.join(&key, HOST).await.expect("a seat");
    for user in ["ann", "bob"] {
        rooms.ban(&rooms.join(&key, user).await.expect("a seat")).await;
    }
    assert_eq!(lift("ann").await.text("msg"), "success");
    rooms.join(&key, "ann").await.expect("a seat");
    rooms.end_session(&key).await;
    assert_eq!(lift("bob").await.failure(), NOT_ACTIVE, "between two sessions");
    rooms.join(&key, HOST).await.expect("the next session");
    assert_eq!(rooms.join(&key, "bob").await, Err(Refusal::Banned));
    assert_eq!(lift("bob").await.text("msg"), "success");
    rooms.join(&key, "bob").await.expect("a seat");
    assert_eq!((rooms.state(&key).await.seats, rooms.state(&key).await.joined), (2, 2));
}

#[tokio::test]
async fn who_is_not_barred_is_left_as_he_is() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    rooms.seat(&key, "ann").await;
    rooms.mint(&key, "bob").await;
    let before = table.items().await;
    for user in ["ann", "bob", "nobody", "no one!"] {
        let reply = unblock(&app, json!({"room_id": "room-1", "user_id": user})).await;
        assert_eq!(reply.text("msg"), "success", "{user}");
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn a_room_without_a_session_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let about = async |room_id: &str| unblock(&app, json!({"room_id": room_id, "user_id": "ann"})).await;
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
    for (body, msg) in [
        (json!({}), "validation errors:\n - room_id: value is required\n - user_id: value is required"),
        (json!({"room_id": "room-1", "user_id": ""}), "validation error: user_id: value is required"),
        (json!({"user_id": "ann"}), "validation error: room_id: value is required"),
        (
            json!({"room_id": "room-1", "user_id": "a\u{7}"}),
            "validation error: user_id: has characters that are not allowed",
        ),
        (json!({"room_id": "room-1", "user_id": {}}), "user_id: must be a string, it is an object"),
    ] {
        assert_eq!(unblock(&app, body.clone()).await.failure(), (200, msg, "INVALID_PARAMETERS"), "{body}");
    }
}

#[tokio::test]
async fn other_tenants_have_no_such_room() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    rooms.ban(&rooms.seat(&rooms.open("room-1", None).await.key, "ann").await).await;
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
    rooms.ban(&rooms.seat(&rooms.open("room-1", None).await.key, "ann").await).await;
    checks::callers(
        &table,
        async |call| ask(&app, call).await,
        PATH,
        &json!({"room_id": "room-1", "user_id": "ann"}),
    )
    .await;
}

#[tokio::test]
async fn an_idempotency_key_lifts_one_ban_and_not_the_next() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    rooms.ban(&rooms.seat(&key, "ann").await).await;
    let call = Call::post(PATH, &json!({"room_id": "room-1", "user_id": "ann"})).signed();
    let other = Call::post(PATH, &json!({"room_id": "room-1", "user_id": "bob"})).signed();
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;

    rooms.ban(&rooms.seat(&key, "ann").await).await;
    let again = ask(&app, call.header("idempotency-key", "0123456789abcdefghijkl")).await;
    assert_eq!(again.text("msg"), "success", "the answer of then");
    let minted = rooms.try_mint(&key, new_token("ann", table.now()), || ()).await;
    assert!(matches!(minted, Err(Halt::Refused(Refusal::Banned))), "{minted:?}");
}

mod refusals;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::{Refusal, Role, RoomKey, Standing};
use serde_json::{Value, json};
use store::{Admission, NewRoom, NewToken};
use testing::rooms::{DEPARTURE, HOST, new_room, new_token, session_of, user_id};
use testing::{Call, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/api/removeParticipant";

async fn app(table: &TestTable) -> App<Config> {
    table.app("remove_participant", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

/// A table, a room with somebody who may moderate and bob, and the moderator's session token.
async fn room_of_two(table: &TestTable) -> (RoomKey, String, Admission) {
    let rooms = table.rooms();
    let key = rooms.open("room-1", None).await.key;
    let adm = rooms.moderator(&key, "adm").await;
    let bob = rooms.seat(&key, "bob").await;
    (key, rooms.session_text(&adm), bob)
}

async fn remove(app: &App<Config>, token: &str, body: Value) -> Reply {
    ask(app, Call::post(PATH, &body).bearer(token)).await
}

async fn item(table: &TestTable, room: &RoomKey, user: &str) -> Value {
    let items = table.items().await;
    let is_his = |item: &&Value| {
        item["pk"]["S"] == format!("ROOM#{room}") && item["sk"]["S"] == format!("PARTICIPANT#{user}")
    };
    items.iter().find(is_his).cloned().unwrap_or_default()
}

#[tokio::test]
async fn somebody_loses_his_seat_his_sittings_and_his_unused_tokens_at_once() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, bob) = room_of_two(&table).await;
    let unused = rooms.mint(&key, "bob").await;
    let before = rooms.state(&key).await;
    let reply = remove(&app, &adm, json!({"user_id": "bob", "msg": "bye", "block_user": false})).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
    let state = rooms.state(&key).await;
    assert_eq!((state.seats, state.seq, state.hooks), (1, before.seq + 1, before.hooks + 1));
    let last = table.history(&key).await.pop().expect("a change");
    assert_eq!(last.event(), json!({"type": "removed", "user": "bob", "banned": false}));
    assert_eq!(item(&table, &key, "bob").await["told"]["S"], "bye", "what he is told is kept for him");

    assert_eq!(rooms.redeem(&unused).await, Err(Refusal::UsedToken));
    let resumed = rooms.store().resume(&session_of(&bob), DEPARTURE, None).await;
    assert!(matches!(resumed, Err(Halt::Refused(Refusal::InvalidToken))), "{resumed:?}");
    assert!(!rooms.leave(&bob).await, "there is nothing to leave");

    // He may come again, with a new token.
    rooms.seat(&key, "bob").await;
    assert_eq!(rooms.state(&key).await.seats, 2);
    remove(&app, &adm, json!({"userId": "bob"})).await;
    assert_eq!(item(&table, &key, "bob").await["told"], json!(null), "nothing was said this time");
}

#[tokio::test]
async fn who_is_barred_gets_no_token_and_no_seat() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, bob) = room_of_two(&table).await;
    let unused = rooms.mint(&key, "bob").await;
    let reply = remove(&app, &adm, json!({"userId": "bob", "blockUser": true, "roomId": "room-1"})).await;
    assert_eq!(reply.text("msg"), "success");
    let last = table.history(&key).await.pop().expect("a change");
    assert_eq!(last.event(), json!({"type": "removed", "user": "bob", "banned": true}));
    assert_eq!(rooms.state(&key).await.seats, 1);
    assert_eq!(rooms.redeem(&unused).await, Err(Refusal::Banned));
    let minted = rooms.try_mint(&key, new_token("bob", table.now()), || ()).await;
    assert!(matches!(minted, Err(Halt::Refused(Refusal::Banned))), "{minted:?}");
    let resumed = rooms.store().resume(&session_of(&bob), DEPARTURE, None).await;
    assert!(matches!(resumed, Err(Halt::Refused(Refusal::Banned))), "{resumed:?}");

    // Barring him again changes nothing; removing him is about nobody.
    let before = table.items().await;
    assert_eq!(remove(&app, &adm, json!({"user_id": "bob", "block_user": true})).await.status, 200);
    let gone = remove(&app, &adm, json!({"user_id": "bob"})).await;
    assert_eq!(gone.refusal(), (404, "Participant not found"));
    assert_eq!(table.items().await, before);

    // In the next session under the same id he is a stranger.
    rooms.end_session(&key).await;
    rooms.open("room-1", None).await;
    rooms.seat(&key, "bob").await;
}

#[tokio::test]
async fn somebody_can_be_barred_who_is_not_in() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, bob) = room_of_two(&table).await;
    rooms.leave(&bob).await;
    let invited = rooms.mint(&key, "cid").await;
    let (seats, hooks) = (rooms.state(&key).await.seats, rooms.state(&key).await.hooks);
    for user in ["bob", "cid", "never-seen"] {
        let reply = remove(&app, &adm, json!({"user_id": user, "block_user": true, "msg": "no"})).await;
        assert_eq!(reply.text("msg"), "success", "{user}");
        let minted = rooms.try_mint(&key, new_token(user, table.now()), || ()).await;
        assert!(matches!(minted, Err(Halt::Refused(Refusal::Banned))), "{user}: {minted:?}");
        assert_eq!(item(&table, &key, user).await["expires_at"], json!(null), "TTL does not lift it");
    }
    assert_eq!(rooms.redeem(&invited).await, Err(Refusal::Banned));
    let state = rooms.state(&key).await;
    assert_eq!((state.seats, state.hooks, state.joined), (seats, hooks, 2), "nobody left by it");
}

#[tokio::test]
async fn nobody_bars_himself_and_who_is_hidden_is_as_one_who_is_not_there() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, _) = room_of_two(&table).await;
    let hidden = NewToken { hidden: true, ..new_token("ghost", table.now()) };
    rooms.redeem(&rooms.mint_as(&key, hidden).await).await.expect("a seat");
    let before = table.items().await;
    let own = remove(&app, &adm, json!({"user_id": "adm", "block_user": true})).await;
    assert_eq!(own.refusal(), (400, "user_id: must not be your own"));
    for user in ["ghost", "nobody"] {
        let gone = remove(&app, &adm, json!({"user_id": user})).await;
        assert_eq!(gone.refusal(), (404, "Participant not found"), "{user}");
    }
    assert_eq!(table.items().await, before);
    for user in ["ghost", "nobody"] {
        let barred = remove(&app, &adm, json!({"user_id": user, "block_user": true})).await;
        assert_eq!(barred.status, 200, "{user}");
    }
}

#[tokio::test]
async fn the_end_of_an_earlier_session_finds_whom_a_ban_in_this_one_is_about() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let bob = rooms.seat(&room.key, "bob").await;
    rooms.end_session(&room.key).await;
    let next = rooms.open("room-1", None).await;
    let adm = rooms.session_text(&rooms.moderator(&next.key, "adm").await);
    let gone = remove(&app, &adm, json!({"user_id": "bob"})).await;
    assert_eq!(gone.refusal(), (404, "Participant not found"), "he was in another session");
    assert_eq!(remove(&app, &adm, json!({"user_id": "bob", "block_user": true})).await.status, 200);
    let minted = rooms.try_mint(&next.key, new_token("bob", table.now()), || ()).await;
    assert!(matches!(minted, Err(Halt::Refused(Refusal::Banned))), "{minted:?}");
    let present = Box::pin(rooms.store().present_at_end(&room.key, room.sid)).await.expect("readable");
    assert_eq!(present.iter().map(|person| person.id).collect::<Vec<_>>(), [bob.id]);
}

#[tokio::test]
async fn who_waits_loses_his_place_and_nobody_a_seat() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.create(&NewRoom { waiting_room: true, ..new_room("room-1") }).await;
    let adm = rooms.session_text(&rooms.moderator(&room.key, "adm").await);
    let bob = rooms.redeem(&rooms.mint(&room.key, "bob").await).await.expect("a place");
    let before = rooms.state(&room.key).await;
    assert_eq!(remove(&app, &adm, json!({"user_id": "bob"})).await.status, 200);
    let state = rooms.state(&room.key).await;
    assert_eq!((state.seats, state.hooks, state.seq), (1, before.hooks, before.seq + 1));
    let resumed = rooms.store().resume(&session_of(&bob), DEPARTURE, None).await;
    assert!(matches!(resumed, Err(Halt::Refused(Refusal::InvalidToken))), "{resumed:?}");
}

#[tokio::test]
async fn in_a_room_by_code_a_user_is_barred_for_its_life_and_a_guest_as_far_as_he_is_known() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.by_code(9).await.key;
    let host = rooms.session_text(&rooms.join(&key, HOST).await.expect("a seat"));
    let jane = rooms.join_as_guest(&key, "Jane").await.expect("a seat");
    rooms.join(&key, "bob").await.expect("a seat");
    for user in ["bob", jane.user.as_str(), "cid"] {
        let reply = remove(&app, &host, json!({"user_id": user, "block_user": true})).await;
        assert_eq!(reply.text("msg"), "success", "{user}");
    }
    assert_eq!(rooms.state(&key).await.seats, 1);
    let resumed = rooms.store().resume(&session_of(&jane), DEPARTURE, None).await;
    assert!(matches!(resumed, Err(Halt::Refused(Refusal::Banned))), "{resumed:?}");
    // Nothing tells her from any other guest.
    rooms.join_as_guest(&key, "Jane").await.expect("a seat");

    rooms.end_session(&key).await;
    for user in ["bob", "cid"] {
        assert_eq!(rooms.join(&key, user).await, Err(Refusal::Banned), "{user}, at an idle room");
    }
    rooms.join(&key, HOST).await.expect("the next session");
    for user in ["bob", "cid"] {
        assert_eq!(rooms.join(&key, user).await, Err(Refusal::Banned), "{user}, in the next session");
    }
}

#[tokio::test]
async fn the_host_is_put_out_by_himself_alone() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.by_code(9).await.key;
    let host = rooms.session_text(&rooms.join(&key, HOST).await.expect("a seat"));
    let adm = rooms.session_text(&rooms.moderator(&key, "adm").await);
    let before = table.items().await;
    for block in [false, true] {
        let reply = remove(&app, &adm, json!({"user_id": HOST, "block_user": block})).await;
        assert_eq!(reply.refusal(), (403, "Only the host can do this"));
    }
    assert_eq!(table.items().await, before);
    assert_eq!(remove(&app, &host, json!({"user_id": HOST})).await.status, 200);
    let absent = remove(&app, &adm, json!({"user_id": HOST, "block_user": true})).await;
    assert_eq!(absent.refusal(), (403, "Only the host can do this"), "nor barred while he is away");
    let host = rooms.session_text(&rooms.join(&key, HOST).await.expect("a seat"));
    assert_eq!(remove(&app, &host, json!({"user_id": "adm"})).await.status, 200);
}

#[tokio::test]
async fn the_last_one_may_put_himself_out_and_starts_the_clock() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    let adm = rooms.session_text(&rooms.moderator(&key, "adm").await);
    let call = Call::post(PATH, &json!({"user_id": "adm"})).bearer(&adm).header("idempotency-key", "k");
    let first = ask(&app, call.clone()).await;
    assert_eq!(first.status, 200);
    let state = rooms.state(&key).await;
    assert_eq!((state.seats, state.due_at), (0, table.now().plus(DEPARTURE)));
    assert_eq!(ask(&app, call).await, first, "asked again, he is told the same");
    assert_eq!(remove(&app, &adm, json!({"user_id": "adm"})).await.refusal(), (401, "Invalid token"));
}

#[tokio::test]
async fn an_idempotency_key_puts_somebody_out_once() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, _) = room_of_two(&table).await;
    let call = Call::post(PATH, &json!({"user_id": "bob"})).bearer(&adm);
    let other = Call::post(PATH, &json!({"user_id": "bob", "block_user": true})).bearer(&adm);
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;

    rooms.seat(&key, "bob").await;
    let again = ask(&app, call.header("idempotency-key", "0123456789abcdefghijkl")).await;
    assert_eq!(again.text("msg"), "success", "the answer of then");
    let people = rooms.store().participants(&key).await.expect("readable");
    let bob = people.into_iter().find(|person| person.user == user_id("bob")).expect("bob");
    assert_eq!(bob.standing, Standing::Active);
}

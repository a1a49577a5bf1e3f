mod refusals;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::{Locks, Role, RoomKey};
use serde_json::{Value, json};
use store::{Admission, NewRoom, NewToken};
use testing::rooms::{HOST, Rooms, new_room, new_token, user_id};
use testing::{Call, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/api/updateLockSettings";

async fn app(table: &TestTable) -> App<Config> {
    table.app("update_lock_settings", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn say(app: &App<Config>, token: &str, user: &str, service: &str, direction: &str) -> Reply {
    let body = json!({"user_id": user, "service": service, "direction": direction});
    ask(app, Call::post(PATH, &body).bearer(token)).await
}

/// Somebody with rights who has a seat.
async fn moderator(rooms: &Rooms, room: &RoomKey, user: &str) -> Admission {
    let new = NewToken { role: Role::Moderator, ..new_token(user, rooms.store().now()) };
    rooms.redeem(&rooms.mint_as(room, new).await).await.expect("a seat")
}

/// A table, a room with adm and bob; and adm's session token.
async fn room_of_two(table: &TestTable) -> (RoomKey, String, Admission) {
    let rooms = table.rooms();
    let key = rooms.open("room-1", None).await.key;
    let adm = moderator(&rooms, &key, "adm").await;
    let bob = rooms.seat(&key, "bob").await;
    (key, rooms.session_text(&adm), bob)
}

/// What somebody is kept from.
async fn locks(rooms: &Rooms, room: &RoomKey, user: &str) -> Vec<String> {
    let seen = rooms.store().look(room, false, Some(&user_id(user))).await.expect("readable");
    let locks = seen.participant.expect("somebody").present_locks(&seen.room.expect("a room"));
    locks.into_iter().filter_map(|(name, locked)| locked.then_some(name)).collect()
}

const NONE: [&str; 0] = [];

#[tokio::test]
async fn somebody_is_kept_from_each_service_and_let_again() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, _) = room_of_two(&table).await;
    rooms.seat(&key, "cid").await;
    let before = rooms.state(&key).await;
    let reply = say(&app, &adm, "bob", "mic", "lock").await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
    let state = rooms.state(&key).await;
    assert_eq!((state.seq, state.hooks), (before.seq + 1, before.hooks), "a change, and no webhook");
    let last = table.history(&key).await.pop().expect("a change");
    assert_eq!(last.event(), json!({"type": "locks", "user": "bob"}));
    assert_eq!(say(&app, &adm, "bob", "mic", "unlock").await.status, 200);
    for (service, setting) in [
        ("mic", "lock_microphone"),
        ("webcam", "lock_webcam"),
        ("screenShare", "lock_screen_sharing"),
        ("chat", "lock_chat"),
        ("sendChatMsg", "lock_chat_send_message"),
        ("chatFile", "lock_chat_file_share"),
        ("privateChat", "lock_private_chat"),
        ("whiteboard", "lock_whiteboard"),
        ("sharedNotepad", "lock_shared_notepad"),
    ] {
        assert_eq!(say(&app, &adm, "bob", service, "lock").await.status, 200, "{service}");
        assert_eq!(locks(&rooms, &key, "bob").await, [setting]);
        assert_eq!(say(&app, &adm, "bob", service, "unlock").await.status, 200, "{service}");
        assert_eq!(locks(&rooms, &key, "bob").await, NONE);
    }
    assert_eq!(locks(&rooms, &key, "cid").await, NONE, "nobody else is meant");
}

#[tokio::test]
async fn a_word_to_all_reaches_who_is_in_who_waits_and_who_comes_later() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.create(&NewRoom { waiting_room: true, ..new_room("room-1") }).await;
    let adm = rooms.session_text(&moderator(&rooms, &room.key, "adm").await);
    rooms.seat(&room.key, "waits").await;
    let free = Locks::from([("lock_microphone".to_owned(), false)]);
    let invited = NewToken { locks: free, ..new_token("invited", table.now()) };
    let invited = rooms.mint_as(&room.key, invited).await;
    let before = rooms.state(&room.key).await;
    assert_eq!(say(&app, &adm, "all", "mic", "lock").await.status, 200);
    assert_eq!(rooms.state(&room.key).await.seq, before.seq + 1, "one write");
    let last = table.history(&room.key).await.pop().expect("a change");
    assert_eq!(last.event(), json!({"type": "locks", "user": null}));
    rooms.redeem(&invited).await.expect("a place");
    rooms.seat(&room.key, "new").await;
    for user in ["waits", "invited", "new"] {
        assert_eq!(locks(&rooms, &room.key, user).await, ["lock_microphone"], "{user}");
    }
    assert_eq!(say(&app, &adm, "all", "mic", "unlock").await.status, 200);
    assert_eq!(locks(&rooms, &room.key, "new").await, NONE);
}

#[tokio::test]
async fn the_last_word_counts_whether_it_was_to_one_or_to_all() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, _) = room_of_two(&table).await;
    say(&app, &adm, "all", "mic", "lock").await;
    say(&app, &adm, "bob", "mic", "unlock").await;
    assert_eq!(locks(&rooms, &key, "bob").await, NONE);
    say(&app, &adm, "all", "chat", "lock").await;
    assert_eq!(locks(&rooms, &key, "bob").await, ["lock_chat"], "it was about another service");
    say(&app, &adm, "all", "mic", "lock").await;
    assert_eq!(locks(&rooms, &key, "bob").await, ["lock_chat", "lock_microphone"]);
}

#[tokio::test]
async fn a_word_holds_when_he_comes_again_and_ends_with_the_session() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.by_code(9).await.key;
    let host = rooms.session_text(&rooms.join(&key, HOST).await.expect("a seat"));
    let bob = rooms.join(&key, "bob").await.expect("a seat");
    say(&app, &host, "bob", "chat", "lock").await;
    say(&app, &host, "all", "mic", "lock").await;
    rooms.leave(&bob).await;
    rooms.join(&key, "bob").await.expect("a seat");
    assert_eq!(locks(&rooms, &key, "bob").await, ["lock_chat", "lock_microphone"]);
    rooms.end_session(&key).await;
    rooms.join(&key, "bob").await.expect("a seat");
    assert_eq!(locks(&rooms, &key, "bob").await, NONE);
}

#[tokio::test]
async fn an_idempotency_key_says_it_once() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, _) = room_of_two(&table).await;
    let body = |direction: &str| json!({"user_id": "all", "service": "mic", "direction": direction});
    let call = Call::post(PATH, &body("lock")).bearer(&adm);
    let other = Call::post(PATH, &body("unlock")).bearer(&adm);
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;

    say(&app, &adm, "all", "mic", "unlock").await;
    let again = ask(&app, call.header("idempotency-key", "0123456789abcdefghijkl")).await;
    assert_eq!(again.text("msg"), "success", "the answer of then");
    assert_eq!(locks(&rooms, &key, "bob").await, NONE);
}

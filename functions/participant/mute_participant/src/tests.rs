mod refusals;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::RoomKey;
use serde_json::{Value, json};
use store::{Admission, StreamChange, StreamRecord};
use testing::rooms::{HOST, Rooms, user_id};
use testing::{Call, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/api/muteParticipant";

async fn app(table: &TestTable) -> App<Config> {
    table.app("mute_participant", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn mute(app: &App<Config>, token: &str, user: &str) -> Reply {
    ask(app, Call::post(PATH, &json!({ "user_id": user })).bearer(token)).await
}

/// A room with adm, and with bob, who speaks.
async fn room_of_two(table: &TestTable) -> (RoomKey, Admission, Admission) {
    let rooms = table.rooms();
    let key = rooms.open("room-1", None).await.key;
    let adm = rooms.moderator(&key, "adm").await;
    let bob = rooms.seat(&key, "bob").await;
    rooms.speak(&bob).await;
    (key, adm, bob)
}

/// Whether somebody's microphone is on.
async fn speaks(rooms: &Rooms, room: &RoomKey, user: &str) -> bool {
    let seen = rooms.store().look(room, false, Some(&user_id(user))).await.expect("readable");
    seen.participant.expect("somebody").media.audio
}

#[tokio::test]
async fn somebody_is_muted_and_told_by_whom() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, _) = room_of_two(&table).await;
    assert!(speaks(&rooms, &key, "bob").await);
    let before = rooms.state(&key).await;
    let reply = mute(&app, &rooms.session_text(&adm), "bob").await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
    assert!(!speaks(&rooms, &key, "bob").await);
    let state = rooms.state(&key).await;
    assert_eq!((state.seq, state.hooks), (before.seq + 1, before.hooks), "a change, and no webhook");
    let last = table.history(&key).await.pop().expect("a change");
    assert_eq!(last.event(), json!({"type": "changed", "user": "bob"}));
    let records = table.records().await.into_iter();
    let records = records.map(|record| serde_json::from_value::<StreamRecord>(record).expect("a record"));
    let muted = records.filter_map(|record| match record.change().expect("readable") {
        Some(StreamChange::Person(change)) => change.muted,
        _ => None,
    });
    let told: Vec<_> = muted.map(|muted| (muted.user, muted.by)).collect();
    assert_eq!(told, [(user_id("bob"), adm.id)]);
}

#[tokio::test]
async fn a_word_to_all_mutes_those_without_rights() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, _) = room_of_two(&table).await;
    for user in ["cid", "dan"] {
        rooms.speak(&rooms.seat(&key, user).await).await;
    }
    rooms.speak(&rooms.moderator(&key, "eve").await).await;
    rooms.seat(&key, "fay").await;
    let before = rooms.state(&key).await.seq;
    assert_eq!(mute(&app, &rooms.session_text(&adm), "all").await.status, 200);
    for user in ["bob", "cid", "dan", "fay"] {
        assert!(!speaks(&rooms, &key, user).await, "{user}");
    }
    assert!(speaks(&rooms, &key, "eve").await, "a moderator");
    assert_eq!(rooms.state(&key).await.seq, before + 1, "one change");
    let last = table.history(&key).await.pop().expect("a change");
    assert_eq!(last.event(), json!({"type": "muted"}));
}

#[tokio::test]
async fn the_host_of_a_room_by_code_mutes_a_guest() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.by_code(9).await.key;
    let host = rooms.session_text(&rooms.join(&key, HOST).await.expect("a seat"));
    let jane = rooms.join_as_guest(&key, "Jane").await.expect("a seat");
    rooms.speak(&jane).await;
    assert_eq!(mute(&app, &host, jane.user.as_str()).await.status, 200);
    assert!(!speaks(&rooms, &key, jane.user.as_str()).await);
}

#[tokio::test]
async fn who_is_silent_already_and_has_no_connection_is_not_written() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.open("room-1", None).await.key;
    let adm = rooms.session_text(&rooms.moderator(&key, "adm").await);
    rooms.seat(&key, "bob").await;
    let before = table.items().await;
    for user in ["bob", "adm", "all"] {
        assert_eq!(mute(&app, &adm, user).await.text("msg"), "success", "{user}");
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn an_idempotency_key_mutes_once() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, adm, _) = room_of_two(&table).await;
    let adm = rooms.session_text(&adm);
    let call = |user: &str| Call::post(PATH, &json!({ "user_id": user })).bearer(&adm);
    checks::idempotency(&table, async |call| ask(&app, call).await, &call("all"), &call("bob")).await;

    let cid = rooms.seat(&key, "cid").await;
    rooms.speak(&cid).await;
    let again = ask(&app, call("all").header("idempotency-key", "0123456789abcdefghijkl")).await;
    assert_eq!(again.text("msg"), "success", "the answer of then");
    assert!(speaks(&rooms, &key, "cid").await);
}

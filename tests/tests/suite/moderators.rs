//! What moderators say of people, over the whole stack.

use std::time::Duration;

use models::{Lock, LockChange};
use serde_json::{Value, json};
use store::Told;
use testing::Server;
use tokio::task::JoinSet;

use crate::races::tables;

/// Somebody takes a seat in the room `demo`, with rights or without: his session token.
async fn join(server: &Server, user: &str, is_admin: bool) -> String {
    let user = json!({"user_id": user, "name": user, "is_admin": is_admin});
    let minted = json!({"room_id": "demo", "user_info": user});
    let minted = server.signed("/auth/room/getJoinToken", &minted).await;
    let seated = server.redeem(minted.body["token"].as_str().expect("a token")).await;
    seated.body["session"]["token"].as_str().expect("a token").to_owned()
}

/// A moderator's call, which succeeds.
async fn say(server: &Server, path: &str, token: &str, body: Value) {
    let answered = server.call("POST", path, Some(token), Some(&body)).await;
    assert_eq!((answered.status, &answered.body["msg"]), (200, &json!("success")), "{path}");
}

/// What the server API shows of everybody's metadata, in order of arrival.
async fn shown(server: &Server, name: &str) -> Vec<(String, Value)> {
    let info = server.signed("/auth/room/getActiveRoomInfo", &json!({"room_id": "demo"})).await;
    let people = info.body["room"]["participants_info"].as_array().expect("a list").clone();
    let shown = people.iter().map(|person| {
        let metadata = person["metadata"].as_str().expect("a text");
        let metadata: Value = serde_json::from_str(metadata).expect("JSON");
        (person["identity"].as_str().expect("a text").to_owned(), metadata[name].clone())
    });
    shown.collect()
}

/// Who is shown to present.
async fn presenters(server: &Server) -> Vec<String> {
    let shown = shown(server, "is_presenter").await.into_iter();
    shown.filter(|(_, is_presenter)| *is_presenter == json!(true)).map(|(user, _)| user).collect()
}

#[tokio::test]
async fn the_place_of_the_presenter_is_the_moderators_to_give() {
    let server = Server::start(|_| {}).await;
    assert_eq!(server.create_room("demo", None).await.body["status"], true);
    let adm = join(&server, "adm", true).await;
    join(&server, "bob", false).await;
    assert_eq!(presenters(&server).await, ["adm"]);
    let switch = async |user: &str, task: &str| {
        say(&server, "/api/switchPresenter", &adm, json!({"user_id": user, "task": task})).await;
    };
    switch("bob", "PROMOTE").await;
    assert_eq!(presenters(&server).await, ["bob"]);
    switch("bob", "DEMOTE").await;
    join(&server, "eve", true).await;
    assert_eq!(presenters(&server).await, [""; 0], "nobody takes an empty place by coming");
    switch("eve", "PROMOTE").await;
    assert_eq!(presenters(&server).await, ["eve"]);
    server.stop().await;
}

#[tokio::test]
async fn what_is_locked_for_all_is_shown_of_everybody_and_of_the_room() {
    let server = Server::start(|_| {}).await;
    assert_eq!(server.create_room("demo", None).await.body["status"], true);
    let adm = join(&server, "adm", true).await;
    join(&server, "bob", false).await;
    let lock = async |user: &str, direction: &str| {
        let body = json!({"user_id": user, "service": "chat", "direction": direction});
        say(&server, "/api/updateLockSettings", &adm, body).await;
    };
    lock("all", "lock").await;
    join(&server, "cid", false).await;
    lock("bob", "unlock").await;
    let locked = shown(&server, "lock_settings").await.into_iter();
    let locked: Vec<_> = locked.map(|(user, locks)| (user, locks["lock_chat"].clone())).collect();
    let expected = [("adm", Value::Null), ("bob", json!(false)), ("cid", json!(true))];
    assert_eq!(locked, expected.map(|(user, locked)| (user.to_owned(), locked)));
    let info = server.signed("/auth/room/getActiveRoomInfo", &json!({"room_id": "demo"})).await;
    let metadata = info.body["room"]["room_info"]["metadata"].as_str().expect("a text").to_owned();
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    assert_eq!(metadata["default_lock_settings"]["lock_chat"], true);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_to_all_misses_nobody_who_comes_in_while_it_is_said() {
    for (name, table) in tables().await {
        let rooms = table.rooms();
        let room = rooms.open("locked", None).await;
        let joins = (0..24).map(|number| {
            let (rooms, key) = (rooms.clone(), room.key.clone());
            async move { rooms.seat(&key, &format!("user-{number}")).await }
        });
        let joins: JoinSet<_> = joins.collect();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let change = LockChange::from([(Lock::Chat, true)]);
        let change = Told { room: &room.key, sid: room.sid, whom: None, change: &change };
        rooms.store().change_locks(change, None).await.unwrap_or_else(|halt| panic!("{name}: {halt:?}"));
        joins.join_all().await;
        let whole = table.calm_store().whole_room(&room.key).await.expect("readable");
        let state = whole.room.expect("a room");
        let locked = whole.participants.iter().filter(|person| person.present_locks(&state)["lock_chat"]);
        assert_eq!(locked.count(), 24, "{name}");
    }
}

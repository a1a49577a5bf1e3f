use api::server::room_metadata;
use api::{Dialect, respond};
use models::{Role, Room, RoomKey};
use serde_json::{Value, json};
use store::{NewRoom, NewToken};
use testing::rooms::{HOST, new_room, new_token};
use testing::{Call, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/api/waitingRoom/updateMsg";

async fn app(table: &TestTable) -> App<Config> {
    table.app("update_waiting_message", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn say(app: &App<Config>, token: &str, text: &str) -> Reply {
    ask(app, Call::post(PATH, &json!({ "msg": text })).bearer(token)).await
}

/// A guarded room of the server API with a moderator in, and his session token.
async fn guarded(table: &TestTable) -> (RoomKey, String) {
    let rooms = table.rooms();
    let features = json!({"is_active": true, "waiting_room_msg": "Soon."});
    let metadata = json!({
        "metadata_id": "8b1f8b1c-55b6-4a8e-9d0e-3d0e3d5b7f10",
        "room_features": {"allow_polls": false, "waiting_room_features": features},
    });
    let new = NewRoom { waiting_room: true, metadata: metadata.to_string(), ..new_room("room-1") };
    let key = rooms.create(&new).await.key;
    let new = NewToken { role: Role::Moderator, ..new_token("adm", table.now()) };
    let adm = rooms.redeem(&rooms.mint_as(&key, new).await).await.expect("a seat");
    (key, rooms.session_text(&adm))
}

async fn metadata(table: &TestTable, key: &RoomKey) -> (Room, Value) {
    let seen = table.store().room_with_document(key).await.expect("readable");
    let (room, document) = (seen.room.expect("a room"), seen.document.expect("its metadata"));
    let metadata = serde_json::from_str(&room_metadata(&room, &document)).expect("JSON");
    (room, metadata)
}

#[tokio::test]
async fn the_metadata_says_it_from_then_on_and_nothing_else() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let (key, adm) = guarded(&table).await;
    let (room, mut before) = metadata(&table, &key).await;
    let reply = say(&app, &adm, "Five minutes, please.").await;
    assert_eq!((reply.status, reply.text("msg")), (200, "success"));
    let (after, mut metadata_after) = metadata(&table, &key).await;
    assert_eq!((after.seq, after.hooks, after.seats), (room.seq + 1, room.hooks, room.seats));
    let features = metadata_after["room_features"]["waiting_room_features"].take();
    assert_eq!(features, json!({"is_active": true, "waiting_room_msg": "Five minutes, please."}));
    let id = metadata_after["metadata_id"].take();
    assert!(id.is_string() && id != before["metadata_id"], "clients take it for news");
    before["metadata_id"].take();
    before["room_features"]["waiting_room_features"].take();
    assert_eq!(metadata_after, before);
    assert_eq!(metadata(&table, &key).await.1["metadata_id"], id, "the same until it says something else");
    let told: Vec<_> = table.history(&key).await.iter().map(testing::history::Step::event).collect();
    assert_eq!(told.last(), Some(&json!({"type": "waiting_message"})));
}

#[tokio::test]
async fn a_room_by_code_keeps_it_over_its_sessions() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let key = rooms.by_code(5).await.key;
    rooms.set(&key, |settings| settings.waiting_room = true).await;
    let message = async || {
        let (_, mut metadata) = metadata(&table, &key).await;
        metadata["room_features"]["waiting_room_features"]["waiting_room_msg"].take()
    };
    assert_eq!(message().await, "");
    let host = rooms.session_text(&rooms.join(&key, HOST).await.expect("a seat"));
    assert_eq!(say(&app, &host, "Soon.").await.status, 200);
    assert_eq!(message().await, "Soon.");
    rooms.end_session(&key).await;
    assert_eq!(say(&app, &host, "Late.").await.refusal(), (400, "Room is no longer active"));
    rooms.join(&key, HOST).await.expect("a seat");
    assert_eq!(say(&app, &host, "Late.").await.refusal(), (400, "Room is no longer active"));
    assert_eq!(message().await, "Soon.");
}

#[tokio::test]
async fn who_has_no_rights_says_nothing() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (key, _) = guarded(&table).await;
    let bob = rooms.redeem(&rooms.mint(&key, "bob").await).await.expect("a place");
    let hidden = NewToken { role: Role::Moderator, hidden: true, ..new_token("hid", table.now()) };
    let hidden = rooms.redeem(&rooms.mint_as(&key, hidden).await).await.expect("a seat");
    let before = table.items().await;
    for token in [&bob, &hidden].map(|person| rooms.session_text(person)) {
        assert_eq!(say(&app, &token, "Hi").await.refusal(), (403, "Only a moderator can do this"));
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn what_is_wrong_with_the_body_is_told_by_name() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let (_, adm) = guarded(&table).await;
    for (body, message) in [
        (json!({}), "msg: value is required"),
        (json!({"msg": ""}), "msg: value is required"),
        (json!({"msg": 5}), "msg: must be a string, it is a number"),
        (json!({"msg": "ü".repeat(501)}), "msg: must be at most 500 characters"),
    ] {
        let reply = ask(&app, Call::post(PATH, &body).bearer(&adm)).await;
        assert_eq!(reply.refusal(), (400, message));
    }
    let call = Call::post(PATH, &json!({"msg": "Soon."}));
    checks::session_tokens(&table, async |call| ask(&app, call).await, &call).await;
}

#[tokio::test]
async fn an_idempotency_key_says_it_once() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let (key, adm) = guarded(&table).await;
    let call = Call::post(PATH, &json!({"msg": "One."})).bearer(&adm);
    let other = Call::post(PATH, &json!({"msg": "Two."})).bearer(&adm);
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;
    let seq = metadata(&table, &key).await.0.seq;
    ask(&app, call.header("idempotency-key", "0123456789abcdefghijkl")).await;
    assert_eq!(metadata(&table, &key).await.0.seq, seq);
}

use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::{Broadcast, Role, Speech, Tone};
use serde_json::{Value, json};
use store::NewToken;
use testing::rooms::{EMPTY_TIMEOUT, HOST, PAST_ROOMS, new_token, user_id};
use testing::{Call, OTHER_API_KEY, OTHER_API_SECRET, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/auth/room/broadcastToRoom";
const NOT_FOUND: (u16, &str, &str) = (200, "room not found", "ROOM_NOT_FOUND");
const NOT_ACTIVE: (u16, &str, &str) = (200, "room is not active", "ROOM_NOT_ACTIVE");
const NOBODY: (u16, &str, &str) = (200, "no online user found", "USER_NOT_FOUND");
const NO_ADMIN: (u16, &str, &str) = (200, "no online admin user found", "USER_NOT_FOUND");

async fn app(table: &TestTable) -> App<Config> {
    table.app("broadcast_to_room", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn broadcast(app: &App<Config>, body: Value) -> Reply {
    ask(app, Call::post(PATH, &body).signed()).await
}

async fn chat(app: &App<Config>, room_id: &str) -> Reply {
    broadcast(app, json!({"room_id": room_id, "chat_msg": {"message": "hi"}})).await
}

fn read(body: Value) -> Broadcast {
    let body = body.as_object().expect("an object").clone();
    BroadcastToRoomIn::read(body).expect("good").broadcast
}

#[tokio::test]
async fn the_words_are_on_the_stream_of_the_session() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let reply = chat(&app, "room-1").await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
    let change = table.history(&room.key).await.pop().expect("a change");
    assert_eq!(change.number_after("seq"), change.number_before("seq") + 1);
    let event = change.event();
    assert_eq!(event["type"], "broadcast");
    let id = event["id"].as_str().expect("an id");
    let items = table.items().await;
    let words = items.iter().find(|item| item["sk"]["S"] == format!("BROADCAST#{id}")).expect("stored");
    let a_day = table.now().plus(Duration::from_hours(24)).seconds();
    assert_eq!(words["expires_at"]["N"], a_day.to_string());
    assert_eq!((&words["pk"]["S"], &change.new["pk"]["S"]), (&json!("ROOM#main/room-1"), &words["pk"]["S"]));
}

#[test]
fn a_request_is_read_in_either_spelling() {
    let speech = Speech::Chat { message: "hi".to_owned() };
    let everybody = Broadcast { speech, only_to_admins: false, to_user: None };
    for body in [
        json!({"room_id": "a", "chat_msg": {"message": "hi"}}),
        json!({"roomId": "a", "chatMsg": {"message": "hi"}, "onlyToAdmins": false, "toUserId": ""}),
        json!({"roomId": "a", "chatMsg": {"message": "hi"}, "notificationMsg": null, "other": 1}),
    ] {
        assert_eq!(read(body), everybody);
    }
    let to_user = Broadcast { to_user: Some(user_id("no one!")), ..everybody.clone() };
    assert_eq!(
        read(json!({"room_id": "a", "to_user_id": "no one!", "chat_msg": {"message": "hi"}})),
        to_user
    );
    assert_eq!(
        read(json!({"room_id": "a", "chat_msg": {"message": "hi", "to_user_id": "no one!"}})),
        to_user
    );
    let both = Broadcast { only_to_admins: true, ..to_user };
    let body = json!({"room_id": "a", "only_to_admins": true, "to_user_id": "no one!",
        "chat_msg": {"message": "hi"}});
    assert_eq!(read(body), both);
}

#[test]
fn a_notification_has_a_type_by_name_or_number() {
    for (given, tone) in [
        (json!(null), Tone::Info),
        (json!("NATS_SYSTEM_NOTIFICATION_WARNING"), Tone::Warning),
        (json!("NATS_SYSTEM_NOTIFICATION_ERROR"), Tone::Error),
        (json!(2), Tone::Error),
        (json!(9), Tone::Info),
        (json!("BAD"), Tone::Info),
    ] {
        let message = json!({"text": "hi", "type": given, "withSound": true});
        let speech = Speech::Notification { text: "hi".to_owned(), tone, with_sound: true };
        assert_eq!(read(json!({"room_id": "a", "notification_msg": message})).speech, speech, "{given}");
    }
}

#[tokio::test]
async fn a_room_without_a_session_cannot_be_spoken_to() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    for room_id in ["never", "a b", "комната", &"x".repeat(5000)] {
        assert_eq!(chat(&app, room_id).await.failure(), NOT_FOUND, "{room_id}");
    }
    let code = rooms.by_code(5).await;
    assert_eq!(chat(&app, code.key.room.as_str()).await.failure(), NOT_ACTIVE, "idle");
    rooms.join(&code.key, HOST).await.expect("a seat");
    assert_eq!(chat(&app, code.key.room.as_str()).await.text("msg"), "success");

    let room = rooms.open("ended", None).await;
    rooms.end_session(&room.key).await;
    rooms.open("ran-out", None).await;
    table.clock.advance(EMPTY_TIMEOUT);
    for room_id in ["ended", "ran-out"] {
        assert_eq!(chat(&app, room_id).await.failure(), NOT_ACTIVE, "{room_id}");
        let body = json!({"room_id": room_id, "only_to_admins": true, "chat_msg": {"message": "hi"}});
        assert_eq!(broadcast(&app, body).await.failure(), NOT_ACTIVE, "{room_id}");
    }
    table.clock.advance(PAST_ROOMS);
    assert_eq!(chat(&app, "ended").await.failure(), NOT_FOUND, "no longer remembered");
}

#[tokio::test]
async fn admins_are_spoken_to_when_there_are_any() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let admins = json!({"room_id": "room-1", "only_to_admins": true, "chat_msg": {"message": "hi"}});
    let and_ann = json!({"room_id": "room-1", "only_to_admins": true, "to_user_id": "ann",
        "notification_msg": {"text": "hi"}});
    let told = async || [broadcast(&app, admins.clone()).await, broadcast(&app, and_ann.clone()).await];
    let failures = async || {
        told().await.map(|reply| {
            let (status, msg, code) = reply.failure();
            (status, msg.to_owned(), code.to_owned())
        })
    };
    let twice = |(status, msg, code): (u16, &str, &str)| {
        [(status, msg.to_owned(), code.to_owned()), (status, msg.to_owned(), code.to_owned())]
    };
    rooms.mint(&room.key, "ann").await;
    assert_eq!(failures().await, twice(NOBODY));
    rooms.seat(&room.key, "ann").await;
    assert_eq!(failures().await, twice(NO_ADMIN));
    let admin = NewToken { role: Role::Moderator, ..new_token("adm", table.now()) };
    let admin = rooms.redeem(&rooms.mint_as(&room.key, admin).await).await.expect("a seat");
    assert_eq!(told().await.map(|reply| reply.text("msg").to_owned()), ["success", "success"]);
    rooms.leave(&admin).await;
    assert_eq!(failures().await, twice(NO_ADMIN));
}

#[tokio::test]
async fn speaking_to_somebody_who_is_not_there_is_a_success() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    rooms.open("room-1", None).await;
    let longest = "u".repeat(128);
    for user in ["nobody", "no one!", &longest] {
        let body = json!({"room_id": "room-1", "to_user_id": user, "chat_msg": {"message": "hi"}});
        assert_eq!(broadcast(&app, body).await.text("msg"), "success", "{user}");
    }
    let large = json!({"room_id": "room-1", "chat_msg": {"message": "m".repeat(60 * 1024)}});
    assert_eq!(broadcast(&app, large).await.text("msg"), "success", "only the body has a limit");
}

#[tokio::test]
async fn everything_that_is_wrong_is_told() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let one_of = "one of chat_msg, notification_msg must be set";
    for (body, msg) in [
        (json!({"room_id": "a"}), format!("validation error: {one_of}")),
        (json!({}), format!("validation errors:\n - {one_of}\n - room_id: value is required")),
        (
            json!({"room_id": "a", "chat_msg": {}}),
            "validation error: chat_msg.message: value is required".into(),
        ),
        (
            json!({"notificationMsg": {"withSound": true}}),
            "validation errors:\n - room_id: value is required\n - notification_msg.text: value is required"
                .into(),
        ),
        (
            json!({"room_id": "a", "chat_msg": {"message": "x"}, "to_user_id": "u".repeat(129)}),
            "validation error: to_user_id: must be at most 128 characters".into(),
        ),
        (
            json!({"room_id": "a", "chat_msg": {"message": "x"}, "notification_msg": {"text": "x"}}),
            "notification_msg: is there beside chat_msg, only one may be".into(),
        ),
        (
            json!({"room_id": "a", "chat_msg": {"message": "x"}, "to_user_id": "a\u{7}"}),
            "validation error: to_user_id: has characters that are not allowed".into(),
        ),
        (json!({"room_id": "a", "chat_msg": "x"}), "chat_msg: must be an object, it is a string".into()),
        (
            json!({"room_id": "a", "notification_msg": {"text": 5}}),
            "notification_msg.text: must be a string, it is a number".into(),
        ),
        (
            json!({"room_id": 5, "chat_msg": {"message": "x"}}),
            "room_id: must be a string, it is a number".into(),
        ),
    ] {
        assert_eq!(
            broadcast(&app, body.clone()).await.failure(),
            (200, &*msg, "INVALID_PARAMETERS"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn tenants_cannot_speak_into_each_others_rooms() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    let body = json!({"room_id": "room-1", "chat_msg": {"message": "hi"}});
    let call = Call::post(PATH, &body).signed_by(OTHER_API_KEY, OTHER_API_SECRET);
    assert_eq!(ask(&app, call).await.failure(), NOT_FOUND);
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
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    let body = json!({"room_id": "room-1", "chat_msg": {"message": "hi"}});
    checks::callers(&table, async |call| ask(&app, call).await, PATH, &body).await;
}

#[tokio::test]
async fn an_idempotency_key_speaks_once() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    let message = |text: &str| json!({"room_id": "room-1", "chat_msg": {"message": text}});
    let (call, other) = (Call::post(PATH, &message("a")).signed(), Call::post(PATH, &message("b")).signed());
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;
}

use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::{RoomId, RoomKey, Tenant};
use serde_json::json;
use testing::{Call, OTHER_API_KEY, OTHER_API_SECRET, Reply, TestTable, checks, rooms};

use super::*;

const PATH: &str = "/auth/room/create";

async fn app(table: &TestTable) -> App<Config> {
    table.app("create_room", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn create(app: &App<Config>, body: serde_json::Value) -> Reply {
    ask(app, Call::post(PATH, &body).signed()).await
}

/// The smallest good request.
fn small(room_id: &str) -> serde_json::Value {
    json!({"room_id": room_id, "metadata": {"room_title": "Title", "room_features": {}}})
}

fn key(room_id: &str) -> RoomKey {
    RoomKey { tenant: Tenant::main(), room: RoomId::try_from(room_id).expect("an id") }
}

#[tokio::test]
async fn a_room_is_created_and_described() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let reply = create(
        &app,
        json!({
            "room_id": "room-1",
            "empty_timeout": 300,
            "max_participants": 25,
            "metadata": {
                "room_title": "Demo",
                "webhook_url": "https://example.org/hook",
                "room_features": {"room_duration": "90", "waiting_room_features": {"is_active": true}},
                "default_lock_settings": {"lock_microphone": true},
                "extra_data": {"b": "2", "a": "1"},
            },
        }),
    )
    .await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "room_info": {
        "creation_time": "1800000000",
        "is_active_rtmp": 0,
        "is_breakout_room": 0,
        "is_recording": 0,
        "is_running": 1,
        "joined_participants": "0",
        "metadata": "{\"default_lock_settings\":{\"lock_microphone\":true},\"extra_data\":{\"a\":\"1\",\"b\":\"2\"},\"is_active_rtmp\":false,\"is_breakout_room\":false,\"is_recording\":false,\"metadata_id\":\"c15c0289-ec2d-4a91-a7ec-8e65a18debbe\",\"parent_room_id\":\"\",\"room_features\":{\"room_duration\":\"90\",\"waiting_room_features\":{\"is_active\":true}},\"room_title\":\"Demo\",\"started_at\":\"1800000000\",\"webhook_url\":\"https://example.org/hook\"}",
        "parent_room_id": "",
        "room_id": "room-1",
        "room_title": "Demo",
        "sid": "5e5532fb-eea2-43f8-8bc9-42ee9086c171",
        "webhook_url": "https://example.org/hook"
      },
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);

    let room = table.rooms().state(&key("room-1")).await;
    assert!(room.is_open(table.now()) && room.waiting_room && !room.auto_gen_user_id);
    assert_eq!((room.seats, room.max_participants), (0, Some(25)));
    assert_eq!(room.due_at, table.now().plus(Duration::from_mins(5)));
    assert_eq!(room.duration, Some(Duration::from_mins(90)));
    assert_eq!(room.default_locks.into_iter().collect::<Vec<_>>(), [("lock_microphone".to_owned(), true)]);
}

#[tokio::test]
async fn what_is_not_said_is_the_deployments_to_say() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    assert_eq!(create(&app, small("room-1")).await.text("msg"), "success");
    let room = table.rooms().state(&key("room-1")).await;
    assert_eq!((room.max_participants, room.duration), (None, None));
    assert_eq!(room.due_at, table.now().plus(rooms::EMPTY_TIMEOUT));
}

#[tokio::test]
async fn nobody_gets_more_than_the_deployment_allows() {
    let table = TestTable::new().await;
    let mut app = app(&table).await;
    app.config.limits.max_participants = Some(40);
    app.config.limits.max_duration = Some(90);
    for (room_id, asked, minutes, got) in [
        ("nothing", None, None, (40, 90)),
        ("less", Some(2), Some(30), (2, 30)),
        ("more", Some(41), Some(91), (40, 90)),
        ("endless", None, Some(0), (40, 90)),
    ] {
        let mut body = small(room_id);
        body["max_participants"] = json!(asked);
        body["metadata"]["room_features"]["room_duration"] = json!(minutes);
        assert_eq!(create(&app, body).await.text("msg"), "success");
        let room = table.rooms().state(&key(room_id)).await;
        assert_eq!(room.max_participants, Some(got.0), "{room_id}");
        assert_eq!(room.duration, Some(Duration::from_mins(got.1)), "{room_id}");
    }
}

#[tokio::test]
async fn both_spellings_and_protobufs_numbers_are_understood() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let body = json!({
        "roomId": "room-1",
        "emptyTimeout": "3e2",
        "maxParticipants": 25.0,
        "unknown": [1],
        "metadata": {
            "roomTitle": "Demo",
            "webhookUrl": null,
            "roomFeatures": {"autoGenUserId": true, "waitingRoomFeatures": {"isActive": true}},
            "defaultLockSettings": {"lockChat": true, "lockWhiteboard": false, "lockWebcam": null},
        },
    });
    let reply = create(&app, body).await;
    assert_eq!(reply.text("msg"), "success");
    assert_eq!(reply.body["room_info"]["room_title"], "Demo");
    let room = table.rooms().state(&key("room-1")).await;
    assert!(room.auto_gen_user_id && room.waiting_room);
    assert_eq!(room.max_participants, Some(25));
    assert_eq!(room.empty_timeout, Duration::from_mins(5));
    let locks = room.default_locks.into_iter().collect::<Vec<_>>();
    assert_eq!(locks, [("lock_chat".to_owned(), true), ("lock_whiteboard".to_owned(), false)]);
}

#[tokio::test]
async fn an_open_room_is_given_back_unchanged() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let first = create(&app, small("room-1")).await;
    let stored = table.items().await;
    table.clock.advance(Duration::from_mins(5));
    let mut other = small("room-1");
    other["max_participants"] = json!(2);
    other["metadata"]["room_title"] = json!("Another title");
    assert_eq!(create(&app, other).await, first);
    assert_eq!(table.items().await, stored);

    table.rooms().seat(&key("room-1"), "ann").await;
    let with_ann = create(&app, small("room-1")).await;
    assert_eq!(with_ann.body["room_info"]["joined_participants"], "1");
    assert_eq!(with_ann.body["room_info"]["sid"], first.body["room_info"]["sid"]);

    let invalid = create(&app, json!({"room_id": "room-1", "metadata": {"room_title": ""}})).await;
    let both = "validation errors:\n - metadata.room_title: value is required\n - metadata.room_features: \
                value is required";
    assert_eq!(invalid.failure(), (200, both, "INVALID_PARAMETERS"));
}

#[tokio::test]
async fn a_new_session_begins_after_the_end_or_when_nobody_came() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let sid = |reply: &Reply| reply.body["room_info"]["sid"].clone();
    let first = create(&app, small("room-1")).await;

    rooms.end_session(&key("room-1")).await;
    let second = create(&app, small("room-1")).await;
    assert_ne!(sid(&second), sid(&first));

    table.clock.advance(rooms::just_before(rooms::EMPTY_TIMEOUT));
    assert_eq!(sid(&create(&app, small("room-1")).await), sid(&second));
    table.clock.advance(Duration::from_millis(1));
    let third = create(&app, small("room-1")).await;
    assert_ne!(sid(&third), sid(&second));

    let ann = rooms.seat(&key("room-1"), "ann").await;
    rooms.leave(&ann).await;
    table.clock.advance(rooms::DEPARTURE);
    let fourth = create(&app, small("room-1")).await;
    assert_ne!(sid(&fourth), sid(&third));
    assert_eq!(fourth.body["room_info"]["joined_participants"], "0");
}

#[tokio::test]
async fn tenants_have_rooms_of_their_own_under_the_same_id() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let main = create(&app, small("room-1")).await;
    let call = Call::post(PATH, &small("room-1")).signed_by(OTHER_API_KEY, OTHER_API_SECRET);
    let other = ask(&app, call).await;
    assert_eq!(other.text("msg"), "success");
    assert_ne!(other.body["room_info"]["sid"], main.body["room_info"]["sid"]);
}

#[tokio::test]
async fn the_id_of_a_room_by_code_is_taken() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let taken = (200, "room_id is the id of a room by code", "CONFLICT");
    assert_eq!(create(&app, small(room.key.room.as_str())).await.failure(), taken);
    rooms.end_room(&room.key).await;
    assert_eq!(create(&app, small(room.key.room.as_str())).await.failure(), taken);
}

#[tokio::test]
async fn violations_are_listed_in_the_order_of_the_fields() {
    const ID: &str = "room_id: room_id should only contain ASCII letters (a-z A-Z), digits (0-9) or -_";
    let table = TestTable::new().await;
    let app = app(&table).await;
    let titled = |title: &str| json!({"room_title": title, "room_features": {}});
    let with = |field: &str, value: serde_json::Value| {
        let mut body = small("room-1");
        body[field] = value;
        body
    };
    let in_metadata = |field: &str, value: &str| {
        let mut body = small("room-1");
        body["metadata"][field] = json!(value);
        body
    };
    let one = |text: &str| format!("validation error: {text}");
    let long_url = format!("https://example.org/{}", "a".repeat(255));
    for (body, msg) in [
        (with("room_id", json!(null)), one(ID)),
        (with("room_id", json!("a b")), one(ID)),
        (with("room_id", json!("комната")), one(ID)),
        (with("room_id", json!("a\n")), one(ID)),
        (with("room_id", json!("a".repeat(65))), one("room_id: must be at most 64 characters")),
        (with("empty_timeout", json!(0)), one("empty_timeout: must be greater than 0")),
        (with("max_participants", json!(0)), one("max_participants: must be greater than 0")),
        (with("metadata", json!(null)), one("metadata: value is required")),
        (with("metadata", titled("")), one("metadata.room_title: value is required")),
        (
            with("metadata", titled(&"é".repeat(256))),
            one("metadata.room_title: must be at most 255 characters"),
        ),
        (
            with("metadata", json!({"room_title": "T", "room_features": null})),
            one("metadata.room_features: value is required"),
        ),
        (
            in_metadata("webhook_url", ""),
            one("metadata.webhook_url: value is empty, which is not a valid URI"),
        ),
        (in_metadata("webhook_url", "/hook"), one("metadata.webhook_url: must be a valid URI")),
        (in_metadata("webhook_url", "javascript:x"), one("metadata.webhook_url: must be a valid URI")),
        (in_metadata("webhook_url", &long_url), one("metadata.webhook_url: must be at most 255 characters")),
        (in_metadata("logout_url", "ftp://a"), one("metadata.logout_url: must be a valid URI")),
        (in_metadata("logout_url", "no URL"), one("metadata.logout_url: must be a valid URI")),
        (
            json!({"empty_timeout": 0, "max_participants": 0, "metadata": {"webhook_url": "x"}}),
            format!(
                "validation errors:\n - {ID}\n - empty_timeout: must be greater than 0\
                 \n - max_participants: must be greater than 0\n - metadata.room_title: value is required\
                 \n - metadata.webhook_url: must be a valid URI\n - metadata.room_features: value is required"
            ),
        ),
    ] {
        let reply = create(&app, body.clone()).await;
        assert_eq!(reply.failure(), (200, msg.as_str(), "INVALID_PARAMETERS"), "{body}");
    }
    assert_eq!(create(&app, small(&"a".repeat(64))).await.text("msg"), "success");
    assert_eq!(create(&app, with("metadata", titled(&"é".repeat(255)))).await.text("msg"), "success");
}

#[tokio::test]
async fn ids_that_plugnmeet_keeps_for_itself_are_refused() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    for (room_id, msg) in [
        ("a-FIELD_b", "RoomId cannot contain the reserved pattern '-FIELD_'"),
        ("user_a", "RoomId cannot start with the reserved pattern 'user_'"),
    ] {
        assert_eq!(create(&app, small(room_id)).await.failure(), (200, msg, "INVALID_PARAMETERS"));
    }
    for room_id in ["USER_a", "x-user_a", "a-field-b", "--__--"] {
        assert_eq!(create(&app, small(room_id)).await.text("msg"), "success", "{room_id}");
    }
}

#[tokio::test]
async fn a_field_of_another_type_is_named_by_its_path() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let titled = |metadata: serde_json::Value| {
        let mut body = json!({"room_id": "room-1", "metadata": {"room_title": "T", "room_features": {}}});
        body["metadata"]
            .as_object_mut()
            .expect("an object")
            .extend(metadata.as_object().cloned().expect("one"));
        body
    };
    let features = |features: serde_json::Value| titled(json!({"room_features": features}));
    for (body, msg) in [
        (json!({"room_id": 5}), "room_id: must be a string, it is a number"),
        (json!({"room_id": "a", "roomId": "a"}), "room_id: is there twice, in two spellings"),
        (
            json!({"room_id": "a", "empty_timeout": 300.5}),
            "empty_timeout: must be an integer from 0 to 4294967295, it is a number",
        ),
        (
            json!({"room_id": "a", "maxParticipants": true}),
            "max_participants: must be an integer from 0 to 4294967295, it is a boolean",
        ),
        (
            json!({"room_id": "a", "max_participants": " 5"}),
            "max_participants: must be an integer from 0 to 4294967295, it is a string",
        ),
        (json!({"room_id": "a", "metadata": "{}"}), "metadata: must be an object, it is a string"),
        (titled(json!({"room_title": 5})), "metadata.room_title: must be a string, it is a number"),
        (titled(json!({"roomTitle": "T"})), "metadata.room_title: is there twice, in two spellings"),
        (titled(json!({"webhook_url": []})), "metadata.webhook_url: must be a string, it is an array"),
        (titled(json!({"room_features": ""})), "metadata.room_features: must be an object, it is a string"),
        (
            features(json!({"auto_gen_user_id": "true"})),
            "metadata.room_features.auto_gen_user_id: must be true or false, it is a string",
        ),
        (
            features(json!({"roomDuration": -1})),
            "metadata.room_features.room_duration: must be an integer from 0 to 18446744073709551615, it is a \
             number",
        ),
        (
            features(json!({"waiting_room_features": {"is_active": 1}})),
            "metadata.room_features.waiting_room_features.is_active: must be true or false, it is a number",
        ),
        (
            titled(json!({"default_lock_settings": {"lock_chat": "true"}})),
            "metadata.default_lock_settings.lock_chat: must be true or false, it is a string",
        ),
    ] {
        let reply = create(&app, body.clone()).await;
        assert_eq!(reply.failure(), (200, msg, "INVALID_PARAMETERS"), "{body}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused_and_nothing_stored() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let before = table.items().await;
    checks::bodies(200, async |body| ask(&app, Call::new("POST", PATH).raw(body).signed()).await).await;
    let reply = ask(&app, Call::new("POST", PATH).signed()).await;
    let empty = "the body must be a JSON object, it is empty";
    assert_eq!(reply.failure(), (200, empty, "INVALID_PARAMETERS"));
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn callers_are_known_by_key_and_signature() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    checks::callers(&table, async |call| ask(&app, call).await, PATH, &small("room-1")).await;
}

#[tokio::test]
async fn an_idempotency_key_makes_one_room_of_a_repeated_request() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let call = Call::post(PATH, &small("room-1")).signed();
    let other = Call::post(PATH, &small("room-2")).signed();
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;

    // The answer is the first one's even when the room has ended since; without the key a new session begins.
    let keyed = call.clone().header("idempotency-key", "again");
    let first = ask(&app, keyed.clone()).await;
    table.rooms().end_session(&key("room-1")).await;
    assert_eq!(ask(&app, keyed.clone()).await, first);
    assert!(!table.rooms().state(&key("room-1")).await.is_open(table.now()));
    table.clock.advance(Duration::from_hours(24));
    assert_ne!(ask(&app, keyed).await, first);
}

#[tokio::test]
async fn a_kept_refusal_is_given_again_though_the_reason_is_gone() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let call = Call::post(PATH, &json!({"room_id": ""})).signed().header("idempotency-key", "k");
    let refused = ask(&app, call.clone()).await;
    assert_eq!(refused.text("status_code"), "INVALID_PARAMETERS");
    assert_eq!(ask(&app, call).await, refused);
}

use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::{Features, RoomId, RoomKey, Tenant};
use serde_json::json;
use testing::{Call, OTHER_API_KEY, OTHER_API_SECRET, Reply, TestTable, checks, rooms};

use super::*;

mod refusals;

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
        "metadata": "{\"copyright_conf\":{\"display\":true,\"text\":\"Powered by <a href=\\\"https://www.plugnmeet.org\\\" target=\\\"_blank\\\">plugNmeet</a>\"},\"default_lock_settings\":{\"lock_microphone\":true,\"lock_screen_sharing\":true,\"lock_shared_notepad\":true,\"lock_whiteboard\":true},\"extra_data\":{\"a\":\"1\",\"b\":\"2\"},\"is_active_rtmp\":false,\"is_breakout_room\":false,\"is_recording\":false,\"metadata_id\":\"c15c0289-ec2d-4a91-a7ec-8e65a18debbe\",\"parent_room_id\":\"\",\"room_features\":{\"admin_only_webcams\":false,\"allow_raise_hand\":true,\"allow_reactions\":true,\"allow_screen_share\":true,\"allow_view_other_users_list\":true,\"allow_view_other_webcams\":true,\"allow_virtual_bg\":true,\"allow_webcams\":true,\"auto_gen_user_id\":false,\"breakout_room_features\":{\"allowed_number_rooms\":6,\"is_active\":false,\"is_allow\":true},\"chat_features\":{\"allowed_file_types\":[\"docx\",\"jpeg\",\"jpg\",\"mp3\",\"mp4\",\"pdf\",\"png\",\"pptx\",\"svg\",\"txt\",\"webm\",\"xlsx\",\"zip\"],\"is_allow\":true,\"is_allow_file_upload\":true,\"max_file_size\":\"50\"},\"display_external_link_features\":{\"is_active\":false,\"is_allow\":true},\"enable_analytics\":true,\"end_to_end_encryption_features\":{\"enabled_self_insert_encryption_key\":false,\"included_chat_messages\":false,\"included_whiteboard\":false,\"is_enabled\":false},\"external_broadcasting_features\":{\"is_allow\":true,\"is_allow_rtmp\":true},\"external_media_player_features\":{\"is_active\":false,\"is_allow\":true},\"ingress_features\":{\"input_type\":\"RTMP_INPUT\",\"is_allow\":true,\"stream_key\":\"\",\"url\":\"\"},\"insights_features\":{\"ai_features\":{\"ai_text_chat_features\":{\"allowed_user_ids\":[],\"is_allow\":true,\"is_allowed_everyone\":false,\"is_enabled\":false,\"is_notepad_ai_disabled\":false,\"is_whiteboard_ai_disabled\":false},\"is_allow\":true,\"meeting_summarization_features\":{\"is_allow\":true,\"is_enabled\":false,\"summarization_prompt\":\"\"}},\"chat_translation_features\":{\"allowed_trans_langs\":[],\"is_allow\":true,\"is_enabled\":false,\"max_selected_trans_langs\":5},\"is_allow\":false,\"transcription_features\":{\"allowed_speech_users\":[],\"allowed_spoken_langs\":[],\"allowed_trans_langs\":[],\"is_allow\":true,\"is_allow_speech_synthesis\":false,\"is_allow_translation\":false,\"is_enabled\":false,\"is_enabled_speech_synthesis\":false,\"is_enabled_translation\":false,\"max_selected_trans_langs\":2}},\"mute_on_start\":false,\"polls_features\":{\"is_active\":false,\"is_allow\":true},\"recording_features\":{\"enable_auto_cloud_recording\":false,\"is_allow\":true,\"is_allow_cloud\":true,\"is_allow_local\":true,\"only_record_admin_webcams\":false},\"room_duration\":\"90\",\"shared_note_pad_features\":{\"is_active\":false,\"is_allow\":true,\"note_pad_id\":\"\",\"visible\":false},\"sip_dial_in_features\":{\"enable_dial_in_on_create\":false,\"hide_phone_number\":false,\"is_active\":false,\"is_allow\":false,\"phone_numbers\":[]},\"waiting_room_features\":{\"is_active\":true,\"waiting_room_msg\":\"\"},\"whiteboard_features\":{\"file_name\":\"\",\"file_path\":\"\",\"is_allow\":true,\"max_allowed_file_size\":\"30\",\"total_pages\":0,\"visible\":false,\"whiteboard_file_id\":\"\"}},\"room_title\":\"Demo\",\"started_at\":\"1800000000\",\"webhook_url\":\"https://example.org/hook\"}",
        "parent_room_id": "",
        "room_id": "room-1",
        "room_title": "Demo",
        "sid": "0cfffe56-222e-4e87-b5e0-4b5e44022e8b",
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
    let locked: Vec<_> =
        room.default_locks.iter().filter(|(_, locked)| **locked).map(|(name, _)| name).collect();
    assert_eq!(locked, ["lock_microphone", "lock_screen_sharing", "lock_shared_notepad", "lock_whiteboard"]);
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
    app.config.limits.allowed.minutes = Some(90);
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
async fn the_largest_numbers_are_as_good_as_no_limit() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let mut body = small("room-1");
    (body["empty_timeout"], body["max_participants"]) = (json!(u32::MAX), json!(u32::MAX));
    body["metadata"]["room_features"]["room_duration"] = json!(u64::MAX);
    assert_eq!(create(&app, body).await.text("msg"), "success");
    rooms.seat(&key("room-1"), "ann").await;
    let room = rooms.state(&key("room-1")).await;
    assert_eq!((room.max_participants, room.duration, room.due_at), (None, None, models::Timestamp::NEVER));
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
            "roomFeatures": {
                "autoGenUserId": true, "waitingRoomFeatures": {"isActive": true}, "adminOnlyWebcams": true,
                "chatFeatures": {"isAllow": false},
            },
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
    let locks: Vec<_> = room.default_locks.iter().map(|(name, locked)| (name.as_str(), *locked)).collect();
    let defaults = [("lock_screen_sharing", true), ("lock_shared_notepad", true)];
    let features = Features { admin_only_webcams: true, allow_chat: false, ..Features::default() };
    assert_eq!(room.features, features);
    assert_eq!(locks, [("lock_chat", true), defaults[0], defaults[1], ("lock_whiteboard", false)]);
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

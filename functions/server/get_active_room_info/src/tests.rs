use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::{Role, Settings};
use serde_json::{Value, json};
use store::{NewRoom, NewToken};
use testing::rooms::{EMPTY_TIMEOUT, HOST, new_room, new_token};
use testing::{Call, OTHER_API_KEY, OTHER_API_SECRET, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/auth/room/getActiveRoomInfo";

async fn app(table: &TestTable) -> App<Config> {
    table.app("get_active_room_info", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn about(app: &App<Config>, room_id: &str) -> Reply {
    ask(app, Call::post(PATH, &json!({ "room_id": room_id })).signed()).await
}

fn not_active() -> Value {
    json!({
        "status": false, "msg": "room not found in active state", "status_code": "ROOM_NOT_FOUND", "room": null,
    })
}

/// Who is in, by their identities.
fn identities(reply: &Reply) -> Vec<&str> {
    let people = reply.body["room"]["participants_info"].as_array().expect("a list");
    people.iter().map(|person| person["identity"].as_str().expect("a text")).collect()
}

/// The metadata of somebody who is in.
fn metadata(person: &Value) -> Value {
    serde_json::from_str(person["metadata"].as_str().expect("a text")).expect("JSON")
}

#[tokio::test]
async fn an_open_room_without_anybody_in_it_is_described() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let new = NewRoom { webhook_url: Some("https://example.org/hook".to_owned()), ..new_room("room-1") };
    table.rooms().create(&new).await;
    let reply = about(&app, "room-1").await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "room": {
        "participants_info": [],
        "room_info": {
          "creation_time": "1800000000",
          "is_active_rtmp": 0,
          "is_breakout_room": 0,
          "is_recording": 0,
          "is_running": 1,
          "joined_participants": "0",
          "metadata": "{}",
          "parent_room_id": "",
          "room_id": "room-1",
          "room_title": "Title of room-1",
          "sid": "c15c0289-ec2d-4a91-a7ec-8e65a18debbe",
          "webhook_url": "https://example.org/hook"
        }
      },
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);
}

#[tokio::test]
async fn everybody_who_is_in_is_listed_in_order_of_arrival_hidden_ones_too() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let hidden = NewToken { hidden: true, role: Role::Moderator, ..new_token("zoe", table.now()) };
    rooms.redeem(&rooms.mint_as(&room.key, hidden).await).await.expect("a seat");
    table.clock.advance(Duration::from_secs(1));
    let gone = rooms.seat(&room.key, "bob").await;
    table.clock.advance(Duration::from_secs(1));
    rooms.seat(&room.key, "ann").await;
    rooms.leave(&gone).await;
    rooms.mint(&room.key, "invited").await;

    let reply = about(&app, "room-1").await;
    assert_eq!(identities(&reply), ["zoe", "ann"]);
    assert_eq!(reply.body["room"]["room_info"]["joined_participants"], "2");
    assert_json_snapshot!(reply.body["room"]["participants_info"][0], @r#"
    {
      "attributes": {},
      "capabilities": [],
      "client_protocol": 0,
      "data_tracks": [],
      "disconnect_reason": "UNKNOWN_REASON",
      "identity": "zoe",
      "is_publisher": false,
      "joined_at": "1800000000",
      "joined_at_ms": "1800000000000",
      "kind": "STANDARD",
      "kind_details": [],
      "metadata": "{\"ex_user_id\":\"zoe\",\"extra_data\":{},\"is_admin\":true,\"is_presenter\":true,\"lock_settings\":{},\"metadata_id\":\"622dba51-24b8-5ecd-a939-a23dc3a60a05\",\"raised_hand\":{\"is_raised\":false,\"raised_at\":\"0\"},\"record_webcam\":true,\"wait_for_approval\":false}",
      "name": "Name of zoe",
      "permission": {
        "agent": false,
        "can_manage_agent_session": false,
        "can_publish": false,
        "can_publish_data": false,
        "can_publish_sources": [],
        "can_subscribe": true,
        "can_subscribe_metrics": false,
        "can_update_metadata": false,
        "hidden": true,
        "recorder": false
      },
      "region": "",
      "sid": "622dba51-24b8-5ecd-a939-a23dc3a60a05",
      "state": "ACTIVE",
      "tracks": [],
      "version": 0
    }
    "#);
}

#[tokio::test]
async fn metadata_is_shown_however_large_it_is_by_one_query() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let texts = [512, 600, 40 * 1024].map(|bytes| "x".repeat(bytes));
    for (place, text) in texts.iter().enumerate() {
        table.clock.advance(Duration::from_secs(1));
        let metadata = json!({"extra_data": text}).to_string();
        let new = NewToken { metadata, ..new_token(&format!("user{place}"), table.now()) };
        rooms.redeem(&rooms.mint_as(&room.key, new).await).await.expect("a seat");
    }
    about(&app, "room-1").await;
    let before = app.store.usage();
    let reply = about(&app, "room-1").await;
    assert_eq!((app.store.usage() - before).calls, 1);
    let people = reply.body["room"]["participants_info"].as_array().expect("a list");
    let shown: Vec<_> = people.iter().map(|person| metadata(person)["extra_data"].clone()).collect();
    assert_eq!(shown, texts);
}

#[tokio::test]
async fn those_who_wait_and_those_of_earlier_sessions_are_not_in() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.create(&NewRoom { waiting_room: true, ..new_room("room-1") }).await;
    rooms.redeem(&rooms.mint(&room.key, "waiter").await).await.expect("a place");
    assert_eq!(identities(&about(&app, "room-1").await), [""; 0]);

    let room = rooms.open("room-2", None).await;
    rooms.seat(&room.key, "ann").await;
    rooms.end_session(&room.key).await;
    rooms.open("room-2", None).await;
    let reply = about(&app, "room-2").await;
    assert_eq!(identities(&reply), [""; 0]);
    assert_eq!(reply.body["room"]["room_info"]["joined_participants"], "0");
}

#[tokio::test]
async fn a_room_by_code_is_shown_while_a_session_runs() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let id = room.key.room.as_str();
    assert_eq!(about(&app, id).await.body, not_active());
    rooms.join(&room.key, HOST).await.expect("a seat");
    let guest = rooms.join_as_guest(&room.key, "Jane").await.expect("a seat");
    let reply = about(&app, id).await;
    assert_eq!(reply.body["room"]["room_info"]["room_title"], "Weekly");
    let people = reply.body["room"]["participants_info"].as_array().expect("a list");
    let jane = people.iter().find(|person| person["name"] == "Jane").expect("she is in");
    assert_eq!(jane["identity"], format!("guest-{}", guest.id));
    let host = people.iter().find(|person| person["identity"] == HOST).expect("he is in");
    assert_eq!(metadata(host)["is_admin"], true);
    assert_eq!(metadata(host)["ex_user_id"], HOST);
}

#[tokio::test]
async fn the_metadata_of_a_room_by_code_says_what_its_host_decided() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.join(&room.key, HOST).await.expect("a seat");
    let shown = async || {
        let reply = about(&app, room.key.room.as_str()).await;
        metadata(&reply.body["room"]["room_info"])
    };
    let before = shown().await;
    assert_eq!((&before["room_title"], &before["started_at"]), (&json!("Weekly"), &json!("1800000000")));
    let features = &before["room_features"];
    for on in ["allow_webcams", "allow_screen_share"] {
        assert_eq!(features[on], true, "{on}");
    }
    assert_eq!(
        (&features["mute_on_start"], &features["chat_features"]["is_allow"]),
        (&json!(false), &json!(true))
    );
    let locks = json!({"lock_screen_sharing": false, "lock_whiteboard": true, "lock_shared_notepad": true});
    assert_eq!(before["default_lock_settings"], locks);
    assert_eq!(shown().await, before, "it is the same however often it is asked for");

    rooms
        .set(&room.key, |settings| {
            *settings = Settings {
                allow_screen_share: false,
                allow_chat: false,
                allow_participant_video: false,
                allow_participant_audio: false,
                allow_guest_access: false,
                mute_participants_on_join: true,
                waiting_room: true,
            };
        })
        .await;
    let after = shown().await;
    let features = &after["room_features"];
    for off in ["allow_webcams", "allow_screen_share"] {
        assert_eq!(features[off], false, "{off}");
    }
    assert_eq!(
        (&features["mute_on_start"], &features["chat_features"]["is_allow"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(features["waiting_room_features"]["is_active"], true);
    let locks = &after["default_lock_settings"];
    assert_eq!((&locks["lock_microphone"], &locks["lock_screen_sharing"]), (&json!(true), &json!(true)));
    assert_ne!(after["metadata_id"], before["metadata_id"], "it says something else");
}

#[tokio::test]
async fn an_answer_that_would_be_too_long_leaves_out_the_people_and_says_so() {
    let table = TestTable::new().await;
    let rooms = table.rooms();
    let room = rooms.open("room-1", None).await;
    rooms.seat(&room.key, "ann").await;
    let whole = table.store().whole_room(&room.key).await.expect("readable");
    let (room, document) = (whole.room.expect("open"), whole.document.expect("described"));
    let active = || ActiveRoom::of(&room, &document, &whole.participants, table.now());
    let most = active().size();
    let reply = Reply::from(answer(active(), most));
    assert_eq!((reply.text("msg"), identities(&reply)), ("success", vec!["ann"]));
    let reply = Reply::from(answer(active(), most - 1));
    assert_eq!((&reply.body["status"], &reply.body["status_code"]), (&json!(true), &json!("SUCCESS")));
    assert_eq!(reply.text("msg"), "success: too many people for participants_info");
    assert_eq!(identities(&reply), [""; 0]);
    assert_eq!(reply.body["room"]["room_info"]["joined_participants"], "1");
}

#[tokio::test]
async fn a_room_that_does_not_run_is_not_found() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    for room_id in ["never", "a b", "a.*", ">", "комната", " ", &"x".repeat(5000)] {
        assert_eq!(about(&app, room_id).await.body, not_active(), "{room_id}");
    }
    let room = rooms.open("room-1", None).await;
    rooms.end_session(&room.key).await;
    assert_eq!(about(&app, "room-1").await.body, not_active());
    rooms.open("room-1", None).await;
    table.clock.advance(EMPTY_TIMEOUT);
    assert_eq!(about(&app, "room-1").await.body, not_active());
}

#[tokio::test]
async fn tenants_do_not_see_each_others_rooms() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    let call = Call::post(PATH, &json!({"room_id": "room-1"})).signed_by(OTHER_API_KEY, OTHER_API_SECRET);
    assert_eq!(ask(&app, call).await.body, not_active());
}

#[tokio::test]
async fn an_id_is_required_and_must_be_a_string() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let required = "validation error: room_id: value is required";
    for (body, msg) in [
        (json!({}), required),
        (json!({"room_id": ""}), required),
        (json!({"room_id": null}), required),
        (json!({"roomId": 5}), "room_id: must be a string, it is a number"),
        (json!({"room_id": "a", "roomId": "a"}), "room_id: is there twice, in two spellings"),
    ] {
        let reply = ask(&app, Call::post(PATH, &body).signed()).await;
        assert_eq!(reply.failure(), (200, msg, "INVALID_PARAMETERS"), "{body}");
    }
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
    let body = json!({"room_id": "room-1"});
    checks::callers(&table, async |call| ask(&app, call).await, PATH, &body).await;
}

#[tokio::test]
async fn the_first_admin_presents_and_has_no_locks() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let locks =
        |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), true)).collect::<models::Locks>();
    let defaults = locks(&["lock_chat", "lock_whiteboard"]);
    let room = rooms.create(&NewRoom { default_locks: defaults.clone(), ..new_room("room-1") }).await;
    let mut seats = vec![];
    for (user, role, own) in [
        ("ann", Role::Participant, defaults),
        ("bob", Role::Moderator, locks(&[])),
        ("cy", Role::Moderator, locks(&[])),
    ] {
        table.clock.advance(Duration::from_secs(1));
        let new = NewToken { role, locks: own, ..new_token(user, table.now()) };
        seats.push(rooms.redeem(&rooms.mint_as(&room.key, new).await).await.expect("a seat"));
    }
    let shown = async || {
        let reply = about(&app, "room-1").await;
        let people = reply.body["room"]["participants_info"].as_array().expect("a list").clone();
        let shown = people.iter().map(|person| {
            let metadata = metadata(person);
            (metadata["is_presenter"] == true, metadata["lock_settings"].clone())
        });
        shown.collect::<Vec<_>>()
    };
    let ann = (false, json!({"lock_chat": true, "lock_whiteboard": true}));
    let cy = (false, json!({"lock_whiteboard": true}));
    assert_eq!(shown().await, [ann.clone(), (true, json!({})), cy.clone()]);
    rooms.leave(&seats[1]).await;
    assert_eq!(shown().await, [ann, cy.clone()], "nobody takes the place of a presenter who left");

    // Neither by coming back, nor by coming first and becoming an admin later.
    for (user, role) in [("bob", Role::Moderator), ("ann", Role::Moderator)] {
        table.clock.advance(Duration::from_secs(1));
        let new = NewToken { role, ..new_token(user, table.now()) };
        rooms.redeem(&rooms.mint_as(&room.key, new).await).await.expect("a seat");
    }
    assert_eq!(shown().await, [cy.clone(), cy.clone(), cy]);
}

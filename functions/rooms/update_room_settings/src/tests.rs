use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use serde_json::{Value, json};
use testing::rooms::{HOST, PAST_ROOMS};
use testing::{Call, Reply, TestTable, checks};

use super::*;

const NOT_FOUND: (u16, &str) = (404, "Room not found");
const NOT_HOST: (u16, &str) = (403, "Only the host can do this");

async fn app(table: &TestTable) -> App<Config> {
    table.app("update_room_settings", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

fn call(id: &str) -> Call {
    Call::new("PATCH", &format!("/rooms/{id}/settings")).parameter("id", id)
}

async fn change(table: &TestTable, app: &App<Config>, room: &Room, body: &Value) -> Reply {
    let call = call(room.key.room.as_str()).raw(body.to_string());
    ask(app, call.bearer(&table.user_token(HOST, "Hanna"))).await
}

#[tokio::test]
async fn the_host_changes_everything_at_once() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let body = json!({
        "allowScreenShare": false, "allowChat": false, "allowParticipantVideo": false,
        "allowParticipantAudio": false, "allowGuestAccess": false, "muteParticipantsOnJoin": true,
        "waitingRoom": true, "isLocked": true, "maxParticipants": 100,
    });
    let reply = change(&table, &app, &room, &body).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "code": "lzq-ldy-jnm",
      "createdAt": "2027-01-15T08:00:00.000Z",
      "endedAt": null,
      "host": {
        "avatarUrl": "https://example.org/hanna.png",
        "displayName": "Hanna",
        "id": "hanna"
      },
      "hostId": "hanna",
      "id": "13319d61-8201-5d23-bd45-f93322d902f4",
      "isActive": true,
      "isLocked": true,
      "maxParticipants": 100,
      "name": "Weekly",
      "participantCount": 0,
      "settings": {
        "allowChat": false,
        "allowGuestAccess": false,
        "allowParticipantAudio": false,
        "allowParticipantVideo": false,
        "allowScreenShare": false,
        "muteParticipantsOnJoin": true,
        "waitingRoom": true
      },
      "startedAt": null
    }
    "#);
    let state = rooms.state(&room.key).await;
    assert!(state.locked && state.waiting_room);
    assert_eq!(state.max_participants, Some(100));
    assert_eq!(json!(state.by_code.expect("by code").settings), reply.body["settings"]);
}

#[tokio::test]
async fn what_is_not_mentioned_stays() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    change(&table, &app, &room, &json!({"allowChat": false})).await;
    change(&table, &app, &room, &json!({"isLocked": true})).await;
    let reply = change(&table, &app, &room, &json!({"waitingRoom": true})).await;
    let settings = &reply.body["settings"];
    assert_eq!((&settings["allowChat"], &settings["waitingRoom"]), (&json!(false), &json!(true)));
    assert_eq!((&settings["allowGuestAccess"], &reply.body["isLocked"]), (&json!(true), &json!(true)));
    let events: Vec<Value> =
        table.history(&room.key).await.iter().map(testing::history::Step::event).collect();
    let told = [
        json!({"type": "created"}),
        json!({"type": "updated"}),
        json!({"type": "locked", "locked": true}),
        json!({"type": "updated"}),
    ];
    assert_eq!(events, told);
}

#[tokio::test]
async fn nothing_or_the_same_again_changes_nothing() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let before = table.items().await;
    let same = json!({"isLocked": false, "maxParticipants": 5, "allowChat": true});
    for body in [json!({}), same] {
        let reply = change(&table, &app, &room, &body).await;
        assert_eq!((reply.status, reply.text("id")), (200, room.key.room.as_str()));
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn a_smaller_capacity_throws_nobody_out() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    for user in ["ann", "bob", "cid"] {
        rooms.join(&room.key, user).await.expect("a seat");
    }
    let reply = change(&table, &app, &room, &json!({"maxParticipants": 2})).await;
    assert_eq!((&reply.body["maxParticipants"], &reply.body["participantCount"]), (&json!(2), &json!(3)));
    assert_eq!(rooms.join(&room.key, "dan").await, Err(Refusal::RoomFull));
    rooms.join(&room.key, "ann").await.expect("her own seat");
}

#[tokio::test]
async fn a_host_unlocks_without_being_in() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.lock(&room.key, true).await;
    assert_eq!(rooms.join(&room.key, HOST).await, Err(Refusal::RoomLocked));
    assert_eq!(change(&table, &app, &room, &json!({"isLocked": false})).await.body["isLocked"], false);
    rooms.join(&room.key, HOST).await.expect("a seat");
}

#[tokio::test]
async fn lock_capacity_and_settings_outlive_the_session() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.join(&room.key, "ann").await.expect("a seat");
    let body = json!({"isLocked": true, "maxParticipants": 7, "allowChat": false});
    change(&table, &app, &room, &body).await;
    rooms.end_session(&room.key).await;
    let reply = change(&table, &app, &room, &json!({"isLocked": false})).await;
    assert_eq!(
        (&reply.body["maxParticipants"], &reply.body["settings"]["allowChat"]),
        (&json!(7), &json!(false))
    );
    rooms.join(&room.key, "ann").await.expect("a seat");
    let state = rooms.state(&room.key).await;
    assert_eq!((state.max_participants, state.locked), (Some(7), false));
    assert!(!state.by_code.expect("by code").settings.allow_chat);
}

#[tokio::test]
async fn unknown_fields_null_and_wrong_values_are_named_all_at_once() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let before = table.items().await;
    let seats = "maxParticipants: must be an integer from 2 to 100, it is ";
    for (body, message) in [
        (json!({"allowChat": null}), "allowChat: must be true or false, it is null".to_owned()),
        (json!({"isLocked": "true"}), "isLocked: must be true or false, it is a string".to_owned()),
        (json!({"waitingRoom": 1}), "waitingRoom: must be true or false, it is 1".to_owned()),
        (json!({"maxParticipants": null}), format!("{seats}null")),
        (json!({"maxParticipants": 1}), format!("{seats}1")),
        (json!({"maxParticipants": 101}), format!("{seats}101")),
        (json!({"name": "New"}), "name: is not a known field".to_owned()),
        (json!({"allow_chat": true}), "allow_chat: is not a known field".to_owned()),
        (
            json!({"allowChat": 0, "isLocked": true, "maxParticipants": "5", "a": 1, "b": 2}),
            format!(
                "allowChat: must be true or false, it is 0; {seats}a string; a: is not a known field; b: is not a \
                 known field"
            ),
        ),
    ] {
        let reply = change(&table, &app, &room, &body).await;
        assert_eq!(reply.refusal(), (400, message.as_str()), "{body}");
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn a_room_of_the_server_api_has_no_host_when_its_session_has_been_cleared_either() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    rooms.end_session(&room.key).await;
    table.store().clear_session(&room).await.expect("cleared");
    assert_eq!(change(&table, &app, &room, &json!({"isLocked": true})).await.refusal(), NOT_HOST);
}

#[tokio::test]
async fn only_the_host_may() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let (room, server_room) = (rooms.by_code(5).await, rooms.open("room-1", None).await);
    rooms.join(&room.key, "ann").await.expect("a seat");
    rooms.seat(&server_room.key, HOST).await;
    let before = table.items().await;
    let lock = json!({"isLocked": true}).to_string();
    for (id, sub, refusal) in [
        (room.key.room.as_str(), "ann", NOT_HOST),
        (room.key.room.as_str(), "eve", NOT_HOST),
        ("room-1", HOST, NOT_HOST),
        ("never", HOST, NOT_FOUND),
        ("no id", HOST, NOT_FOUND),
    ] {
        let call = call(id).raw(lock.clone()).bearer(&table.user_token(sub, sub));
        assert_eq!(ask(&app, call).await.refusal(), refusal, "{id} {sub}");
    }
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn an_ended_room_is_changed_no_more() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.end_room(&room.key).await;
    let before = table.items().await;
    for body in [json!({"isLocked": true}), json!({})] {
        let reply = change(&table, &app, &room, &body).await;
        assert_eq!(reply.refusal(), (400, "Room is no longer active"));
    }
    assert_eq!(table.items().await, before);
    table.clock.advance(PAST_ROOMS + Duration::from_millis(1));
    assert_eq!(change(&table, &app, &room, &json!({})).await.refusal(), NOT_FOUND);
}

#[tokio::test]
async fn what_is_no_good_token_or_body_is_refused() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let id = room.key.room.as_str();
    let lock = call(id).raw(json!({"isLocked": true}).to_string());
    assert_eq!(ask(&app, lock.clone()).await.refusal(), (401, "Missing token"));
    checks::user_tokens(&table, async |call| ask(&app, call).await, &lock).await;
    let host = table.user_token(HOST, "Hanna");
    let before = table.items().await;
    checks::bodies(400, async |body| ask(&app, call(id).raw(body).bearer(&host)).await).await;
    let empty = "the body must be a JSON object, it is empty";
    assert_eq!(ask(&app, call(id).bearer(&host)).await.refusal(), (400, empty));
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn an_idempotency_key_changes_the_room_once() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let host = table.user_token(HOST, "Hanna");
    let lock = |locked: bool| {
        call(room.key.room.as_str()).raw(json!({ "isLocked": locked }).to_string()).bearer(&host)
    };
    checks::idempotency(&table, async |call| ask(&app, call).await, &lock(true), &lock(false)).await;
    // What was repeated long after is the answer of then, and does not lock again.
    rooms.lock(&room.key, false).await;
    let again = ask(&app, lock(true).header("idempotency-key", "0123456789abcdefghijkl")).await;
    assert_eq!(again.body["isLocked"], true);
    assert!(!rooms.state(&room.key).await.locked);
}

#[tokio::test]
async fn without_a_waiting_room_those_who_wait_come_in_as_far_as_seats_last() {
    for (locked, admitted) in [(false, 2), (true, 0)] {
        let table = TestTable::new().await;
        let (app, rooms) = (app(&table).await, table.rooms());
        let room = rooms.by_code(2).await;
        rooms.set(&room.key, |settings| settings.waiting_room = true).await;
        for user in ["zoe", "ann", "cid"] {
            table.clock.advance(Duration::from_millis(1));
            assert!(!rooms.join(&room.key, user).await.expect("a place").active);
        }
        let body = json!({"waitingRoom": false, "isLocked": locked});
        let reply = change(&table, &app, &room, &body).await;
        assert_eq!((reply.status, &reply.body["participantCount"]), (200, &json!(admitted)));
        let state = rooms.state(&room.key).await;
        assert_eq!(rooms.store().waiting(&state).await.expect("readable"), []);
        let mut present = vec![];
        for person in rooms.store().present(&room.key, state.sid).await.expect("readable") {
            present.push(person.user.to_string());
        }
        assert_eq!(present, ["zoe", "ann"][..admitted]);
    }
}

#[tokio::test]
async fn what_was_cut_off_before_those_who_waited_came_in_is_finished_by_asking_again() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    rooms.set(&room.key, |settings| settings.waiting_room = true).await;
    rooms.join(&room.key, "ann").await.expect("a place");
    rooms.set(&room.key, |settings| settings.waiting_room = false).await;
    let off = call(room.key.room.as_str()).raw(json!({"waitingRoom": false}).to_string());
    let off =
        off.bearer(&table.user_token(HOST, "Hanna")).header("idempotency-key", "0123456789abcdefghijkl");
    let reply = ask(&app, off.clone()).await;
    assert_eq!((reply.status, &reply.body["participantCount"]), (200, &json!(1)));
    // Its answer is kept, too.
    rooms.set(&room.key, |settings| settings.waiting_room = true).await;
    assert_eq!(ask(&app, off).await.body, reply.body);
    assert!(rooms.state(&room.key).await.waiting_room);
}

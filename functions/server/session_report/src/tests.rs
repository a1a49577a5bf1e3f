use std::time::Duration;

use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::Room;
use models::relay::Over;
use serde_json::json;
use store::NewRoom;
use testing::rooms::{DEPARTURE, EMPTY_TIMEOUT, HOST, PAST_ROOMS, new_room};
use testing::{Call, OTHER_API_KEY, OTHER_API_SECRET, Reply, TestTable, checks};

use super::*;

const PATH: &str = "/auth/room/sessionReport";
const NOT_FOUND: (u16, &str, &str) = (200, "session not found", "NOT_FOUND");
/// A time that is not known.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

async fn app(table: &TestTable) -> App<Config> {
    table.app("session_report", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn report(app: &App<Config>, room: &Room) -> Value {
    let body = json!({"room_id": room.key.room, "sid": room.sid});
    let reply = ask(app, Call::post(PATH, &body).signed()).await;
    assert_eq!(reply.text("msg"), "success");
    reply.body["report"].clone()
}

/// `ended`, `reason`, `duration_seconds` and `is_running`.
fn end(report: &Value) -> (&str, &str, &str, bool) {
    let text = |key: &str| report[key].as_str().expect("a text");
    (text("ended"), text("reason"), text("duration_seconds"), report["is_running"].as_bool().expect("a bool"))
}

#[tokio::test]
async fn a_past_session_is_reported() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    table.clock.advance(Duration::from_secs(30));
    rooms.leave(&rooms.seat(&room.key, "ann").await).await;
    rooms.seat(&room.key, "bob").await;
    table.clock.advance(Duration::from_millis(61_999));
    rooms.end_session(&room.key).await;
    let body = json!({"roomId": "room-1", "sid": room.sid});
    let reply = ask(&app, Call::post(PATH, &body).signed()).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "report": {
        "created": "2027-01-15T08:00:00Z",
        "duration_seconds": "61",
        "ended": "2027-01-15T08:01:31Z",
        "is_running": false,
        "joined_participants": "2",
        "peak_participants": "0",
        "reason": "api",
        "room_id": "room-1",
        "room_title": "Title of room-1",
        "sid": "c15c0289-ec2d-4a91-a7ec-8e65a18debbe",
        "started": "2027-01-15T08:00:30Z"
      },
      "status": true,
      "status_code": "SUCCESS"
    }
    "#);

    // What follows the end has been done.
    let (state, at) = (rooms.state(&room.key).await, table.now());
    let over = Over { room: state, ended_at: at, reason: EndReason::Api };
    rooms.store().note_crowd(&room.key, room.sid, 2).await.expect("noted");
    rooms.store().archive(&over, None, PAST_ROOMS).await.expect("archived");
    assert_eq!(report(&app, &room).await["peak_participants"], "2");
}

#[tokio::test]
async fn a_running_session_is_reported_as_far_as_it_has_come() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let waits = report(&app, &room).await;
    assert_eq!(end(&waits), (NO_TIME, "", "0", true));
    assert_eq!((&waits["started"], &waits["joined_participants"]), (&json!(NO_TIME), &json!("0")));
    rooms.seat(&room.key, "ann").await;
    table.clock.advance(Duration::from_mins(5));
    let runs = report(&app, &room).await;
    assert_eq!(end(&runs), (NO_TIME, "", "300", true));
    assert_eq!((&runs["joined_participants"], &runs["peak_participants"]), (&json!("1"), &json!("0")));
    assert_eq!(runs["room_title"], "Title of room-1");
}

#[tokio::test]
async fn a_session_that_ran_out_unnoticed_ended_at_its_time() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let [empty, left] = [rooms.open("empty", None).await, rooms.open("left", None).await];
    let long = rooms.create(&NewRoom { duration: Some(Duration::from_mins(10)), ..new_room("long") }).await;
    rooms.seat(&long.key, "ann").await;
    let ann = rooms.seat(&left.key, "ann").await;
    table.clock.advance(Duration::from_secs(40));
    rooms.leave(&ann).await;
    table.clock.advance(EMPTY_TIMEOUT);
    let after = |time: Duration| empty.created_at.plus(time).rfc3339();
    let last = after(Duration::from_secs(40) + DEPARTURE);
    let cases = [
        (&empty, after(EMPTY_TIMEOUT), "empty_timeout", "0"),
        (&left, last, "last_left", "60"),
        (&long, after(Duration::from_mins(10)), "duration", "600"),
    ];
    for (room, ended, reason, duration) in &cases {
        assert_eq!(end(&report(&app, room).await), (ended.as_str(), *reason, *duration, false));
    }
    // Whoever comes next has remembered it.
    for (room, ended, reason, duration) in &cases {
        let next = rooms.open(room.key.room.as_str(), None).await;
        assert_eq!(end(&report(&app, room).await), (ended.as_str(), *reason, *duration, false));
        assert_eq!(end(&report(&app, &next).await), (NO_TIME, "", "0", true));
    }
}

#[tokio::test]
async fn each_session_of_a_room_by_code_has_its_report() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let body = json!({"room_id": room.key.room, "sid": room.sid});
    assert_eq!(ask(&app, Call::post(PATH, &body).signed()).await.failure(), NOT_FOUND, "none has been");
    rooms.join(&room.key, HOST).await.expect("a seat");
    let first = rooms.state(&room.key).await;
    table.clock.advance(Duration::from_secs(5));
    rooms.end_session(&room.key).await;
    table.clock.advance(Duration::from_secs(5));
    rooms.join(&room.key, HOST).await.expect("a seat");
    let second = rooms.state(&room.key).await;
    table.clock.advance(Duration::from_secs(7));
    rooms.end_room(&room.key).await;
    let ended = |room: &Room, after| room.created_at.plus(Duration::from_secs(after)).rfc3339();
    assert_eq!(end(&report(&app, &first).await), (ended(&first, 5).as_str(), "api", "5", false));
    let last = report(&app, &second).await;
    assert_eq!(end(&last), (ended(&second, 7).as_str(), "host", "7", false));
    assert_eq!(last["room_title"], "Weekly");
}

#[tokio::test]
async fn what_is_no_session_of_the_room_is_not_found() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let [one, two] = [rooms.open("room-1", None).await, rooms.open("room-2", None).await];
    rooms.end_session(&two.key).await;
    let id = one.sid.to_string();
    let other = two.sid.to_string();
    let unknown = "4a2b1d1e-0000-4000-8000-000000000000";
    for (room_id, sid) in [
        ("room-1", other.as_str()),
        ("room-2", &id),
        ("room-1", unknown),
        ("never", &id),
        ("a b", &id),
        ("room-1", "x"),
    ] {
        let call = Call::post(PATH, &json!({"room_id": room_id, "sid": sid})).signed();
        assert_eq!(ask(&app, call).await.failure(), NOT_FOUND, "{room_id} {sid}");
    }
    for room in [&one, &two] {
        let call = Call::post(PATH, &json!({"room_id": room.key.room, "sid": room.sid}));
        let foreign = ask(&app, call.signed_by(OTHER_API_KEY, OTHER_API_SECRET)).await;
        assert_eq!(foreign.failure(), NOT_FOUND, "of another tenant");
    }
}

#[tokio::test]
async fn everything_that_is_wrong_is_told() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    for (body, msg) in [
        (json!({}), "validation errors:\n - room_id: value is required\n - sid: value is required"),
        (json!({"room_id": "room-1"}), "validation error: sid: value is required"),
        (json!({"room_id": "room-1", "sid": 5}), "sid: must be a string, it is a number"),
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
    let body = json!({"room_id": "room-1", "sid": table.rooms().open("room-1", None).await.sid});
    checks::callers(&table, async |call| ask(&app, call).await, PATH, &body).await;
}

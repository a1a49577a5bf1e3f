use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::{RoomCode, RoomKey, Status, Tenant};
use serde_json::{Value, json};
use testing::rooms::{CODE_RETENTION, user_id};
use testing::{Call, Reply, TestTable, checks};

use super::*;

async fn app(table: &TestTable) -> App<Config> {
    table.app("create_room_by_code", Dialect::Rooms, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

fn call(body: &Value) -> Call {
    Call::post("/rooms", body)
}

async fn create(table: &TestTable, app: &App<Config>, body: &Value) -> Reply {
    ask(app, call(body).bearer(&table.user_token("ann", "Ann"))).await
}

fn key(reply: &Reply) -> RoomKey {
    RoomKey { tenant: Tenant::main(), room: reply.text("id").try_into().expect("an id") }
}

#[tokio::test]
async fn a_user_makes_a_room_and_is_its_host() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let body = json!({"name": " Demo ", "waitingRoom": true, "maxParticipants": 25});
    let reply = create(&table, &app, &body).await;
    assert_eq!(reply.status, 201);
    assert_json_snapshot!(reply.body, @r#"
    {
      "code": "lzq-ldy-jnm",
      "createdAt": "2027-01-15T08:00:00.000Z",
      "endedAt": null,
      "host": {
        "avatarUrl": null,
        "displayName": "Ann",
        "id": "ann"
      },
      "hostId": "ann",
      "id": "13319d61-8201-5d23-bd45-f93322d902f4",
      "isActive": true,
      "isLocked": false,
      "maxParticipants": 25,
      "name": "Demo",
      "participantCount": 0,
      "settings": {
        "allowChat": true,
        "allowGuestAccess": true,
        "allowParticipantAudio": true,
        "allowParticipantVideo": true,
        "allowScreenShare": true,
        "muteParticipantsOnJoin": false,
        "waitingRoom": true
      },
      "startedAt": null
    }
    "#);

    let code = RoomCode::try_from(reply.text("code")).expect("a code");
    assert_eq!(code.room_id().as_str(), reply.text("id"));
    let room = table.rooms().state(&key(&reply)).await;
    assert_eq!((room.status, room.seats, room.waiting_room), (Status::Idle, 0, true));
    assert!(room.is_hosted_by(&user_id("ann")));
    assert_eq!(room.expires_at, table.now().plus(CODE_RETENTION));
}

#[tokio::test]
async fn everything_has_a_default_and_null_is_nothing() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let token = table.user_token("ann", "Ann");
    let without_body = ask(&app, Call::new("POST", "/rooms").bearer(&token)).await;
    let empty = create(&table, &app, &json!({})).await;
    let nulls = json!({"name": null, "waitingRoom": null, "maxParticipants": null, "unknown": 1});
    for reply in [without_body, empty, create(&table, &app, &nulls).await] {
        assert_eq!(reply.status, 201);
        assert_eq!((reply.text("name"), &reply.body["maxParticipants"]), ("Meeting Room", &json!(50)));
        assert_eq!(reply.body["settings"]["waitingRoom"], false);
    }
}

#[tokio::test]
async fn each_room_has_a_code_of_its_own() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let (one, two) = (create(&table, &app, &json!({})).await, create(&table, &app, &json!({})).await);
    assert_ne!(one.text("code"), two.text("code"));
    assert_ne!(one.text("id"), two.text("id"));
}

#[tokio::test]
async fn a_host_without_a_name_is_shown_by_his_id() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let reply = ask(&app, call(&json!({})).bearer(&table.user_token("auth0|x", " "))).await;
    assert_eq!(reply.body["host"]["displayName"], "auth0|x");
}

#[tokio::test]
async fn nothing_in_the_body_makes_another_the_host() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let body = json!({"hostId": "eve", "host": {"id": "eve"}, "code": "abc-def-ghi", "isLocked": true});
    let reply = create(&table, &app, &body).await;
    assert_eq!((reply.text("hostId"), &reply.body["isLocked"]), ("ann", &json!(false)));
    assert_ne!(reply.text("code"), "abc-def-ghi");
}

#[tokio::test]
async fn what_is_out_of_bounds_is_named_all_at_once() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let before = table.items().await;
    let name = "name: must be 1 to 100 characters, none of them a control character";
    let seats = "maxParticipants: must be an integer from 2 to 100, it is ";
    for (body, message) in [
        (json!({"name": ""}), name.to_owned()),
        (json!({"name": " \t "}), name.to_owned()),
        (json!({"name": "é".repeat(101)}), name.to_owned()),
        (json!({"name": "a\u{7}b"}), name.to_owned()),
        (json!({"name": 5}), "name: must be a string, it is 5".to_owned()),
        (json!({"waitingRoom": "yes"}), "waitingRoom: must be true or false, it is a string".to_owned()),
        (json!({"maxParticipants": 1}), format!("{seats}1")),
        (json!({"maxParticipants": 101}), format!("{seats}101")),
        (json!({"maxParticipants": -5}), format!("{seats}-5")),
        (json!({"maxParticipants": 2.5}), format!("{seats}2.5")),
        (json!({"maxParticipants": "50"}), format!("{seats}a string")),
        (
            json!({"name": "", "waitingRoom": 1, "maxParticipants": true}),
            format!("{name}; waitingRoom: must be true or false, it is 1; {seats}a boolean"),
        ),
    ] {
        let reply = create(&table, &app, &body).await;
        assert_eq!(reply.refusal(), (400, message.as_str()), "{body}");
    }
    assert_eq!(table.items().await, before);
    for body in
        [json!({"name": "n", "maxParticipants": 2}), json!({"name": "é".repeat(100), "maxParticipants": 100})]
    {
        assert_eq!(create(&table, &app, &body).await.status, 201);
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused_and_nothing_stored() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let token = table.user_token("ann", "Ann");
    // The bodies of blanks and braces alone that the check sends are good: each makes a room.
    checks::bodies(400, async |body| {
        let before = table.items().await;
        let reply = ask(&app, Call::new("POST", "/rooms").raw(body).bearer(&token)).await;
        assert!(reply.status == 201 || table.items().await == before);
        reply
    })
    .await;
}

#[tokio::test]
async fn only_a_user_makes_rooms() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let call = call(&json!({}));
    assert_eq!(ask(&app, call.clone()).await.refusal(), (401, "Missing token"));
    checks::user_tokens(&table, async |call| ask(&app, call).await, &call).await;
    // The credential comes before the body.
    assert_eq!(ask(&app, call.raw("[]")).await.refusal(), (401, "Missing token"));
}

#[tokio::test]
async fn an_idempotency_key_makes_one_room_of_a_repeated_request() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let call = |name: &str, sub: &str| call(&json!({ "name": name })).bearer(&table.user_token(sub, sub));
    let ask = async |call| ask(&app, call).await;
    checks::idempotency(&table, ask, &call("A", "ann"), &call("B", "ann")).await;
    // Another user's key is another key, even with the same text.
    let keyed = |sub| call("A", sub).header("idempotency-key", "k");
    assert_ne!(ask(keyed("ann")).await.text("id"), ask(keyed("bob")).await.text("id"));
}

#[tokio::test]
async fn of_many_at_once_with_one_key_one_does_the_work_and_all_get_its_answer() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let call = call(&json!({})).bearer(&table.user_token("ann", "Ann")).header("idempotency-key", "k");
    let (a, b, c) = tokio::join!(ask(&app, call.clone()), ask(&app, call.clone()), ask(&app, call));
    assert_eq!((a.status, &a, &a), (201, &b, &c));
}

#[tokio::test]
async fn sessions_are_limited_where_the_deployment_says_so() {
    let table = TestTable::new().await;
    let mut app = app(&table).await;
    app.config.duration = Some(Duration::from_hours(1));
    let reply = create(&table, &app, &json!({})).await;
    let room = table.rooms().state(&key(&reply)).await;
    assert_eq!(room.duration, Some(Duration::from_hours(1)));
}

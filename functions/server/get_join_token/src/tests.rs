use api::server::ParticipantInfo;
use api::{Dialect, respond};
use insta::assert_json_snapshot;
use models::{ApiKeyId, Locks, Role, Tenant};
use serde_json::{Value, json};
use store::{ApiKey, KeyStatus, NewRoom};
use testing::rooms::{HOST, new_room, new_token, user_id};
use testing::{API_KEY, API_SECRET, Call, OTHER_API_KEY, OTHER_API_SECRET, Reply, TestTable, checks, opened};

use super::*;

mod refusals;

const PATH: &str = "/auth/room/getJoinToken";
const NOT_ACTIVE: (u16, &str, &str) = (200, "room is not active", "ROOM_NOT_FOUND");

async fn app(table: &TestTable) -> App<Config> {
    table.app("get_join_token", Dialect::Server, Config::load).await
}

async fn ask(app: &App<Config>, call: Call) -> Reply {
    respond(app, &call.request(), |app, request| Box::pin(handle(app, request))).await.into()
}

async fn mint(app: &App<Config>, body: Value) -> Reply {
    ask(app, Call::post(PATH, &body).signed()).await
}

/// The smallest good request.
fn small(user_id: &str) -> Value {
    json!({"room_id": "room-1", "user_info": {"name": "Ann", "user_id": user_id}})
}

/// The same with more in `user_info`.
fn with(more: Value) -> Value {
    let mut body = small("ann");
    let user_info = body["user_info"].as_object_mut().expect("an object");
    user_info.extend(more.as_object().expect("an object").clone());
    body
}

#[tokio::test]
async fn a_token_is_minted_for_one_person_and_the_running_session() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let reply = mint(&app, small("ann")).await;
    assert_eq!(reply.status, 200);
    assert_json_snapshot!(reply.body, @r#"
    {
      "msg": "success",
      "status": true,
      "status_code": "SUCCESS",
      "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6ImxvY2FsIn0.eyJpc3MiOiJsb2NhbCIsInN1YiI6ImFubiIsImV4cCI6MTgwMDAwMDYwMCwibmJmIjoxODAwMDAwMDAwLCJqdGkiOiJjMTVjMDI4OS1lYzJkLTRhOTEtYTdlYy04ZTY1YTE4ZGViYmUuMDFhMzE4NWMtNTAwMC03ODNkLWJlMzUtZGUxODE3NDk5NjY3IiwibmFtZSI6IkFubiIsInJvb21faWQiOiJyb29tLTEiLCJ1c2VyX2lkIjoiYW5uIn0.ZNNCU-h4IX7UF8tF7XGwwObPflFAhk3yENIpv0pXV7Y"
    }
    "#);
    assert_json_snapshot!(opened(reply.text("token")), @r#"
    {
      "claims": {
        "exp": 1800000600,
        "iss": "local",
        "jti": "c15c0289-ec2d-4a91-a7ec-8e65a18debbe.01a3185c-5000-783d-be35-de1817499667",
        "name": "Ann",
        "nbf": 1800000000,
        "room_id": "room-1",
        "sub": "ann",
        "user_id": "ann"
      },
      "header": {
        "alg": "HS256",
        "kid": "local",
        "typ": "JWT"
      }
    }
    "#);

    let whole = table.store().whole_room(&room.key).await.expect("readable");
    let [ann] = whole.participants.as_slice() else { panic!("{whole:?}") };
    assert_eq!((ann.user.as_str(), ann.tokens.len(), ann.sid), ("ann", 1, room.sid));
    assert_eq!(whole.room.expect("a room"), room, "a token takes no seat");
}

#[tokio::test]
async fn what_is_asked_for_is_in_the_token_only_where_it_says_something() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    let everything = json!({"is_admin": true, "is_hidden": true, "client_type": "HYBRID_WEB"});
    let claims = opened(mint(&app, with(everything)).await.text("token"))["claims"].clone();
    assert_eq!((&claims["is_admin"], &claims["is_hidden"]), (&json!(true), &json!(true)));
    assert_eq!(claims["client_type"], 1);

    for (asked, kept) in [(json!("WEB"), None), (json!(9), Some(9)), (json!("BAD"), None), (json!(0), None)] {
        let body = with(json!({"is_admin": false, "is_hidden": false, "client_type": asked}));
        let claims = opened(mint(&app, body).await.text("token"))["claims"].clone();
        assert_eq!(claims.get("client_type").and_then(Value::as_i64), kept, "{asked}");
        assert!(claims.get("is_admin").is_none() && claims.get("is_hidden").is_none(), "{claims}");
    }
    // Only the field of `user_info` makes an admin.
    let claims = opened(mint(&app, with(json!({"user_metadata": {"is_admin": true}}))).await.text("token"));
    assert!(claims["claims"].get("is_admin").is_none());
}

/// Mints by `body`, lets the person in, and gives his metadata as the server API shows it.
async fn joined_metadata(table: &TestTable, app: &App<Config>, room: &RoomKey, body: Value) -> Value {
    let token = mint(app, body).await;
    let keys = KeyRing::new(&table.env("get_join_token"));
    let token = keys.join_token(&table.store(), table.now(), token.text("token")).await.expect("good");
    table.rooms().redeem(&token).await.expect("a seat");
    let whole = table.store().whole_room(room).await.expect("readable");
    let people = ParticipantInfo::all(&whole.room.expect("open"), &whole.participants);
    let people = json!(people);
    let mut people = people.as_array().expect("a list").iter();
    let person = people.find(|person| person["identity"] == token.user.as_str()).expect("he is in");
    serde_json::from_str(person["metadata"].as_str().expect("a text")).expect("JSON")
}

#[tokio::test]
async fn a_token_brings_the_participants_metadata() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let locks = Locks::from([("lock_chat".to_owned(), true), ("lock_webcam".to_owned(), true)]);
    let room = table.rooms().create(&NewRoom { default_locks: locks, ..new_room("room-1") }).await;
    let metadata = joined_metadata(
        &table,
        &app,
        &room.key,
        with(json!({"user_metadata": {
            "profile_pic": "https://example.org/a.png",
            "preferred_lang": "es-ES",
            "record_webcam": false,
            "lock_settings": {"lock_webcam": false, "lock_microphone": true},
            "extra_data": {"a": "b"},
        }})),
    )
    .await;
    assert_json_snapshot!(metadata, @r#"
    {
      "ex_user_id": "ann",
      "extra_data": {
        "a": "b"
      },
      "is_admin": false,
      "is_presenter": false,
      "lock_settings": {
        "lock_chat": true,
        "lock_microphone": true,
        "lock_webcam": false
      },
      "metadata_id": "a53c36d7-6cec-49e0-b585-27120fbbe785",
      "preferred_lang": "es-ES",
      "profile_pic": "https://example.org/a.png",
      "raised_hand": {
        "is_raised": false,
        "raised_at": "0"
      },
      "record_webcam": false,
      "wait_for_approval": false
    }
    "#);
}

#[tokio::test]
async fn an_admin_has_no_locks_and_waits_for_nobody() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let default_locks = Locks::from([("lock_chat".to_owned(), true)]);
    let new = NewRoom { default_locks, waiting_room: true, ..new_room("room-1") };
    let room = table.rooms().create(&new).await;
    let admin = joined_metadata(&table, &app, &room.key, with(json!({"is_admin": true}))).await;
    assert_eq!((&admin["is_admin"], &admin["lock_settings"]), (&json!(true), &json!({})));
    assert_eq!(admin["wait_for_approval"], false);
}

#[tokio::test]
async fn both_spellings_are_understood() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    let reply = mint(
        &app,
        json!({
            "roomId": "room-1",
            "userInfo": {"name": "Ann", "userId": "ann", "isAdmin": true, "isHidden": null, "userMetadata": {
                "profilePic": "https://example.org/a.png", "lockSettings": {"lockChat": true}, "exUserId": "e1",
            }},
            "unknown": {},
        }),
    )
    .await;
    let claims = opened(reply.text("token"))["claims"].clone();
    assert_eq!((&claims["sub"], &claims["is_admin"]), (&json!("ann"), &json!(true)));
}

#[tokio::test]
async fn minting_disturbs_nobody_and_two_tokens_of_one_user_are_both_good() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", Some(1)).await;
    rooms.seat(&room.key, "ann").await;
    let before = rooms.state(&room.key).await;
    let (first, second) = (mint(&app, small("ann")).await, mint(&app, small("ann")).await);
    assert_ne!(first.text("token"), second.text("token"));
    assert_eq!(rooms.state(&room.key).await, before);
    let seen = table.store().look(&room.key, false, Some(&user_id("ann"))).await.expect("readable");
    let ann = seen.participant.expect("she is in");
    assert!(ann.is_in(&before) && ann.tokens.len() == 2, "{ann:?}");
}

#[tokio::test]
async fn a_room_by_code_gives_tokens_while_a_session_runs() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.by_code(5).await;
    let body = |user_id: &str| {
        let mut body = small(user_id);
        body["room_id"] = json!(room.key.room.as_str());
        body
    };
    assert_eq!(mint(&app, body("ann")).await.failure(), NOT_ACTIVE, "it is idle");
    rooms.join(&room.key, "bob").await.expect("a seat");
    assert_eq!(mint(&app, body("ann")).await.text("msg"), "success");
    let guest = "user_id: guest-1 is reserved for guests";
    assert_eq!(mint(&app, body("guest-1")).await.failure(), (200, guest, "INVALID_PARAMETERS"));

    // The host is the host, whichever way he comes.
    let token = mint(&app, body(HOST)).await;
    let keys = KeyRing::new(&table.env("get_join_token"));
    let token = keys.join_token(&table.store(), table.now(), token.text("token")).await.expect("good");
    assert_eq!(token.role, Role::Host);
    assert_eq!(rooms.redeem(&token).await.expect("a seat").role, Role::Host);
}

#[tokio::test]
async fn tenants_do_not_see_each_others_rooms() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    let call = Call::post(PATH, &small("ann")).signed_by(OTHER_API_KEY, OTHER_API_SECRET);
    assert_eq!(ask(&app, call).await.failure(), NOT_ACTIVE);
}

#[tokio::test]
async fn where_the_room_makes_the_ids_the_given_one_is_only_noted() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let new = NewRoom { auto_gen_user_id: true, ..new_room("room-1") };
    let room = table.rooms().create(&new).await;
    for given in ["", "no id", "user_x", "ann"] {
        let token = mint(&app, small(given)).await;
        let sub = opened(token.text("token"))["claims"]["sub"].clone();
        assert_eq!(sub.as_str().map(str::len), Some(36), "{sub}");
    }
    let metadata = joined_metadata(&table, &app, &room.key, small("no id")).await;
    assert_eq!(metadata["ex_user_id"], "no id");
    let without = with(json!({"user_id": null}));
    for nothing in [small(""), without] {
        let metadata = joined_metadata(&table, &app, &room.key, nothing).await;
        assert_eq!(metadata["ex_user_id"].as_str().map(str::len), Some(36), "his own id: {metadata}");
    }
    for bot in ["RECORDER_BOT", "RTMP_BOT"] {
        let token = mint(&app, small(bot)).await;
        assert_eq!(opened(token.text("token"))["claims"]["sub"], bot, "plugNmeet finds it by its id");
    }
    let long = "validation error: user_info.user_id: must be at most 128 characters";
    let reply = mint(&app, small(&" ".repeat(129))).await;
    assert_eq!(reply.failure(), (200, long, "INVALID_PARAMETERS"));
    assert_eq!(mint(&app, small(&" ".repeat(128))).await.text("msg"), "success");
}

/// Replaces the key of tenant `main`.
async fn put_key(table: &TestTable, status: KeyStatus, secrets: &[&str]) {
    let key = ApiKey::new(Tenant::main(), String::new(), table.now());
    let secrets = secrets.iter().map(ToString::to_string).collect();
    let key = ApiKey { status, secrets, ..key };
    let id = ApiKeyId::try_from(API_KEY).expect("an id");
    table.store().put_api_key(&id, &key, true).await.expect("stored");
}

#[tokio::test]
async fn a_key_that_is_switched_off_stops_within_a_minute() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    assert_eq!(mint(&app, small("ann")).await.text("msg"), "success");
    put_key(&table, KeyStatus::Disabled, &[API_SECRET]).await;
    table.clock.advance(Duration::from_mins(1));
    assert_eq!(
        mint(&app, small("ann")).await.failure(),
        (401, "Invalid API key provided.", "INVALID_API_KEY")
    );
}

#[tokio::test]
async fn while_a_secret_is_rotated_both_verify_and_the_first_signs() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    put_key(&table, KeyStatus::Active, &["the new secret", API_SECRET]).await;
    let by_old = mint(&app, small("ann")).await;
    let by_new = ask(&app, Call::post(PATH, &small("ann")).signed_by(API_KEY, "the new secret")).await;
    put_key(&table, KeyStatus::Active, &["the new secret"]).await;
    for reply in [by_old, by_new] {
        let keys = KeyRing::new(&table.env("get_join_token"));
        keys.join_token(&table.store(), table.now(), reply.text("token")).await.expect("by the new secret");
    }
}

#[tokio::test]
async fn an_idempotency_key_mints_one_token_of_a_repeated_request() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    table.rooms().open("room-1", None).await;
    let call = Call::post(PATH, &small("ann")).signed();
    let other = Call::post(PATH, &small("bob")).signed();
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;
}

#[tokio::test]
async fn as_many_tokens_as_may_be_with_as_much_in_them_as_may_be_are_stored() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let room = table.rooms().open("room-1", None).await;
    let largest = with(json!({
        "name": "n".repeat(5000),
        "user_metadata": {"extra_data": {"x": "y".repeat(48 * 1024 - 200)}},
    }));
    for _ in 0..20 {
        assert_eq!(mint(&app, largest.clone()).await.text("msg"), "success");
    }
    joined_metadata(&table, &app, &room.key, largest.clone()).await;
    assert_eq!(mint(&app, largest).await.text("msg"), "success");
}

#[tokio::test]
async fn large_metadata_arrives_whole_and_a_repeated_request_does_not_change_it() {
    let table = TestTable::new().await;
    let app = app(&table).await;
    let room = table.rooms().open("room-1", None).await;
    let body = |text: &str| with(json!({"user_metadata": {"extra_data": {"x": text}}}));
    for bytes in [600, 40 * 1024] {
        let text = "é".repeat(bytes / 2);
        let metadata = joined_metadata(&table, &app, &room.key, body(&text)).await;
        assert_eq!(metadata["extra_data"]["x"], text, "{bytes}");
    }
    let call = Call::post(PATH, &body(&"y".repeat(600))).signed();
    let other = Call::post(PATH, &body(&"z".repeat(600))).signed();
    checks::idempotency(&table, async |call| ask(&app, call).await, &call, &other).await;
}

#[tokio::test]
async fn of_many_unused_tokens_the_oldest_go_and_the_newest_stays() {
    let table = TestTable::new().await;
    let (app, rooms) = (app(&table).await, table.rooms());
    let room = rooms.open("room-1", None).await;
    let oldest = rooms.mint_as(&room.key, new_token("ann", table.now())).await;
    for _ in 0..20 {
        table.clock.advance(Duration::from_millis(1));
        mint(&app, small("ann")).await.text("token");
    }
    let seen = table.store().look(&room.key, false, Some(&user_id("ann"))).await.expect("readable");
    let tokens = seen.participant.expect("invited").tokens;
    assert_eq!(tokens.len(), 20);
    assert!(!tokens.iter().any(|(id, _)| *id == oldest.id.id));
    table.clock.advance(testing::rooms::TOKEN_VALIDITY);
    mint(&app, small("ann")).await.text("token");
    let seen = table.store().look(&room.key, false, Some(&user_id("ann"))).await.expect("readable");
    assert_eq!(seen.participant.expect("invited").tokens.len(), 1, "the expired ones are gone");
}

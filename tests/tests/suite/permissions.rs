//! What functions do is what their policies allow, and that is all needed. Every other test checks the first half, too: see
//! `Server::stop`.

use std::collections::BTreeSet;
use std::time::Duration;

use local::permissions::Allowed;
use local::queues::Draft;
use models::{Client, Clock as _, Connection, Profile, RoomKey, SystemClock, Tenant, UserId};
use serde_json::{Value, json};
use store::{Caller, Credential, Door};
use testing::receiver::Receiver;
use testing::rooms::{PAST_ROOMS, speak, user_id};
use testing::{API_KEY, API_SECRET, Answered, Server};

use crate::realtime::{check_connections, everything};
use crate::webhooks::{create, end, join, start, start_changed, text};

/// What no test here can bring about without more than a stack and its calls.
const BESIDE: [(&str, &str, &str); 7] = [
    ("create_room", "dynamodb:UpdateItem", "turns where a crowd meets"),
    ("create_room_by_code", "dynamodb:UpdateItem", "turns where a crowd meets"),
    ("finish_session", "dynamodb:PutItem", "remembers a session whose room TTL removed"),
    ("make_secrets", "dynamodb:PutItem", "CloudFormation calls it"),
    ("make_secrets", "ssm:PutParameter", "CloudFormation calls it"),
    ("tell_presence", "sqs:ChangeMessageVisibility", "more than thirty people in a room"),
    ("tell_sockets", "sqs:ChangeMessageVisibility", "the table or the gateway fails"),
];

/// Secrets that functions are given here, and read from SSM at AWS: the end of the parameter's name, and the variable. That
/// they may, the template's loader checks.
const GIVEN: [(&str, &str); 2] =
    [("/signing-secret", "SIGNING_SECRET"), ("/user-jwt-secret", "USER_JWT_SECRET")];

/// What of the policies has not been needed so far and is not known to be needed elsewhere.
fn unneeded(server: &Server) -> BTreeSet<Allowed> {
    let mut unused = server.stack.permissions.unused();
    unused.retain(|one| {
        let function = server.stack.template.functions.iter().find(|known| known.binary == one.function);
        let has = |variable: &str| function.is_some_and(|known| known.environment.contains_key(variable));
        let is_given = one.action == "ssm:GetParameter"
            && GIVEN.iter().any(|(name, variable)| one.resource.ends_with(name) && has(variable));
        let is_beside =
            BESIDE.iter().any(|(function, action, _)| one.function == *function && one.action == *action);
        // Whoever is answered may be gone, which the table is told; and whoever sends too much is sent away. Neither can be
        // brought about in each function.
        let is_for_the_gone = one.function.starts_with("on_")
            && (one.resource.ends_with("/DELETE/@connections/*")
                || ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
                    .contains(&one.action.as_str()));
        !is_given && !is_beside && !is_for_the_gone
    });
    unused
}

/// A signed call with a key of its own, so that its answer is kept.
async fn kept(server: &Server, path: &str, body: &Value) -> Answered {
    let key = format!("permissions-of-{path}");
    let headers = [("idempotency-key", key.as_str())];
    server.signed_by((API_KEY, API_SECRET), path, &headers, body).await
}

/// A call with a token and a key of its own.
async fn kept_call(server: &Server, method: &str, target: &str, token: &str, body: &Value) -> Answered {
    let (bearer, key) = (format!("Bearer {token}"), format!("permissions-of-{method}-{target}"));
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", key.as_str())];
    server.send(method, target, &headers, body.to_string().into_bytes()).await
}

/// Gives somebody's lease, or a room's time, an end a moment ago.
async fn lapse(server: &Server, room_id: &str, sk: &str) {
    let past = SystemClock.now().millis() - 1;
    server.change(&format!("ROOM#main/{room_id}"), sk, &[("due_at", past)]).await;
}

/// Each call under a key of its own, on a room of the server API.
async fn room_of_the_server_api(server: &Server, receiver: &Receiver) {
    let sid = create(server, "kept", Some(&receiver.url("kept")), json!({})).await;
    let token = server.mint("kept", "ann").await;
    let seated = kept_call(server, "POST", "/api/joinRoom", &token, &json!({})).await;
    assert_eq!(seated.status, 201, "{seated:?}");
    let session = text(&seated.body["session"]["token"]);
    let resumed = kept_call(server, "POST", "/api/resume", &session, &json!({})).await;
    let session = text(&resumed.body["session"]["token"]);
    assert_eq!(kept_call(server, "POST", "/api/leaveRoom", &session, &json!({})).await.status, 200);
    join(server, "kept", "bob").await;
    for (path, body) in [
        ("/auth/room/removeParticipant", json!({"room_id": "kept", "user_id": "bob"})),
        ("/auth/room/revokeTokens", json!({"room_id": "kept", "user_id": "ann"})),
        ("/auth/room/unblockUser", json!({"room_id": "kept", "user_id": "cyd"})),
    ] {
        if path.ends_with("unblockUser") {
            let ban = json!({"room_id": "kept", "user_id": "cyd", "block_user": true});
            server.signed("/auth/room/removeParticipant", &ban).await;
        }
        let answered = kept(server, path, &body).await;
        assert_eq!(answered.body["status"], true, "{path}: {answered:?}");
    }
    // Whose metadata is so large that it is kept apart.
    let large = json!({"profile_pic": format!("https://example.org/{}", "x".repeat(600))});
    let dan = json!({"user_id": "dan", "name": "Dan", "user_metadata": large});
    let minted =
        server.signed("/auth/room/getJoinToken", &json!({"room_id": "kept", "user_info": dan})).await;
    assert_eq!(server.redeem(&text(&minted.body["token"])).await.status, 201);
    end(server, "kept").await;
    receiver.finished("kept", &sid).await;
    let replay = json!({"room_id": "kept", "sid": sid, "from_sequence": 1});
    assert_eq!(kept(server, "/auth/webhook/replay", &replay).await.body["status"], true);
    let report = json!({"room_id": "kept", "sid": sid});
    assert_eq!(server.signed("/auth/room/sessionReport", &report).await.body["status"], true);
    late_and_unsigned(server, &sid);
}

/// A webhook of a room by code, which no certain key signs, that nobody takes for a day.
fn late_and_unsigned(server: &Server, sid: &str) {
    let yesterday = SystemClock.now().minus(Duration::from_hours(25));
    let webhook = json!({
        "room": "main/kept", "sid": sid, "number": 90, "url": "http://127.0.0.1:1/", "body": "{}",
        "occurred_at": yesterday,
    });
    let draft = Draft::new(webhook.to_string()).in_group("late").once_as("late");
    server.stack.send("WebhooksQueue", draft).expect("sent");
}

async fn room_by_code(server: &Server) {
    let host = server.user_token("hanna", "Hanna");
    let made = server.call("POST", "/rooms", Some(&host), Some(&json!({"name": "Weekly"}))).await;
    let [id, code] = ["id", "code"].map(|key| text(&made.body[key]));
    let settings = format!("/rooms/{id}/settings");
    let changed = kept_call(server, "PATCH", &settings, &host, &json!({"allowChat": false})).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let target = format!("/rooms/{code}/join");
    let eve = server.user_token("eve", "Eve");
    assert_eq!(server.call("POST", &target, Some(&eve), None).await.status, 201);
    let barred = json!({"room_id": id, "user_id": "eve"});
    let ban = json!({"room_id": id, "user_id": "eve", "block_user": true});
    assert_eq!(server.signed("/auth/room/removeParticipant", &ban).await.body["status"], true);
    end(server, &id).await;
    let seated = server.call("POST", &target, Some(&host), None).await;
    // Her ban is of the session before.
    assert_eq!(server.signed("/auth/room/unblockUser", &barred).await.body["status"], true);
    let mut session = text(&seated.body["session"]["token"]);
    // The first use of a sitting ends the one before it.
    for target in ["", "/participants", "/waiting"].map(|rest| format!("/rooms/{id}{rest}")) {
        let resumed = server.call("POST", "/api/resume", Some(&session), None).await;
        session = text(&resumed.body["session"]["token"]);
        assert_eq!(server.call("GET", &target, Some(&session), None).await.status, 200);
    }
    for (path, body) in [("approveUsers", json!({"user_id": "all"})), ("updateMsg", json!({"msg": "Soon."}))]
    {
        let path = format!("/api/waitingRoom/{path}");
        let answered = kept_call(server, "POST", &path, &session, &body).await;
        assert_eq!(answered.status, 200, "{path}: {answered:?}");
    }
    let left = kept_call(server, "POST", &format!("/rooms/{code}/leave"), &session, &json!({})).await;
    assert_eq!(left.status, 204, "{left:?}");
}

/// What a moderator says, each call under a key of its own.
async fn moderation(server: &Server) {
    create(server, "moderated", None, json!({})).await;
    let adm = json!({"user_id": "adm", "name": "Adm", "is_admin": true});
    let minted = json!({"room_id": "moderated", "user_info": adm});
    let minted = server.signed("/auth/room/getJoinToken", &minted).await;
    let seated = server.redeem(&text(&minted.body["token"])).await;
    let adm = text(&seated.body["session"]["token"]);
    join(server, "moderated", "bob").await;
    speak(&server.store(), &"main/moderated".parse().expect("a room"), &user_id("bob")).await;
    let calls = [
        ("/api/switchPresenter", json!({"user_id": "bob", "task": "PROMOTE"})),
        ("/api/muteParticipant", json!({"user_id": "all"})),
        ("/api/updateLockSettings", json!({"user_id": "bob", "service": "mic", "direction": "lock"})),
    ];
    for (path, body) in calls {
        let answered = kept_call(server, "POST", path, &adm, &body).await;
        assert_eq!(answered.status, 200, "{path}: {answered:?}");
    }
}

/// Seats and sessions whose time has come.
async fn time(server: &Server) {
    for room_id in ["lapsed", "due"] {
        create(server, room_id, None, json!({})).await;
        join(server, room_id, "ann").await;
    }
    lapse(server, "lapsed", "PARTICIPANT#ann").await;
    lapse(server, "due", "STATE").await;
    let seats = async || server.item("ROOM#main/lapsed", "STATE").await["seats"]["N"].clone();
    for _ in 0..600 {
        if seats().await == "0" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(seats().await, "0", "by its lease");
    lapse(server, "lapsed", "STATE").await;
    create(server, "lapsed-again", None, json!({})).await;
    join(server, "lapsed-again", "ann").await;
    lapse(server, "lapsed-again", "PARTICIPANT#ann").await;
    server.stack.tick().await;
}

/// Somebody whose place in the waiting room has lapsed asks for it again.
async fn waits_again(server: &Server) {
    let features = json!({"waiting_room_features": {"is_active": true}});
    create(server, "guarded", None, json!({"metadata": {"room_features": features}})).await;
    let ticket = join(server, "guarded", "bob").await;
    lapse(server, "guarded", "PARTICIPANT#bob").await;
    server.stack.tick().await;
    while server.item("ROOM#main/guarded", "PARTICIPANT#bob").await["status"]["S"] == "waiting" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let resumed = server.call("POST", "/api/resume", Some(&ticket), None).await;
    assert_eq!((resumed.status, &resumed.body["isActive"]), (200, &json!(false)), "{resumed:?}");
}

/// A connection that is gone and of whose end nobody was told, with a seat in this room by code.
async fn gone(server: &Server, room_id: &str) -> Connection {
    let (store, user) = (server.store(), UserId::try_from("gone").expect("an id"));
    let connection = Connection { id: "Z29uZS1zaW5jZSE=".try_into().expect("an id"), client: Client::Plain };
    let connected = store.note_connection(connection.clone(), Caller::Guest).await.expect("noted");
    let room = RoomKey { tenant: Tenant::main(), room: room_id.try_into().expect("an id") };
    let profile = Profile { name: "Gone".to_owned(), avatar_url: None };
    let credential = Credential::User { id: &user, profile: &profile };
    let door = Door { room: &room, credential, unattached: Duration::from_mins(1), past_rooms: PAST_ROOMS };
    store.admit_on(&door, &connected, None).await.expect("a seat");
    connection
}

/// Waits until the table knows no more of a connection.
async fn forgotten(server: &Server, connection: &Connection) {
    let store = server.store();
    while store.connection(&connection.id).await.expect("readable").is_some() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What connections hear: of a second device, of a lock, also by one that is gone and of whose end nobody was told, and of
/// the end.
async fn told_connections(server: &Server) {
    let (id, code) = server.room_by_code("hanna", &json!({})).await;
    let host = server.user_token("hanna", "hanna");
    let join = json!({ "code": code });
    let mut first = server.socket(Some(&host)).await;
    first.done("join-room", join.clone()).await;
    let mut second = server.socket(Some(&host)).await;
    second.done("join-room", join).await;
    first.closed().await;

    let gone = gone(server, &id).await;
    second.done("lock-room", json!({"locked": true})).await;
    second.event("room-locked").await;
    forgotten(server, &gone).await;
    end(server, &id).await;
    second.closed().await;
}

/// Connections that it is the time to look after: one by which nobody has joined, one that stands, and one that is gone.
async fn checked_connections(server: &Server) {
    let (id, code) = server.room_by_code("hanna", &json!({})).await;
    let mut gus = server.socket(None).await;
    gus.done("join-room", json!({"code": code, "guestName": "Gus"})).await;
    let mut idle = server.socket(None).await;
    let gone = gone(server, &id).await;
    check_connections(server, "plain").await;
    idle.closed().await;
    server.stack.tick().await;
    forgotten(server, &gone).await;
    gus.close().await;
    // One that a round of presence finds gone.
    let mut bo = server.socket(None).await;
    bo.done("join-room", json!({"code": code, "guestName": "Bo"})).await;
    let gone = self::gone(server, &id).await;
    forgotten(server, &gone).await;
    bo.close().await;
}

#[tokio::test]
async fn what_is_said_needs_all_that_it_may() {
    let server = start(String::new(), |_| {}).await;
    everything::say(&server).await;
    checked_connections(&server).await;
    server.stack.settled().await;
    let mut unneeded = unneeded(&server);
    unneeded.retain(|one| {
        ["tell_presence", "tend_connection"].contains(&one.function.as_str())
            || one.function.starts_with("on_")
    });
    assert_eq!(unneeded, BTreeSet::new());
    server.stop().await;
}

#[tokio::test]
async fn what_tells_connections_needs_all_that_it_may() {
    let server = start(String::new(), |_| {}).await;
    told_connections(&server).await;
    server.stack.settled().await;
    let mut unneeded = unneeded(&server);
    unneeded.retain(|one| {
        let closes = one.function == "finish_session" && one.action == "execute-api:ManageConnections";
        closes || one.function == "tell_sockets"
    });
    assert_eq!(unneeded, BTreeSet::new());
    server.stop().await;
}

#[tokio::test]
async fn a_call_that_no_policy_allows_is_refused_as_at_aws() {
    let changes = [("LeaveFunction", "- dynamodb:UpdateItem", "- dynamodb:DeleteItem")];
    let server = start_changed("http://127.0.0.1:1/".to_owned(), &changes).await;
    create(&server, "demo", None, json!({})).await;
    let ann = join(&server, "demo", "ann").await;
    let refused = server.call("POST", "/api/leaveRoom", Some(&ann), None).await;
    assert_eq!(refused.status, 500, "{refused:?}");
    assert_eq!(server.item("ROOM#main/demo", "STATE").await["seats"]["N"], "1");
    let line = "no policy of template.yaml allows dynamodb:UpdateItem on resource: \
                arn:aws:dynamodb:us-east-1:000000000000:table/local-Table";
    assert_eq!(server.stack.permissions.denied(), [format!("leave: {line}")]);
    assert!(server.console.kept().contains(&format!("leave | {line}")), "whoever looks there is told");
    server.stack.stop().await;
}

/// After every operation has been called: what else there is to do, and then nothing in a policy is left.
pub(crate) async fn assert_all_needed(server: &Server) {
    let receiver = Receiver::start();
    room_of_the_server_api(server, &receiver).await;
    room_by_code(server).await;
    moderation(server).await;
    told_connections(server).await;
    everything::say(server).await;
    checked_connections(server).await;
    time(server).await;
    waits_again(server).await;
    // Webhooks are on their way still; some have a receiver that does not come back.
    for _ in 0..300 {
        if unneeded(server).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(
        unneeded(server),
        BTreeSet::new(),
        "take it out of template.yaml, or say in BESIDE what needs it"
    );
}

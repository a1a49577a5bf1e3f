//! Tenants never see each other's rooms, history or events, whatever they send: call by call, over the whole stack.

use std::collections::{BTreeMap, BTreeSet};

use models::{ApiKeyId, SystemClock, Tenant};
use serde_json::{Value, json};
use store::ApiKey;
use testing::rooms::delivery;
use testing::{API_KEY, API_SECRET, Answered, OTHER_API_KEY, OTHER_API_SECRET, Server};

use crate::openapi::Document;

/// The key of the tenant that has rooms.
const OURS: (&str, &str) = (API_KEY, API_SECRET);
/// A key of another tenant.
const THEIRS: (&str, &str) = (OTHER_API_KEY, OTHER_API_SECRET);
/// A second key of the first.
const SECOND: (&str, &str) = ("second", "second-secret-0123456789abcdef");

/// Room ids that nobody ever used, as long as the ones that they stand for.
const NOBODYS: [(&str, &str); 4] =
    [(OPEN, "opem"), (ENDED, "endet"), (SESSION, "sessiom"), (TOKEN, "no token")];
/// A room with somebody in it.
const OPEN: &str = "open";
/// A room whose session is over.
const ENDED: &str = "ended";
/// Stands for the id of the open room's session.
const SESSION: &str = "session";

/// Stands for an unused join token of the open room.
const TOKEN: &str = "unused";

/// What must not be in an answer to somebody else.
const PRIVATE: [&str; 3] = ["Our title", "our-ann", WEBHOOK_URL];

/// Where a webhook of the open room went.
const WEBHOOK_URL: &str = "https://our.example/hook";

/// Every way in which a call of the server API can name a room, by the call's path.
fn calls() -> BTreeMap<&'static str, Vec<Value>> {
    let create =
        |room_id: &str| json!({"room_id": room_id, "metadata": {"room_title": "T", "room_features": {}}});
    let user = json!({"user_id": "our-ann", "name": "Ann"});
    let by_room = |room_id: &str| json!({ "room_id": room_id });
    let person = |room_id: &str| json!({"room_id": room_id, "user_id": "our-ann"});
    let words = json!({"message": "hi"});
    let mut calls = BTreeMap::from([
        (
            "/auth/room/getJoinToken",
            vec![json!({"room_id": OPEN, "user_info": user}), json!({"room_id": ENDED, "user_info": user})],
        ),
        ("/room/getJoinToken", vec![json!({"roomId": OPEN, "userInfo": user})]),
        ("/auth/room/isRoomActive", vec![by_room(OPEN), by_room(ENDED), by_room("main/open")]),
        ("/auth/room/getActiveRoomInfo", vec![by_room(OPEN), by_room(ENDED), by_room("../main/open")]),
        ("/auth/room/getActiveRoomsInfo", vec![json!({}), by_room(OPEN)]),
        ("/auth/room/endRoom", vec![by_room(OPEN), by_room(ENDED)]),
        (
            "/auth/room/fetchPastRooms",
            vec![json!({}), json!({"room_ids": [OPEN, ENDED]}), json!({"order_by": "ASC", "limit": 100})],
        ),
        (
            "/auth/room/broadcastToRoom",
            vec![
                json!({"room_id": OPEN, "chat_msg": words}),
                json!({"room_id": OPEN, "to_user_id": "our-ann", "chat_msg": words}),
                json!({"room_id": ENDED, "chat_msg": words}),
            ],
        ),
        (
            "/auth/room/removeParticipant",
            vec![
                person(OPEN),
                person(ENDED),
                json!({"room_id": OPEN, "user_id": "our-ann", "block_user": true}),
            ],
        ),
        ("/auth/room/unblockUser", vec![person(OPEN), person(ENDED)]),
        (
            "/auth/room/revokeTokens",
            vec![by_room(OPEN), by_room(ENDED), person(OPEN), json!({"room_id": OPEN, "token": TOKEN})],
        ),
        (
            "/auth/room/sessionReport",
            vec![json!({"room_id": OPEN, "sid": SESSION}), json!({"room_id": ENDED, "sid": SESSION})],
        ),
        (
            "/auth/webhook/deliveries",
            vec![by_room(OPEN), by_room(ENDED), json!({"room_id": OPEN, "sid": SESSION})],
        ),
        (
            "/auth/webhook/replay",
            vec![
                json!({"room_id": OPEN, "sid": SESSION, "from_sequence": 1}),
                json!({"room_id": ENDED, "sid": SESSION}),
            ],
        ),
        // It knows no rooms.
        ("/auth/webhook/test", vec![json!({"room_id": OPEN, "url": "no URL"})]),
        ("/auth/getClientFiles", vec![json!({}), by_room(OPEN)]),
        // These make a room of the caller's own, so that they come last.
        ("/auth/room/create", vec![create(ENDED)]),
        ("/room/create", vec![create(ENDED)]),
    ]);
    calls.insert("/auth/room/uploadWhiteboardFile", vec![by_room(OPEN)]);
    calls
}

/// The paths of all calls that a key signs.
fn signed_paths() -> Vec<String> {
    let document = Document::read();
    let paths = document.operations().map(|operation| operation.path);
    paths.filter(|path| path.starts_with("/auth/") || path.starts_with("/room/")).collect()
}

/// Calls about what no tenant has are tried with whatever could name a room.
fn of_absent_features(path: &str) -> Option<Vec<Value>> {
    let is_one =
        ["recording", "analytics", "artifact"].iter().any(|what| path.starts_with(&format!("/auth/{what}/")));
    is_one.then(|| vec![json!({"room_ids": [OPEN, ENDED]}), json!({"room_sid": SESSION, "room_id": OPEN})])
}

/// A stack with a key of another tenant and a second one of the same.
async fn start() -> Server {
    let server = Server::start(|_| {}).await;
    let store = server.store();
    for ((id, secret), tenant) in [(THEIRS, "other"), (SECOND, "main")] {
        let now = models::Clock::now(&SystemClock);
        let key = ApiKey::new(Tenant::try_from(tenant).expect("a tenant"), secret.to_owned(), now);
        store.put_api_key(&ApiKeyId::try_from(id).expect("an id"), &key, true).await.expect("stored");
    }
    server
}

/// The rooms of the first tenant: gives the id of the session that runs.
async fn fill(server: &Server) -> String {
    let mut sid = String::new();
    for room_id in [ENDED, OPEN] {
        let body = json!({"room_id": room_id, "metadata": {"room_title": "Our title", "room_features": {}}});
        let created = server.signed("/auth/room/create", &body).await;
        sid = created.body["room_info"]["sid"].as_str().expect("a session").to_owned();
        assert_eq!(server.redeem(&server.mint(room_id, "our-ann").await).await.status, 201);
    }
    let (key, sid) = (format!("main/{OPEN}").parse().expect("a room"), sid.parse().expect("a session"));
    let sent = delivery(1, WEBHOOK_URL, models::Clock::now(&SystemClock));
    server.store().note_delivery(&key, sid, &sent).await.expect("noted");
    let sid = sid.to_string();
    assert_eq!(server.signed("/auth/room/endRoom", &json!({"room_id": ENDED})).await.body["msg"], "success");
    sid
}

/// All that is stored of tenant `main`.
async fn stored(server: &Server) -> BTreeMap<String, Value> {
    // What follows of what was done so far is done.
    server.stack.settled().await;
    let items = server.items().await.into_iter().filter_map(|item| {
        let [pk, sk] = ["pk", "sk"].map(|name| item[name]["S"].as_str().expect("a text"));
        // Of a round of presence, which comes a second after what it tells, nobody waits here for the end.
        (pk.contains("#main/") && sk != "TOLD" && !sk.starts_with("TELLING#"))
            .then(|| (format!("{pk} {sk}"), item.clone()))
    });
    items.collect()
}

/// Nothing of tenant `main` has changed.
async fn assert_untouched(server: &Server, before: &BTreeMap<String, Value>) {
    let after = stored(server).await;
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let changed: Vec<_> = keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).collect();
    assert!(changed.is_empty(), "{changed:?}");
}

/// The body with other ids in it.
fn replaced(body: &Value, ids: &[(&str, &str)]) -> Value {
    let text = ids.iter().fold(body.to_string(), |text, (from, to)| {
        text.replace(&format!("\"{from}\""), &format!("\"{to}\""))
            .replace(&format!("/{from}\""), &format!("/{to}\""))
    });
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn to_another_tenant_every_call_answers_as_if_our_rooms_had_never_been() {
    let server = start().await;
    let sid = fill(&server).await;
    let unused = server.mint(OPEN, "our-ann").await;
    let before = stored(&server).await;
    assert!(before.len() >= 5, "{:?}", before.keys());
    let calls = calls();
    for path in signed_paths().into_iter().filter(|path| !path.ends_with("/create")) {
        let bodies = calls.get(path.as_str()).cloned().or_else(|| of_absent_features(&path));
        for body in &bodies.unwrap_or_else(|| panic!("{path} is not tried")) {
            let ours = replaced(body, &[(SESSION, &sid), (TOKEN, &unused)]);
            let nobodys = replaced(body, &NOBODYS);
            let (about_ours, about_nobodys) =
                (ask(&server, &path, &ours).await, ask(&server, &path, &nobodys).await);
            assert_eq!(about_ours.status, about_nobodys.status, "{path} {body}");
            assert_eq!(about_ours.body, about_nobodys.body, "{path} {body}");
            assert_silent(&about_ours, &sid);
        }
    }
    for path in ["/auth/room/create", "/room/create"] {
        for room_id in [OPEN, ENDED] {
            let body = replaced(&calls[path][0], &[(ENDED, room_id)]);
            let theirs = ask(&server, path, &body).await;
            assert_eq!(
                (&theirs.body["status"], &theirs.body["room_info"]["joined_participants"]),
                (&json!(true), &json!("0"))
            );
            assert_silent(&theirs, &sid);
        }
    }
    assert_untouched(&server, &before).await;

    // Both have a room of this name by now.
    let list = ask(&server, "/auth/room/getActiveRoomsInfo", &json!({})).await;
    assert_silent(&list, &sid);
    assert_eq!(list.body["rooms"].as_array().map(Vec::len), Some(2), "theirs alone");
    for room_id in [OPEN, ENDED] {
        assert_eq!(
            ask(&server, "/auth/room/endRoom", &json!({ "room_id": room_id })).await.body["msg"],
            "success"
        );
    }
    let past = ask(&server, "/auth/room/fetchPastRooms", &json!({"room_ids": [OPEN, ENDED]})).await;
    assert_eq!(past.body["result"]["total_rooms"], "2");
    assert_silent(&past, &sid);
    assert_untouched(&server, &before).await;
    server.stop().await;
}

/// A call by the other tenant.
async fn ask(server: &Server, path: &str, body: &Value) -> Answered {
    server.signed_by(THEIRS, path, &[], body).await
}

fn assert_silent(answered: &Answered, sid: &str) {
    let answer = answered.body.to_string();
    for private in PRIVATE.iter().copied().chain([sid]) {
        assert!(!answer.contains(private), "{private} in {answer}");
    }
}

#[tokio::test]
async fn keys_of_one_tenant_share_its_rooms() {
    let server = start().await;
    let sid = fill(&server).await;
    let info = server.signed_by(SECOND, "/auth/room/getActiveRoomInfo", &[], &json!({"room_id": OPEN})).await;
    assert_eq!(info.body["room"]["room_info"]["sid"], json!(sid));
    let past = server.signed_by(SECOND, "/auth/room/fetchPastRooms", &[], &json!({})).await;
    assert_eq!(past.body["result"]["total_rooms"], "2", "one that runs, and one that ended");
    server.stop().await;
}

#[tokio::test]
async fn a_join_token_of_another_tenant_opens_only_a_room_of_theirs() {
    let server = start().await;
    fill(&server).await;
    let create = json!({"room_id": OPEN, "metadata": {"room_title": "T", "room_features": {}}});
    ask(&server, "/auth/room/create", &create).await;
    let user = json!({"user_id": "our-ann", "name": "Mallory"});
    let minted = ask(&server, "/auth/room/getJoinToken", &json!({"room_id": OPEN, "user_info": user})).await;
    let before = stored(&server).await;
    let token = minted.body["token"].as_str().expect("a token");
    let joined = server.redeem(token).await;
    assert_eq!(joined.status, 201);
    let session = joined.body["session"]["token"].as_str().expect("a session token");
    assert_eq!(server.call("POST", "/api/leaveRoom", Some(session), None).await.status, 200);
    assert_untouched(&server, &before).await;
    server.stop().await;
}

#[tokio::test]
async fn rooms_by_code_are_no_other_tenants() {
    let server = start().await;
    let host = server.user_token("our-ann", "Ann");
    let made = server.call("POST", "/rooms", Some(&host), Some(&json!({"name": "Our title"}))).await;
    let [id, code] = ["id", "code"].map(|name| made.body[name].as_str().expect("a text").to_owned());
    let joined = server.call("POST", &format!("/rooms/{code}/join"), Some(&host), None).await;
    assert_eq!(joined.status, 201, "{:?}", joined.body);
    let before = stored(&server).await;
    for (path, msg) in [
        ("/auth/room/isRoomActive", "room not found"),
        ("/auth/room/getActiveRoomInfo", "room not found in active state"),
        ("/auth/room/endRoom", "room not found or not active"),
    ] {
        let named = json!({ "room_id": id });
        assert_eq!(ask(&server, path, &named).await.body["msg"], msg);
    }
    assert_eq!(
        server.signed("/auth/room/isRoomActive", &json!({ "room_id": id })).await.body["msg"],
        "room is active"
    );
    assert_untouched(&server, &before).await;
    server.stop().await;
}

#[tokio::test]
async fn an_idempotency_key_of_another_tenant_brings_no_answer_of_ours() {
    let server = start().await;
    let key = [("idempotency-key", "the same key for both")];
    let body = json!({"room_id": OPEN, "metadata": {"room_title": "T", "room_features": {}}});
    let ours = server.signed_by(OURS, "/auth/room/create", &key, &body).await;
    let theirs = server.signed_by(THEIRS, "/auth/room/create", &key, &body).await;
    let again = server.signed_by(OURS, "/auth/room/create", &key, &body).await;
    assert_eq!((ours.status, theirs.status), (200, 200));
    assert_ne!(ours.body["room_info"]["sid"], theirs.body["room_info"]["sid"]);
    assert_eq!(ours.body, again.body);
    server.stop().await;
}

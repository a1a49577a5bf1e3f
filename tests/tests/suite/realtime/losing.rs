//! A connection is lost: its seat is kept for a while, for whoever comes back, and is free after that.

use std::time::Duration;

use serde_json::{Value, json};
use testing::receiver::{Received, Receiver};
use testing::{Server, Socket};

use super::presence::{hears_of, names};
use super::{Meeting, dismissed, joined, seated, session, sound};
use crate::webhooks::{EVERYWHERE, create, join, start, told, told_at};

/// A stack that keeps lost seats for a second.
async fn start_briefly(receiver: &Receiver) -> Server {
    start(receiver.url(EVERYWHERE), |options| {
        options.overrides.push(("ReconnectGraceSeconds".to_owned(), "1".to_owned()));
    })
    .await
}

/// Hears presence until all of these people are `away`, or not; nobody may come or go meanwhile.
pub(super) async fn hears_away(socket: &mut Socket, people: &[&str], away: bool) {
    let mut missing = people.to_vec();
    while !missing.is_empty() {
        let presence = socket.event("presence").await;
        assert_eq!((&presence["joined"], &presence["left"]), (&json!([]), &json!([])), "{presence}");
        let changed = presence["changed"].as_array().expect("a list");
        let is_it = |name: &str| {
            changed.iter().any(|person| person["displayName"] == name && person["away"] == json!(away))
        };
        missing.retain(|name| !is_it(name));
    }
}

/// The session of a room that runs.
async fn sid(server: &Server, room_id: &str) -> String {
    let state = server.item(&format!("ROOM#main/{room_id}"), "STATE").await;
    state["sid"]["S"].as_str().expect("a session").to_owned()
}

/// Comes back over a new connection with this token.
async fn back(server: &Server, token: &str, data: Value) -> (Socket, Value) {
    let mut socket = server.socket(Some(token)).await;
    let joined = socket.done("join-room", data).await;
    (socket, joined)
}

#[tokio::test]
async fn whoever_is_cut_off_keeps_his_seat_and_is_back_by_all_that_he_is_known_by() {
    let receiver = Receiver::start();
    let server = start(receiver.url(EVERYWHERE), |_| {}).await;
    let mut meeting = Meeting::of(&server, json!({"maxParticipants": 3})).await;
    let code = json!({"code": meeting.code});
    let (mut ann, first) = joined(&server, &meeting.code, "ann").await;
    let mut gus = server.socket(None).await;
    let guest = json!({"code": meeting.code, "guestName": "Gus"});
    let mut guest = gus.done("join-room", guest).await;
    let (ann_id, gus_id) = (first["id"].clone(), guest["id"].clone());
    while meeting.hanna.event("presence").await["count"] != json!(3) {}
    // Nobody else could come in: neither matters to whoever has his seat.
    meeting.hanna.done("lock-room", json!({"locked": true})).await;

    let mut token = session(&first);
    for way in ["session token", "JWT", "resume"] {
        ann.cut();
        gus.cut();
        hears_away(&mut meeting.hanna, &["ann", "Gus"], true).await;
        let seen = meeting.hanna.done("sync", json!({})).await;
        assert_eq!((&seen["room"]["participantCount"], &seen["room"]["isLocked"]), (&json!(3), &json!(true)));
        let (socket, again) = match way {
            "session token" => back(&server, &token, json!({})).await,
            "JWT" => back(&server, &server.user_token("ann", "ann"), code.clone()).await,
            _ => {
                let resumed = server.call("POST", "/api/resume", Some(&token), None).await;
                assert_eq!((resumed.status, &resumed.body["id"]), (200, &ann_id), "{:?}", resumed.body);
                back(&server, resumed.body["session"]["token"].as_str().expect("a token"), json!({})).await
            }
        };
        assert_eq!((&again["id"], &again["isActive"]), (&ann_id, &json!(true)), "{way}");
        assert_eq!(again["joinedAt"], first["joinedAt"], "{way}: she was never away for the list");
        (ann, token) = (socket, session(&again));
        (gus, guest) = back(&server, &session(&guest), json!({})).await;
        assert_eq!(guest["id"], gus_id, "{way}");
        hears_away(&mut meeting.hanna, &["ann", "Gus"], false).await;
    }
    for socket in [&mut ann, &mut gus] {
        assert_eq!(socket.done("sync", json!({})).await["room"]["participantCount"], json!(3));
    }
    sound::check(&server).await;
    let hooks = told_at(&receiver, EVERYWHERE, &sid(&server, &meeting.id).await);
    let events: Vec<_> = hooks.iter().map(|hook| hook.event.as_str()).collect();
    let joins = ["participant_joined"; 3];
    assert_eq!(events, [&["room_created", "room_started"][..], &joins].concat(), "nobody came or went");
    server.stop().await;
}

#[tokio::test]
async fn after_the_grace_the_seat_is_free_and_that_is_told_once() {
    let receiver = Receiver::start();
    let server = start_briefly(&receiver).await;
    let mut meeting = Meeting::of(&server, json!({"maxParticipants": 3})).await;
    let (ann, one) = joined(&server, &meeting.code, "ann").await;
    let (gus, gus_id) = meeting.guest(&server, "Gus").await;
    while meeting.hanna.event("presence").await["count"] != json!(3) {}
    ann.cut();
    gus.cut();
    let mut left = vec![];
    while left.len() < 2 {
        let presence = meeting.hanna.event("presence").await;
        left.extend(presence["left"].as_array().expect("a list").clone());
    }
    left.sort_by_key(|person| person["displayName"].to_string());
    let expected = json!([
        {"id": gus_id, "displayName": "Gus", "reason": "left"},
        {"id": one["id"], "displayName": "ann", "reason": "left"},
    ]);
    assert_eq!(json!(left), expected);
    let is_left = |hook: &Received| hook.event() == "participant_left" && hook.is_taken();
    let both = |received: &[Received]| received.iter().filter(|hook| is_left(hook)).count() >= 2;
    receiver.until("two who left", both).await;

    // Somebody else takes one seat, and she the other, as the one she was.
    let (_gil, _) = meeting.guest(&server, "Gil").await;
    let (mut ann, again) = joined(&server, &meeting.code, "ann").await;
    assert_eq!(again["id"], one["id"]);
    ann.done("sync", json!({})).await;
    sound::check(&server).await;
    let sid = sid(&server, &meeting.id).await;
    let all = |received: &[Received]| {
        received.iter().filter(|hook| hook.event() == "participant_joined" && hook.is_taken()).count() >= 5
    };
    receiver.until("five joins", all).await;
    let hooks = told_at(&receiver, EVERYWHERE, &sid);
    let leaves = |user: &str| {
        let is_his = |hook: &&crate::webhooks::Told| {
            hook.event == "participant_left" && hook.user.as_deref().is_some_and(|one| one.contains(user))
        };
        hooks.iter().filter(is_his).count()
    };
    let gus_id = gus_id.as_str().expect("an id");
    assert_eq!((leaves("ann"), leaves(gus_id), leaves("hanna")), (1, 1, 0), "{hooks:#?}");
    server.stop().await;
}

#[tokio::test]
async fn a_late_disconnect_of_a_connection_that_was_replaced_changes_nothing() {
    let receiver = Receiver::start();
    let server = start_briefly(&receiver).await;
    let sid = create(&server, "demo", None, json!({"max_participants": 1})).await;
    let (mut old, one) = seated(&server, "demo", "ann", json!({})).await;
    let [id] = server.connections().await.try_into().expect("one connection");
    let key = format!("CONNECTION#{id}");
    let connection = server.item(&key, "CONNECTION").await;
    let (mut new, again) = back(&server, &session(&one), json!({})).await;
    assert_eq!(again["id"], one["id"]);
    dismissed(&mut old, "force-disconnect", json!({"reason": "duplicate"})).await;
    server.stack.settled().await;
    let place = async || server.item("ROOM#main/demo", "PARTICIPANT#ann").await;
    let before = place().await;
    // That of the first one comes only now, and finds it as it was.
    server.put(&connection).await;
    let event = json!({"requestContext": {
        "connectionId": id, "routeKey": "$disconnect", "eventType": "DISCONNECT", "connectedAt": 1,
        "requestTimeEpoch": 2, "messageDirection": "IN", "stage": "live", "identity": {"sourceIp": "127.0.0.1"},
    }, "isBase64Encoded": false});
    let invoked = server.stack.invoke("on_disconnect", event.to_string().into()).await;
    assert!(invoked.is_ok(), "{:?}", invoked.err());
    assert_eq!(server.item(&key, "CONNECTION").await, Value::Null, "it was heard");
    assert_eq!(place().await, before);
    // Longer than the grace, and nothing has come of it.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    new.done("sync", json!({})).await;
    sound::check(&server).await;
    let expected =
        told([("room_created", None, 0), ("room_started", None, 1), ("participant_joined", Some("ann"), 1)]);
    assert_eq!(told_at(&receiver, EVERYWHERE, &sid), expected);
    server.stop().await;
}

#[tokio::test]
async fn a_seat_that_was_taken_over_rest_is_attached_to_by_its_session_token_although_the_room_is_shut() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({"maxParticipants": 2})).await;
    let guest = json!({"guestName": "Gus"});
    let path = format!("/rooms/{}/join", meeting.code);
    let rest = server.call("POST", &path, None, Some(&guest)).await;
    assert_eq!(rest.status, 201, "{:?}", rest.body);
    hears_of(&mut meeting.hanna, "joined", "Gus").await;
    meeting.hanna.done("lock-room", json!({"locked": true})).await;
    let token = session(&rest.body);
    let (gus, attached) = back(&server, &token, json!({})).await;
    assert_eq!(attached["id"], rest.body["id"]);
    assert_eq!(names(&attached["participants"]), ["Hanna", "Gus"]);
    hears_away(&mut meeting.hanna, &["Gus"], false).await;
    // The answer may have been lost: the token before is good until the new one is used, as often as it takes.
    gus.cut();
    for _ in 0..2 {
        let (gus, again) = back(&server, &token, json!({})).await;
        assert_eq!(again["id"], rest.body["id"]);
        gus.cut();
    }
    let (_gus, again) = back(&server, &token, json!({"code": meeting.code})).await;
    assert_eq!(again["id"], rest.body["id"]);
    sound::check(&server).await;

    create(&server, "demo", None, json!({"max_participants": 1})).await;
    let token = join(&server, "demo", "ann").await;
    let (mut ann, attached) = back(&server, &token, json!({})).await;
    assert_eq!((&attached["userId"], &attached["roomId"]), (&json!("ann"), &json!("demo")));
    ann.done("sync", json!({})).await;
    sound::check(&server).await;
    server.stop().await;
}

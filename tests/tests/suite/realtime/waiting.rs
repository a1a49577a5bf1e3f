//! The waiting room over a socket.

use std::time::Duration;

use serde_json::{Value, json};
use testing::{Server, Socket};

use super::{Meeting, session};
use crate::webhooks::create;

/// Long enough for something that does not come.
const A_WHILE: Duration = Duration::from_millis(1200);

/// A guest who waits, and what he was answered.
async fn waits(server: &Server, meeting: &Meeting, name: &str) -> (Socket, Value) {
    let mut socket = server.socket(None).await;
    let joined = socket.done("join-room", json!({"code": meeting.code, "guestName": name})).await;
    assert_eq!((&joined["isActive"], joined.get("participants")), (&json!(false), None), "{joined}");
    (socket, joined)
}

fn ids(people: &[&Value]) -> Value {
    people.iter().map(|person| person["id"].clone()).collect()
}

#[tokio::test]
async fn who_waits_is_announced_and_his_ticket_opens_nothing_else() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({"waitingRoom": true})).await;
    let (mut gus, own) = waits(&server, &meeting, "Gus").await;
    let told = meeting.hanna.event("participant-waiting").await;
    assert_eq!((&told["participant"]["id"], &told["count"]), (&own["id"], &json!(1)));
    for (event, data) in [
        ("sync", json!({})),
        ("chat-message", json!({"content": "let me in"})),
        ("admit-participant", json!({"all": true})),
        ("toggle-audio", json!({"enabled": true})),
    ] {
        assert_eq!(gus.refused(event, data).await, (403, "You are not in this room".to_owned()), "{event}");
    }
    let path = format!("/rooms/{}/participants", meeting.id);
    assert_eq!(server.call("GET", &path, Some(&session(&own)), None).await.status, 403);
    assert!(!gus.hears("presence", A_WHILE).await);
    let state = meeting.hanna.done("sync", json!({})).await;
    assert_eq!(state["waiting"][0]["id"], own["id"]);
    assert_eq!(state["participants"].as_array().map(Vec::len), Some(1));
    server.stop().await;
}

#[tokio::test]
async fn those_who_wait_are_admitted_in_order_of_arrival_as_far_as_seats_last() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({"waitingRoom": true, "maxParticipants": 3})).await;
    let (first, one) = waits(&server, &meeting, "One").await;
    let (mut second, two) = waits(&server, &meeting, "Two").await;
    let (mut third, three) = waits(&server, &meeting, "Three").await;
    // His place outlasts his connection.
    first.cut();
    let mut first = server.socket(Some(&session(&one))).await;
    let again = first.done("join-room", json!({})).await;
    assert_eq!((&again["id"], &again["isActive"]), (&one["id"], &json!(false)));

    let done = meeting.hanna.done("admit-participant", json!({"all": true})).await;
    assert_eq!((&done["admitted"], &done["waiting"]), (&ids(&[&one, &two]), &ids(&[&three])));
    for (socket, person) in [(&mut first, &one), (&mut second, &two)] {
        let admitted = socket.event("admitted").await;
        assert_eq!((&admitted["id"], &admitted["isActive"]), (&person["id"], &json!(true)));
        assert!(admitted["participants"].as_array().is_some_and(|people| people.len() == 3), "{admitted}");
        socket.done("chat-message", json!({"content": "thanks"})).await;
    }
    assert!(!third.hears("admitted", A_WHILE).await);
    let full = meeting.hanna.refused("admit-participant", json!({"participantId": three["id"]})).await;
    assert_eq!(full, (400, "Room is full".to_owned()));
    first.done("leave-room", json!({})).await;
    let done = meeting.hanna.done("admit-participant", json!({"participantId": three["id"]})).await;
    assert_eq!(done, json!({"admitted": ids(&[&three]), "waiting": []}));
    third.event("admitted").await;

    // Who was admitted once passes for the rest of the session.
    second.done("leave-room", json!({})).await;
    let nobody = meeting.hanna.refused("admit-participant", json!({"participantId": one["id"]})).await;
    assert_eq!(nobody, (404, "Participant not found".to_owned()));
    server.stop().await;
}

#[tokio::test]
async fn several_are_admitted_or_denied_by_one_message_in_order_of_arrival() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({"waitingRoom": true, "maxParticipants": 2})).await;
    let (mut first, one) = waits(&server, &meeting, "One").await;
    let (mut second, two) = waits(&server, &meeting, "Two").await;
    let (mut third, three) = waits(&server, &meeting, "Three").await;
    let asked = json!({"participantIds": ids(&[&three, &two, &three])});
    let done = meeting.hanna.done("admit-participant", asked).await;
    assert_eq!(done, json!({"admitted": ids(&[&two]), "waiting": ids(&[&one, &three])}));
    assert_eq!(second.event("admitted").await["id"], two["id"]);
    let asked = json!({"participantIds": ids(&[&three, &two, &one])});
    let done = meeting.hanna.done("deny-participant", asked).await;
    assert_eq!(done, json!({"denied": ids(&[&one, &three])}));
    for socket in [&mut first, &mut third] {
        assert_eq!(socket.event("denied").await, json!({"reason": "moderator"}));
    }
    let asked = json!({"participantIds": ids(&[&one, &three])});
    let nobody = meeting.hanna.refused("admit-participant", asked).await;
    assert_eq!(nobody, (404, "Participant not found".to_owned()));
    server.stop().await;
}

#[tokio::test]
async fn who_is_meant_of_those_who_wait_is_said_in_one_way() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({"waitingRoom": true})).await;
    let (_gus, own) = waits(&server, &meeting, "Gus").await;
    let id = &own["id"];
    for (bad, field) in [
        (json!({}), "participantId:"),
        (json!({"all": false}), "participantId:"),
        (json!({"all": true, "participantId": id}), "participantId:"),
        (json!({"all": true, "participantIds": [id]}), "participantId:"),
        (json!({"participantId": id, "participantIds": [id]}), "participantId:"),
        (json!({"all": "yes"}), "all:"),
        (json!({"participantIds": []}), "participantIds:"),
        (json!({"participantIds": vec![id; 100]}), "participantIds:"),
        (json!({"participantIds": [id, 1]}), "participantIds:"),
        (json!({"participantIds": [id, "gus"]}), "participantIds:"),
        (json!({"participantIds": id}), "participantIds:"),
    ] {
        for event in ["admit-participant", "deny-participant"] {
            let (status, message) = meeting.hanna.refused(event, bad.clone()).await;
            assert_eq!((status, message.contains(field)), (400, true), "{event} {bad}: {message}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn who_is_denied_hears_it_and_may_ask_again() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({"waitingRoom": true})).await;
    let (mut gus, own) = waits(&server, &meeting, "Gus").await;
    let denied = meeting.hanna.done("deny-participant", json!({"participantId": own["id"]})).await;
    assert_eq!(denied, json!({"denied": ids(&[&own])}));
    assert_eq!(gus.event("denied").await, json!({"reason": "moderator"}));
    let resumed = server.call("POST", "/api/resume", Some(&session(&own)), None).await;
    assert_eq!(resumed.status, 401);
    let again = gus.done("join-room", json!({"code": meeting.code, "guestName": "Gus"})).await;
    assert_eq!(again["isActive"], json!(false));
    let (mut bo, _) = waits(&server, &meeting, "Bo").await;
    meeting.hanna.done("deny-participant", json!({"all": true})).await;
    for socket in [&mut gus, &mut bo] {
        socket.event("denied").await;
    }
    server.stop().await;
}

#[tokio::test]
async fn who_is_sent_back_waits_and_his_seat_is_free() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({"waitingRoom": true})).await;
    let (mut gus, own) = waits(&server, &meeting, "Gus").await;
    meeting.hanna.done("admit-participant", json!({"all": true})).await;
    gus.event("admitted").await;
    meeting.hanna.forget();
    meeting.hanna.done("send-to-waiting", json!({"participantId": own["id"]})).await;
    let told = meeting.hanna.event("participant-waiting").await;
    assert_eq!(told["participant"]["id"], own["id"]);
    assert_eq!(gus.event("participant-waiting").await["participant"]["id"], own["id"], "he hears it, too");
    assert_eq!(gus.refused("sync", json!({})).await.0, 403);
    let state = meeting.hanna.done("sync", json!({})).await;
    assert_eq!((&state["waiting"][0]["id"], &state["room"]["participantCount"]), (&own["id"], &json!(1)));
    let host = state["participants"][0]["id"].clone();
    let (mut bo, _) = waits(&server, &meeting, "Bo").await;
    for who in [own["id"].clone(), host] {
        assert_eq!(bo.refused("send-to-waiting", json!({"participantId": who})).await.0, 403);
    }
    server.stop().await;
}

#[tokio::test]
async fn without_a_waiting_room_those_who_wait_are_in_or_told_that_there_is_no_seat() {
    let server = Server::start(|_| {}).await;
    let meeting = Meeting::of(&server, json!({"waitingRoom": true, "maxParticipants": 2})).await;
    let (mut one, _) = waits(&server, &meeting, "One").await;
    let (mut two, _) = waits(&server, &meeting, "Two").await;
    meeting.change(&server, json!({"waitingRoom": false})).await;
    one.event("admitted").await;
    assert_eq!(two.event("denied").await, json!({"reason": "full"}));
    server.stop().await;
}

#[tokio::test]
async fn in_rooms_of_the_server_api_moderators_pass_and_admit() {
    let server = Server::start(|_| {}).await;
    let features = json!({"waiting_room_features": {"is_active": true}});
    create(&server, "r1", None, json!({"metadata": {"room_features": features}})).await;
    let (mut ann, own) = super::seated(&server, "r1", "ann", json!({})).await;
    assert_eq!(own["isActive"], json!(false));
    let (mut admin, joined) = super::seated(&server, "r1", "admin", json!({"is_admin": true})).await;
    assert_eq!((&joined["isActive"], &joined["waiting"][0]["id"]), (&json!(true), &own["id"]));
    let approved = json!({"user_id": "ann"});
    let reply =
        server.call("POST", "/api/waitingRoom/approveUsers", Some(&session(&joined)), Some(&approved)).await;
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    assert_eq!(ann.event("admitted").await["id"], own["id"]);
    admin.done("sync", json!({})).await;
    server.stop().await;
}

#[tokio::test]
async fn the_lock_leaves_those_who_wait_their_places_and_lets_no_newcomer_wait() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({"waitingRoom": true})).await;
    let (ann, id) = meeting.user(&server, "ann").await;
    meeting.hanna.done("lock-room", json!({"locked": true})).await;
    let locked = (403, "Room is locked".to_owned());
    let mut bob = server.socket(Some(&server.user_token("bob", "bob"))).await;
    assert_eq!(bob.refused("join-room", json!({"code": meeting.code})).await, locked);
    ann.cut();
    let (mut ann, again) = meeting.user(&server, "ann").await;
    assert_eq!(again, id);
    let admit = json!({"participantId": id});
    assert_eq!(meeting.hanna.refused("admit-participant", admit.clone()).await, locked);
    meeting.hanna.done("lock-room", json!({"locked": false})).await;
    meeting.hanna.done("admit-participant", admit).await;
    assert_eq!(ann.event("admitted").await["id"], id);
    server.stop().await;
}

#[tokio::test]
async fn who_waits_finds_what_a_moderator_says_to_those_who_do_and_hears_it_anew() {
    let server = Server::start(|_| {}).await;
    let features = json!({"waiting_room_features": {"is_active": true, "waiting_room_msg": "Soon."}});
    create(&server, "r1", None, json!({"metadata": {"room_features": features}})).await;
    let (mut ann, own) = super::seated(&server, "r1", "ann", json!({})).await;
    assert_eq!(own["waitingRoomMessage"], json!("Soon."));
    let (mut admin, joined) = super::seated(&server, "r1", "admin", json!({"is_admin": true})).await;
    assert_eq!(joined.get("waitingRoomMessage"), None);
    let said = json!({"msg": "Five minutes."});
    let reply = server.call("POST", "/api/waitingRoom/updateMsg", Some(&session(&joined)), Some(&said)).await;
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    let told = json!({"type": "info", "text": "Five minutes.", "withSound": false});
    assert_eq!(ann.event("notification").await, told);
    ann.cut();
    let mut ann = server.socket(Some(&session(&own))).await;
    assert_eq!(ann.done("join-room", json!({})).await["waitingRoomMessage"], said["msg"]);
    assert!(!admin.hears("notification", A_WHILE).await, "she does not wait");
    server.stop().await;
}

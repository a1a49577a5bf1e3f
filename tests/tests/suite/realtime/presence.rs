//! Who is in, as the others hear of it.

use std::time::Duration;

use serde_json::{Value, json};
use testing::{Server, Socket};

use super::{Meeting, seated};
use crate::webhooks::create;

/// The names in a list of people.
pub(super) fn names(people: &Value) -> Vec<&str> {
    people.as_array().expect("a list").iter().filter_map(|one| one["displayName"].as_str()).collect()
}

/// Hears presence until somebody of this name has come or gone, by `list`, and gives that message.
pub(super) async fn hears_of(socket: &mut Socket, list: &str, name: &str) -> Value {
    loop {
        let presence = socket.event("presence").await;
        if names(&presence[list]).contains(&name) {
            return presence;
        }
    }
}

#[tokio::test]
async fn everybody_hears_who_comes_and_goes_and_counts_alike() {
    let server = Server::start(|_| {}).await;
    let (_, code) = server.room_by_code("hanna", &json!({})).await;
    let mut hanna = server.socket(Some(&server.user_token("hanna", "Hanna"))).await;
    let joined = hanna.done("join-room", json!({"code": code})).await;
    let own = hears_of(&mut hanna, "joined", "Hanna").await;
    assert_eq!(own["seq"], joined["seq"], "one's own join is told, too");

    let guest = json!({"guestName": "Gus"});
    let gus = server.call("POST", &format!("/rooms/{code}/join"), None, Some(&guest)).await;
    let presence = hears_of(&mut hanna, "joined", "Gus").await;
    assert_eq!(presence["count"], json!(2));
    assert!(presence["seq"].as_u64() > own["seq"].as_u64());
    assert_eq!(
        presence["joined"][0]["away"],
        json!(true),
        "nobody is connected to a seat that was taken over REST"
    );

    let token = gus.body["session"]["token"].as_str().expect("a token");
    let mut gus = server.socket(Some(token)).await;
    let attached = gus.done("join-room", json!({})).await;
    let presence = hears_of(&mut hanna, "changed", "Gus").await;
    assert_eq!((&presence["changed"][0]["away"], &presence["joined"]), (&json!(false), &json!([])));
    assert_eq!(names(&attached["participants"]), ["Hanna", "Gus"]);

    gus.done("leave-room", json!({})).await;
    let presence = hears_of(&mut hanna, "left", "Gus").await;
    assert_eq!(presence["left"], json!([{"id": attached["id"], "displayName": "Gus", "reason": "left"}]));
    assert_eq!(presence["count"], json!(1));
    gus.forget();
    assert!(!gus.hears("presence", Duration::from_millis(1500)).await, "who has left hears nothing");
    server.stop().await;
}

#[tokio::test]
async fn changes_of_a_second_are_one_message() {
    let server = Server::start(|_| {}).await;
    let (_, code) = server.room_by_code("hanna", &json!({})).await;
    let mut hanna = server.socket(Some(&server.user_token("hanna", "Hanna"))).await;
    hanna.done("join-room", json!({"code": code})).await;
    hears_of(&mut hanna, "joined", "Hanna").await;
    for number in 0..12 {
        let guest = json!({"guestName": format!("Guest {number}")});
        server.call("POST", &format!("/rooms/{code}/join"), None, Some(&guest)).await;
    }
    let (mut heard, mut messages) = (0, 0);
    while heard < 12 {
        let presence = hanna.event("presence").await;
        heard += names(&presence["joined"]).len();
        messages += 1;
    }
    assert!(messages < 12, "{messages} messages");
    let state = hanna.done("sync", json!({})).await;
    assert_eq!(names(&state["participants"]).len(), 13);
    server.stop().await;
}

#[tokio::test]
async fn hidden_people_are_never_shown_and_hear_everything() {
    let server = Server::start(|_| {}).await;
    create(&server, "r1", None, json!({})).await;
    let (mut ghost, joined) = seated(&server, "r1", "ghost", json!({"is_hidden": true})).await;
    assert_eq!(joined["participants"], json!([]), "not even in his own list");
    let (mut ann, seen) = seated(&server, "r1", "ann", json!({"is_hidden": false})).await;
    assert_eq!(names(&seen["participants"]), ["ann"]);
    for socket in [&mut ghost, &mut ann] {
        let presence = hears_of(socket, "joined", "ann").await;
        assert_eq!((&presence["count"], names(&presence["joined"])), (&json!(1), vec!["ann"]));
    }
    server.stop().await;
}

#[tokio::test]
async fn where_users_do_not_see_one_another_each_sees_himself_and_those_who_moderate() {
    let server = Server::start(|_| {}).await;
    let features = json!({"metadata": {"room_features": {"allow_view_other_users_list": false}}});
    create(&server, "r1", None, features).await;
    let (mut admin, _) = seated(&server, "r1", "admin", json!({"is_admin": true})).await;
    let (mut ann, _) = seated(&server, "r1", "ann", json!({"is_admin": false})).await;
    let (mut bo, joined) = seated(&server, "r1", "bo", json!({"is_admin": false})).await;
    assert_eq!(names(&joined["participants"]), ["admin", "bo"]);
    let presence = hears_of(&mut admin, "joined", "bo").await;
    assert_eq!(presence["count"], json!(3));
    let presence = hears_of(&mut bo, "joined", "bo").await;
    assert_eq!(presence["count"], json!(2));
    ann.done("leave-room", json!({})).await;
    assert_eq!(hears_of(&mut admin, "left", "ann").await["count"], json!(2));
    bo.done("leave-room", json!({})).await;
    server.stop().await;
}

#[tokio::test]
async fn others_hear_that_somebody_was_put_out() {
    let server = Server::start(|_| {}).await;
    let (_, code) = server.room_by_code("hanna", &json!({})).await;
    let mut hanna = server.socket(Some(&server.user_token("hanna", "Hanna"))).await;
    hanna.done("join-room", json!({"code": code})).await;
    let guest = json!({"guestName": "Gus"});
    let gus = server.call("POST", &format!("/rooms/{code}/join"), None, Some(&guest)).await;
    hears_of(&mut hanna, "joined", "Gus").await;
    hanna.done("remove-participant", json!({"participantId": gus.body["id"]})).await;
    let presence = hears_of(&mut hanna, "left", "Gus").await;
    let out = json!([{"id": gus.body["id"], "displayName": "Gus", "reason": "removed"}]);
    assert_eq!(presence["left"], out);
    server.stop().await;
}

#[tokio::test]
async fn whoever_asks_between_two_rounds_hears_what_has_gone_back_since() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({})).await;
    let (mut ann, ann_id) = meeting.user(&server, "ann").await;
    while meeting.hanna.event("presence").await["count"] != json!(2) {}
    server.stack.settled().await;
    ann.done("leave-room", json!({})).await;
    let (mut gus, gus_id) = meeting.guest(&server, "Gus").await;
    let state = meeting.hanna.done("sync", json!({})).await;
    assert_eq!(state["participants"][1]["id"], gus_id, "without Ann: {state}");
    gus.done("leave-room", json!({})).await;
    ann.done("join-room", json!({"code": meeting.code})).await;
    let names = |told: &Value, list: &str, id: &Value| {
        told[list].as_array().is_some_and(|people| people.iter().any(|person| person["id"] == *id))
    };
    let (mut is_gone, mut is_back) = (false, false);
    while !(is_gone && is_back) {
        let told = meeting.hanna.event("presence").await;
        is_gone |= names(&told, "left", &gus_id);
        is_back |= names(&told, "joined", &ann_id) || names(&told, "changed", &ann_id);
    }
    server.stop().await;
}

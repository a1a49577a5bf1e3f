//! Coming back after the grace: by a fresh admission, as the same participant.

use serde_json::{Value, json};
use testing::{Server, Socket};

use super::presence::hears_of;
use super::{Meeting, session};

/// A stack that gives up a seat a second after its connection was lost.
async fn start() -> Server {
    Server::start(|options| {
        let names = ["ReconnectGraceSeconds", "UnattachedTimeoutSeconds"];
        options.overrides.extend(names.map(|name| (name.to_owned(), "1".to_owned())));
    })
    .await
}

/// Cuts somebody's connection of whom the host has heard, and waits until she hears that he has left.
async fn lapse(meeting: &mut Meeting, socket: Socket, name: &str) {
    socket.cut();
    let presence = hears_of(&mut meeting.hanna, "left", name).await;
    assert_eq!(presence["left"][0]["reason"], "left");
}

/// He comes back by his session token, and is the same to others.
async fn returns(server: &Server, meeting: &mut Meeting, before: &Value, name: &str) -> (Socket, Value) {
    let mut back = server.socket(Some(&session(before))).await;
    let joined = back.done("join-room", json!({})).await;
    for same in ["id", "userId", "guestName", "role"] {
        assert_eq!(joined[same], before[same], "{same}");
    }
    assert_eq!(joined["isActive"], true);
    assert_ne!(joined["joinedAt"], before["joinedAt"], "he left, and came again");
    let presence = hears_of(&mut meeting.hanna, "joined", name).await;
    assert_eq!((&presence["joined"][0]["id"], &presence["count"]), (&before["id"], &json!(2)));
    (back, joined)
}

#[tokio::test]
async fn who_lost_his_seat_comes_back_as_the_same_participant() {
    let server = start().await;
    let mut meeting = Meeting::of(&server, json!({"maxParticipants": 2})).await;
    let (ann, own) = super::joined(&server, &meeting.code, "ann").await;
    hears_of(&mut meeting.hanna, "joined", "ann").await;
    lapse(&mut meeting, ann, "ann").await;
    let (ann, again) = returns(&server, &mut meeting, &own, "ann").await;
    // And once more, over REST.
    lapse(&mut meeting, ann, "ann").await;
    let resumed = server.call("POST", "/api/resume", Some(&session(&again)), None).await;
    assert_eq!((resumed.status, &resumed.body["id"]), (200, &own["id"]));
    let mut ann = server.socket(Some(&session(&resumed.body))).await;
    assert_eq!(ann.done("join-room", json!({})).await["id"], own["id"]);
    ann.done("leave-room", json!({})).await;

    let mut gus = server.socket(None).await;
    let guest = gus.done("join-room", json!({"code": meeting.code, "guestName": "Gus"})).await;
    hears_of(&mut meeting.hanna, "joined", "Gus").await;
    lapse(&mut meeting, gus, "Gus").await;
    let (mut gus, _) = returns(&server, &mut meeting, &guest, "Gus").await;
    gus.done("leave-room", json!({})).await;
    let left = server.call("POST", "/api/resume", Some(&session(&guest)), None).await;
    assert_eq!(left.status, 401, "after leaving there is nothing to come back to");
    server.stop().await;
}

#[tokio::test]
async fn a_full_room_and_a_locked_one_are_so_for_who_comes_back_late() {
    let server = start().await;
    let mut meeting = Meeting::of(&server, json!({"maxParticipants": 2})).await;
    let (ann, own) = super::joined(&server, &meeting.code, "ann").await;
    hears_of(&mut meeting.hanna, "joined", "ann").await;
    lapse(&mut meeting, ann, "ann").await;
    let (mut bob, _) = super::joined(&server, &meeting.code, "bob").await;
    let token = session(&own);
    let resume = async || {
        let resumed = server.call("POST", "/api/resume", Some(&token), None).await;
        (resumed.status, resumed.body["message"].clone())
    };
    let mut ann = server.socket(Some(&token)).await;
    assert_eq!(ann.refused("join-room", json!({})).await, (400, "Room is full".to_owned()));
    assert_eq!(resume().await, (400, json!("Room is full")));

    meeting.hanna.done("lock-room", json!({"locked": true})).await;
    bob.done("leave-room", json!({})).await;
    assert_eq!(ann.refused("join-room", json!({})).await, (403, "Room is locked".to_owned()));
    assert_eq!(resume().await, (403, json!("Room is locked")));
    meeting.hanna.done("lock-room", json!({"locked": false})).await;
    let joined = ann.done("join-room", json!({})).await;
    assert_eq!(joined["id"], own["id"], "the same connection may ask again");
    server.stop().await;
}

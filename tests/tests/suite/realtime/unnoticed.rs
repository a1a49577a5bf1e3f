//! `$disconnect` never comes, or nobody hears it: what finds such a connection, and that it is then as if it had.

use std::time::Duration;

use serde_json::{Value, json};
use testing::{Server, Socket};

use super::losing::hears_away;
use super::{Meeting, check_connections, joined, session, sound};
use crate::webhooks::start_changed;

/// A stack whose function for `$disconnect` ends at once; lost seats are kept for so long.
async fn start_deaf(grace: &str) -> Server {
    let own = ("OnDisconnectFunction", "!Ref ReconnectGraceSeconds", "never");
    let kept = format!("RECONNECT_GRACE_SECONDS: {grace}");
    let others =
        ["OnChatMessageFunction", "TendConnectionFunction", "OnSyncFunction", "TellPresenceFunction"];
    let others = others.map(|name| (name, "RECONNECT_GRACE_SECONDS: !Ref ReconnectGraceSeconds", &*kept));
    start_changed(String::new(), &[&[own], &others[..]].concat()).await
}

/// Cuts these, and waits until the gateway has asked for each in vain.
async fn cut_unheard(server: &Server, sockets: Vec<Socket>) {
    let deaf = || server.console.kept().iter().filter(|line| line.contains("ws $disconnect 502")).count();
    let (before, cut) = (deaf(), sockets.len());
    let known = server.connections().await.len();
    sockets.into_iter().for_each(Socket::cut);
    let all = async {
        while deaf() < before + cut {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), all).await.expect("it is asked");
    assert_eq!(server.connections().await.len(), known, "nobody has heard of it");
}

/// Whether each of these people is away, as the room is shown to Hanna.
async fn away(meeting: &mut Meeting, names: &[&str]) -> Vec<Value> {
    let state = meeting.hanna.done("sync", json!({})).await;
    let people = state["participants"].as_array().expect("a list");
    let of = |name: &&str| {
        let person = people.iter().find(|person| person["displayName"] == *name);
        person.map_or(Value::Null, |person| person["away"].clone())
    };
    names.iter().map(of).collect()
}

#[tokio::test]
async fn a_message_that_finds_nobody_is_as_good_as_a_disconnect() {
    let server = start_deaf("600").await;
    let mut meeting = Meeting::of(&server, json!({})).await;
    let (ann, one) = joined(&server, &meeting.code, "ann").await;
    let (gus, _) = meeting.guest(&server, "Gus").await;
    while meeting.hanna.event("presence").await["count"] != json!(3) {}
    // A round that is still being told would find them gone.
    server.stack.settled().await;
    cut_unheard(&server, vec![ann, gus]).await;
    assert_eq!(away(&mut meeting, &["ann", "Gus"]).await, [false, false]);
    meeting.hanna.done("chat-message", json!({"content": "are you there?"})).await;
    assert_eq!(away(&mut meeting, &["ann", "Gus"]).await, [true, true]);
    hears_away(&mut meeting.hanna, &["ann", "Gus"], true).await;
    sound::check(&server).await;
    assert_eq!(server.connections().await.len(), 1);
    let mut ann = server.socket(Some(&session(&one))).await;
    assert_eq!(ann.done("join-room", json!({})).await["id"], one["id"]);
    server.stop().await;
}

#[tokio::test]
async fn the_sweep_finds_the_connections_that_are_gone_and_their_seats_are_free_in_time() {
    let server = start_deaf("1").await;
    let mut meeting = Meeting::of(&server, json!({"maxParticipants": 2})).await;
    let (ann, _) = joined(&server, &meeting.code, "ann").await;
    let idle = server.socket(None).await;
    let mut gus = server.socket(None).await;
    server.stack.settled().await;
    cut_unheard(&server, vec![ann, idle]).await;
    let guest = json!({"code": meeting.code, "guestName": "Gus"});
    assert_eq!(gus.refused("join-room", guest.clone()).await, (400, "Room is full".to_owned()));
    server.stack.tick().await;
    loop {
        let presence = meeting.hanna.event("presence").await;
        if presence["left"][0]["displayName"] == "ann" {
            break;
        }
    }
    // Nobody has joined by his, nor by the one that idled.
    check_connections(&server, "plain").await;
    server.stack.settled().await;
    gus.closed().await;
    let mut gus = server.socket(None).await;
    gus.done("join-room", guest).await;
    sound::check(&server).await;
    let known = server.connections().await;
    assert_eq!(known.len(), 2, "of what was closed or found to be gone nothing is known: {known:?}");
    server.stop().await;
}

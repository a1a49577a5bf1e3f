//! What people in a room say to each other, and what keeps them from it.

use std::time::Duration;

use serde_json::{Value, json};
use testing::{Server, Socket};

use super::Meeting;
use crate::webhooks::create;

/// Long enough for something that does not come.
const A_WHILE: Duration = Duration::from_millis(400);

#[tokio::test]
async fn a_chat_message_reaches_the_others_and_a_private_one_its_receiver_alone() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({})).await;
    let (mut ann, ann_id) = meeting.user(&server, "ann").await;
    let (mut gus, gus_id) = meeting.guest(&server, "Gus").await;

    let sent = ann.done("chat-message", json!({"content": "Hello <b>all</b> 👋"})).await;
    assert_eq!((&sent["senderId"], &sent["senderName"]), (&json!(ann_id), &json!("ann")));
    assert_eq!((&sent["content"], &sent["to"]), (&json!("Hello <b>all</b> 👋"), &Value::Null));
    for other in [&mut gus, &mut meeting.hanna] {
        assert_eq!(other.event("chat-message").await, sent);
    }
    assert!(!ann.hears("chat-message", A_WHILE).await, "the sender has it as his answer");

    let secret = gus.done("chat-message", json!({"content": "psst", "to": ann_id})).await;
    assert_eq!(ann.event("chat-message").await, secret);
    assert_eq!((&secret["senderId"], &secret["to"]), (&json!(gus_id), &json!(ann_id)));
    assert!(!meeting.hanna.hears("chat-message", A_WHILE).await);

    for content in [json!(""), json!("  \n"), json!("x".repeat(2001)), json!(5), Value::Null] {
        let (status, message) = ann.refused("chat-message", json!({"content": content})).await;
        assert!(status == 400 && message.starts_with("content: "), "{content}: {message}");
    }
    ann.done("chat-message", json!({"content": "é".repeat(2000)})).await;
    server.stop().await;
}

#[tokio::test]
async fn nobody_reaches_into_another_room() {
    let server = Server::start(|_| {}).await;
    let meeting = Meeting::of(&server, json!({})).await;
    let (mut ann, _) = meeting.user(&server, "ann").await;
    let other = Meeting::of(&server, json!({})).await;
    let (mut eve, eve_id) = other.user(&server, "eve").await;
    let not_found = (404, "Participant not found".to_owned());
    for (event, data) in [
        ("chat-message", json!({"content": "hi", "to": eve_id})),
        ("offer", json!({"targetId": eve_id, "sdp": "v=0"})),
        ("offer", json!({"targetId": "2b0ee2a6-2ed8-4d13-8b0f-3b1f7d1a5d0c"})),
    ] {
        assert_eq!(ann.refused(event, data).await, not_found);
    }
    assert!(!eve.hears("chat-message", A_WHILE).await);
    assert_eq!(ann.refused("offer", json!({"targetId": "nobody"})).await.0, 400);
    server.stop().await;
}

#[tokio::test]
async fn signals_are_relayed_as_they_are_to_one_participant() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({})).await;
    let (mut ann, ann_id) = meeting.user(&server, "ann").await;
    let (mut gus, gus_id) = meeting.guest(&server, "Gus").await;
    for event in ["offer", "answer", "ice-candidate"] {
        let signal =
            json!({"targetId": gus_id, "senderId": "forged", "sdp": {"type": event, "n": [1.5, null]}});
        assert_eq!(ann.done(event, signal).await, json!({"delivered": true}));
        let relayed = gus.event(event).await;
        assert_eq!(relayed, json!({"senderId": ann_id, "sdp": {"type": event, "n": [1.5, null]}}));
        assert!(!meeting.hanna.hears(event, Duration::from_millis(100)).await);
    }
    server.stop().await;
}

#[tokio::test]
async fn what_somebody_shows_is_told_at_once_and_seen_by_those_who_come_later() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({})).await;
    let (mut ann, ann_id) = meeting.user(&server, "ann").await;
    for (event, data, enabled) in [
        ("toggle-audio", json!({"enabled": true}), true),
        ("toggle-video", json!({"enabled": true}), true),
        ("start-screen-share", json!({}), true),
        ("toggle-hand-raise", json!({"enabled": true}), true),
        ("stop-screen-share", json!({}), false),
    ] {
        assert_eq!(ann.done(event, data).await, json!({"enabled": enabled}));
        assert_eq!(meeting.hanna.event(event).await, json!({"senderId": ann_id, "enabled": enabled}));
    }
    assert_eq!(ann.refused("toggle-audio", json!({})).await, (400, "enabled: is required".to_owned()));
    for (event, is_typing) in [("typing-start", true), ("typing-stop", false)] {
        ann.done(event, json!({})).await;
        let typing = meeting.hanna.event("user-typing").await;
        assert_eq!(typing, json!({"senderId": ann_id, "isTyping": is_typing}));
    }
    let (mut late, _) = meeting.guest(&server, "Late").await;
    let state = late.done("sync", json!({})).await;
    let seen = state["participants"].as_array().expect("a list").iter().find(|one| one["id"] == ann_id);
    let seen = seen.expect("Ann is in");
    let shown = ["audio", "video", "screen", "hand"].map(|name| seen[name].clone());
    assert_eq!(shown, [json!(true), json!(true), json!(false), json!(true)]);
    server.stop().await;
}

#[tokio::test]
async fn what_the_hosts_settings_forbid_is_refused_but_to_the_host() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({})).await;
    let (mut ann, _) = meeting.user(&server, "ann").await;
    ann.done("toggle-audio", json!({"enabled": true})).await;
    let off = json!({"allowChat": false, "allowScreenShare": false, "allowParticipantVideo": false,
        "allowParticipantAudio": false});
    meeting.change(&server, off).await;
    for (event, data, service) in [
        ("chat-message", json!({"content": "hi"}), "Chat"),
        ("typing-start", json!({}), "Chat"),
        ("toggle-audio", json!({"enabled": true}), "Microphone"),
        ("toggle-video", json!({"enabled": true}), "Webcam"),
        ("start-screen-share", json!({}), "Screen sharing"),
    ] {
        assert_eq!(ann.refused(event, data.clone()).await, (403, format!("{service} is locked")), "{event}");
        meeting.hanna.done(event, data).await;
    }
    ann.done("toggle-audio", json!({"enabled": false})).await;
    ann.done("stop-screen-share", json!({})).await;
    server.stop().await;
}

#[tokio::test]
async fn in_rooms_of_the_server_api_features_and_locks_of_the_person_bind() {
    let server = Server::start(|_| {}).await;
    let features = json!({"allow_screen_share": false, "admin_only_webcams": true});
    create(&server, "r1", None, json!({"metadata": {"room_features": features}})).await;
    let join = async |user: &str, info: Value| {
        let (socket, joined) = super::seated(&server, "r1", user, info).await;
        (socket, joined["id"].clone())
    };
    let (mut admin, admin_id) = join("admin", json!({"is_admin": true})).await;
    let locks = json!({"lock_settings": {"lock_private_chat": true}});
    let (mut ann, _) = join("ann", json!({"user_metadata": locks})).await;
    let private = json!({"content": "hi", "to": admin_id});
    assert_eq!(ann.refused("chat-message", private).await, (403, "Private chat is locked".to_owned()));
    ann.done("chat-message", json!({"content": "hi"})).await;
    let video = json!({"enabled": true});
    assert_eq!(ann.refused("toggle-video", video.clone()).await, (403, "Webcam is locked".to_owned()));
    admin.done("toggle-video", video).await;
    for socket in [&mut ann, &mut admin] {
        let refused = socket.refused("start-screen-share", json!({})).await;
        assert_eq!(refused, (403, "Screen sharing is locked".to_owned()));
    }
    let (mut ghost, _) = join("ghost", json!({"is_hidden": true, "is_admin": true})).await;
    for (event, data) in [
        ("chat-message", json!({"content": "boo"})),
        ("toggle-hand-raise", json!({"enabled": true})),
        ("offer", json!({"targetId": admin_id})),
        ("lock-room", json!({"locked": true})),
    ] {
        assert_eq!(ghost.refused(event, data).await.0, 403, "{event}");
    }
    ann.done("chat-message", json!({"content": "who is there?"})).await;
    ghost.event("chat-message").await;
    server.stop().await;
}

#[tokio::test]
async fn outside_of_a_room_nothing_can_be_said_in_it() {
    let server = Server::start(|_| {}).await;
    let meeting = Meeting::of(&server, json!({})).await;
    let (ann, ann_id) = meeting.user(&server, "ann").await;
    let mut stranger: Socket = server.socket(Some(&server.user_token("eve", "Eve"))).await;
    for (event, data) in [
        ("chat-message", json!({"content": "hi"})),
        ("offer", json!({"targetId": ann_id})),
        ("toggle-audio", json!({"enabled": true})),
        ("typing-start", json!({})),
        ("sync", json!({})),
        ("lock-room", json!({"locked": true})),
        ("mute-participant", json!({"participantId": ann_id})),
        ("remove-participant", json!({"participantId": ann_id})),
        ("update-lock-settings", json!({"lockSettings": {}})),
    ] {
        let refused = stranger.refused(event, data).await;
        assert_eq!(refused, (403, "You are not in this room".to_owned()), "{event}");
    }
    ann.close().await;
    server.stop().await;
}

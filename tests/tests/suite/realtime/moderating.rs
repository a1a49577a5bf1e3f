//! What hosts and moderators tell others to do.

use serde_json::json;
use testing::Server;

use super::Meeting;

#[tokio::test]
async fn only_those_who_moderate_may() {
    let server = Server::start(|_| {}).await;
    let meeting = Meeting::of(&server, json!({})).await;
    let (mut ann, _) = meeting.user(&server, "ann").await;
    let (mut gus, gus_id) = meeting.guest(&server, "Gus").await;
    for (event, data) in [
        ("lock-room", json!({"locked": true})),
        ("mute-participant", json!({"participantId": gus_id})),
        ("remove-participant", json!({"participantId": gus_id, "role": "host", "isHost": true})),
        ("update-lock-settings", json!({"lockSettings": {"lock_chat": true}})),
    ] {
        let refused = ann.refused(event, data).await;
        assert_eq!(refused, (403, "Only a moderator can do this".to_owned()), "{event}");
    }
    gus.done("sync", json!({})).await;
    server.stop().await;
}

#[tokio::test]
async fn who_is_muted_is_seen_so_and_may_speak_again() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({})).await;
    let (mut gus, gus_id) = meeting.guest(&server, "Gus").await;
    let host = meeting.hanna.done("sync", json!({})).await["participants"][0]["id"].clone();
    // Also before his client has said anything of his microphone.
    for _ in 0..2 {
        meeting.hanna.done("mute-participant", json!({"participantId": gus_id})).await;
        assert_eq!(gus.event("mute").await, json!({"senderId": host}));
        gus.done("toggle-audio", json!({"enabled": true})).await;
    }
    meeting.hanna.done("mute-participant", json!({"participantId": gus_id})).await;
    assert_eq!(gus.event("mute").await, json!({"senderId": host}));
    let state = gus.done("sync", json!({})).await;
    let own = state["participants"].as_array().expect("a list").iter().find(|one| one["id"] == gus_id);
    assert_eq!(own.expect("he is in")["audio"], json!(false));
    gus.done("toggle-audio", json!({"enabled": true})).await;
    let nobody = json!({"participantId": "2b0ee2a6-2ed8-4d13-8b0f-3b1f7d1a5d0c"});
    let not_found = (404, "Participant not found".to_owned());
    assert_eq!(meeting.hanna.refused("mute-participant", nobody).await, not_found);
    for bad in [json!({}), json!({"participantId": 5}), json!({"participantId": "x"})] {
        assert_eq!(meeting.hanna.refused("mute-participant", bad).await.0, 400);
    }
    server.stop().await;
}

#[tokio::test]
async fn locks_bind_one_or_all_until_they_are_lifted() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({})).await;
    let (mut ann, ann_id) = meeting.user(&server, "ann").await;
    let (mut gus, _) = meeting.guest(&server, "Gus").await;
    let chat = json!({"content": "hi"});
    let locked = (403, "Chat is locked".to_owned());
    let hanna = &mut meeting.hanna;
    let one = json!({"participantId": ann_id, "lockSettings": {"lock_chat": true}});
    hanna.done("update-lock-settings", one).await;
    assert_eq!(ann.refused("chat-message", chat.clone()).await, locked);
    gus.done("chat-message", chat.clone()).await;
    hanna.done("update-lock-settings", json!({"lockSettings": {"lock_chat": true}})).await;
    assert_eq!(gus.refused("chat-message", chat.clone()).await, locked);
    hanna.done("chat-message", chat.clone()).await;
    hanna.done("update-lock-settings", json!({"lockSettings": {"lock_chat": false}})).await;
    for socket in [&mut ann, &mut gus] {
        socket.done("chat-message", chat.clone()).await;
    }
    for bad in
        [json!({}), json!({"lockSettings": {"lock_doors": true}}), json!({"lockSettings": {"lock_chat": 1}})]
    {
        assert_eq!(hanna.refused("update-lock-settings", bad).await.0, 400);
    }
    server.stop().await;
}

#[tokio::test]
async fn who_is_put_out_can_do_nothing_more_and_who_is_barred_cannot_come_again() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({})).await;
    let (mut ann, ann_id) = meeting.user(&server, "ann").await;
    let (mut bo, bo_id) = meeting.user(&server, "bo").await;
    let own = meeting.hanna.done("sync", json!({})).await["participants"][0]["id"].clone();
    let own = json!({"participantId": own, "ban": true});
    assert_eq!(meeting.hanna.refused("remove-participant", own).await.0, 400, "nobody bars himself");
    meeting.hanna.done("remove-participant", json!({"participantId": ann_id})).await;
    meeting.hanna.done("remove-participant", json!({"participantId": bo_id, "ban": true})).await;
    for socket in [&mut ann, &mut bo] {
        // Or the connection is closed already.
        if let Some(told) = socket.try_ask("chat-message", json!({"content": "hi"})).await {
            let error = told.expect_err("it is refused");
            assert_eq!(error["message"], "You are not in this room");
        }
    }
    let code = meeting.code.clone();
    let mut again = server.socket(Some(&server.user_token("ann", "ann"))).await;
    again.done("join-room", json!({"code": code})).await;
    let mut barred = server.socket(Some(&server.user_token("bo", "bo"))).await;
    let blocked = (403, "You are blocked from this room".to_owned());
    assert_eq!(barred.refused("join-room", json!({"code": code})).await, blocked);
    let state = meeting.hanna.done("sync", json!({})).await;
    assert_eq!(state["participants"].as_array().map(Vec::len), Some(2));
    server.stop().await;
}

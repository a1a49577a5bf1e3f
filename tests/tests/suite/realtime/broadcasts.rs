//! What the server API says to people of a session.

use serde_json::{Value, json};
use testing::{Server, Socket};

use super::seated;
use crate::webhooks::create;

/// What of `event` somebody has heard until the last words, each as its text.
async fn heard(socket: &mut Socket, event: &str) -> Vec<String> {
    let mut heard = vec![];
    loop {
        let said = socket.event(event).await;
        let text = if event == "notification" { &said["text"] } else { &said["content"] };
        let text = text.as_str().expect("a text").to_owned();
        if text == "last" {
            return heard;
        }
        heard.push(text);
    }
}

#[tokio::test]
async fn a_broadcast_reaches_those_whom_it_is_for() {
    let server = Server::start(|_| {}).await;
    create(&server, "demo", None, json!({})).await;
    let (mut admin, _) = seated(&server, "demo", "adm", json!({"is_admin": true})).await;
    let (mut ann, joined) = seated(&server, "demo", "ann", json!({})).await;
    let (mut bob, _) = seated(&server, "demo", "bob", json!({})).await;
    let (mut ghost, _) = seated(&server, "demo", "ghost", json!({"is_hidden": true})).await;
    let say = async |text: &str, to: Value| {
        for speech in [
            json!({"chat_msg": {"message": text}}),
            json!({"notification_msg": {"text": text, "type": "NATS_SYSTEM_NOTIFICATION_WARNING", "with_sound": true}}),
        ] {
            let mut body = json!({"room_id": "demo"});
            for part in [&speech, &to] {
                let fields = part.as_object().expect("an object").clone();
                body.as_object_mut().expect("an object").extend(fields);
            }
            let said = server.signed("/auth/room/broadcastToRoom", &body).await;
            assert_eq!(said.body["status"], true, "{said:?}");
        }
    };
    say("all", json!({})).await;
    say("admins", json!({"only_to_admins": true})).await;
    say("ann", json!({"to_user_id": "ann"})).await;
    say("both", json!({"only_to_admins": true, "to_user_id": "ann"})).await;
    say("nobody", json!({"to_user_id": "zoe"})).await;

    let public = ann.event("chat-message").await;
    assert!(public["id"].is_string() && public["sentAt"].as_str().is_some_and(|at| at.ends_with('Z')));
    for (name, value) in [
        ("senderId", Value::Null),
        ("senderName", Value::Null),
        ("content", json!("all")),
        ("to", Value::Null),
    ] {
        assert_eq!(public[name], value, "{name}: {public}");
    }
    let private = ann.event("chat-message").await;
    assert_eq!((&private["content"], &private["to"]), (&json!("ann"), &joined["id"]));
    let notified = bob.event("notification").await;
    assert_eq!(notified, json!({"type": "warning", "text": "all", "withSound": true}));

    say("last", json!({})).await;
    assert_eq!(heard(&mut ann, "chat-message").await, ["both"]);
    assert_eq!(heard(&mut ann, "notification").await, ["all", "ann", "both"]);
    for event in ["chat-message", "notification"] {
        assert_eq!(heard(&mut admin, event).await, ["all", "admins", "both"]);
        assert_eq!(heard(&mut ghost, event).await, ["all"], "whom nobody sees hears what all do");
    }
    assert_eq!(heard(&mut bob, "chat-message").await, ["all"]);
    assert_eq!(heard(&mut bob, "notification").await, [""; 0]);
    server.stop().await;
}

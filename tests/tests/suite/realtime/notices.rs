//! What those who are in hear of their room: its lock, its settings.

use std::time::Duration;

use serde_json::{Value, json};
use testing::Server;

use super::joined;

#[tokio::test]
async fn a_lock_and_new_settings_are_heard_by_those_who_are_in() {
    let server = Server::start(|_| {}).await;
    let (id, code) = server.room_by_code("hanna", &json!({"waitingRoom": true})).await;
    let (mut hanna, _) = joined(&server, &code, "hanna").await;
    let (mut gus, waits) = joined(&server, &code, "gus").await;
    assert_eq!(waits["isActive"], json!(false));
    let (_, elsewhere) = server.room_by_code("hanna", &json!({})).await;
    let (mut other, _) = joined(&server, &elsewhere, "otto").await;

    hanna.done("lock-room", json!({"locked": true})).await;
    let locked = hanna.event("room-locked").await;
    assert_eq!(locked["locked"], json!(true));
    let before = hanna.done("sync", json!({})).await["seq"].as_u64().expect("a number");
    assert_eq!(locked["seq"], json!(before));
    // The same again is no news.
    hanna.done("lock-room", json!({"locked": true})).await;

    let host = server.user_token("hanna", "hanna");
    let patch = async |body: Value| {
        let changed = server.call("PATCH", &format!("/rooms/{id}/settings"), Some(&host), Some(&body)).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        changed.body
    };
    let changed = patch(json!({"isLocked": false, "allowChat": false, "maxParticipants": 7})).await;
    let unlocked = hanna.event("room-locked").await;
    let updated = hanna.event("room-updated").await;
    assert_eq!(unlocked, json!({"locked": false, "seq": before + 1}));
    assert_eq!((&updated["seq"], &updated["room"]), (&json!(before + 1), &changed));
    assert_eq!(
        (&updated["settings"], &changed["settings"]["allowChat"]),
        (&changed["settings"], &json!(false))
    );

    patch(json!({"isLocked": true})).await;
    assert_eq!(hanna.event("room-locked").await, json!({"locked": true, "seq": before + 2}));
    patch(json!({"maxParticipants": 8})).await;
    assert_eq!(hanna.event("room-updated").await["room"]["maxParticipants"], json!(8));
    for outside in [&mut gus, &mut other] {
        for event in ["room-locked", "room-updated"] {
            assert!(!outside.hears(event, Duration::from_millis(100)).await, "{event}");
        }
    }
    server.stop().await;
}

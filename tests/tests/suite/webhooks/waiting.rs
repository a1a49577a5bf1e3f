//! What is told of people who wait: nothing, until they are admitted.

use serde_json::{Value, json};
use testing::receiver::Receiver;

use super::{EVERYWHERE, create, end, join, start, text, told, told_at};

#[tokio::test]
async fn those_who_are_admitted_are_told_as_joins_in_order_of_arrival_with_exact_counts() {
    let receiver = Receiver::start();
    let server = start(receiver.url(EVERYWHERE), |_| {}).await;
    let guarded = json!({
        "max_participants": 3,
        "metadata": {"room_features": {"waiting_room_features": {"is_active": true}}},
    });
    let sid = create(&server, "guarded", None, guarded).await;
    let cyd = join(&server, "guarded", "cyd").await;
    join(&server, "guarded", "bob").await;
    let admin =
        json!({"room_id": "guarded", "user_info": {"user_id": "adm", "name": "adm", "is_admin": true}});
    let minted = server.signed("/auth/room/getJoinToken", &admin).await;
    let admin = text(&server.redeem(&text(&minted.body["token"])).await.body["session"]["token"]);
    join(&server, "guarded", "ann").await;

    let waiting = server.call("GET", "/rooms/guarded/waiting", Some(&admin), None).await;
    let names: Vec<_> =
        waiting.body.as_array().expect("a list").iter().map(|one| &one["displayName"]).collect();
    assert_eq!(names, ["cyd", "bob", "ann"]);
    let approve = async |whom: &str| {
        let body = json!({ "user_id": whom });
        server.call("POST", "/api/waitingRoom/approveUsers", Some(&admin), Some(&body)).await
    };
    assert_eq!(approve("all").await.body["status"], true, "as far as seats last");
    let full = approve("ann").await;
    assert_eq!((full.status, &full.body["message"]), (400, &json!("Room is full")));
    let resumed = server.call("POST", "/api/resume", Some(&cyd), None).await;
    assert_eq!((resumed.status, &resumed.body["isActive"]), (200, &json!(true)), "his ticket is his seat's");
    end(&server, "guarded").await;

    receiver.finished(EVERYWHERE, &sid).await;
    let expected = told([
        ("room_created", None, 0),
        ("room_started", None, 1),
        ("participant_joined", Some("adm"), 1),
        ("participant_joined", Some("cyd"), 2),
        ("participant_joined", Some("bob"), 3),
        ("participant_left", Some("adm"), 2),
        ("participant_left", Some("cyd"), 1),
        ("participant_left", Some("bob"), 0),
        ("session_ended", None, 0),
        ("room_finished", None, 0),
    ]);
    assert_eq!(told_at(&receiver, EVERYWHERE, &sid), expected);
    server.stop().await;
}

#[tokio::test]
async fn what_those_who_wait_are_told_is_in_the_metadata_from_then_on() {
    let receiver = Receiver::start();
    let server = start(receiver.url(EVERYWHERE), |_| {}).await;
    let features = json!({"waiting_room_features": {"is_active": true}});
    let sid = create(&server, "guarded", None, json!({"metadata": {"room_features": features}})).await;
    let admin = json!({"user_id": "adm", "name": "adm", "is_admin": true});
    let admin = json!({"room_id": "guarded", "user_info": admin});
    let minted = server.signed("/auth/room/getJoinToken", &admin).await;
    let admin = text(&server.redeem(&text(&minted.body["token"])).await.body["session"]["token"]);
    let message = json!({"msg": "Five minutes, please."});
    let answered = server.call("POST", "/api/waitingRoom/updateMsg", Some(&admin), Some(&message)).await;
    assert_eq!(answered.body["status"], true);
    let message_of = |metadata: &Value| {
        let metadata: Value = serde_json::from_str(&text(metadata)).expect("JSON");
        metadata["room_features"]["waiting_room_features"].clone()
    };
    let features = json!({"is_active": true, "waiting_room_msg": "Five minutes, please."});
    let info = server.signed("/auth/room/getActiveRoomInfo", &json!({"room_id": "guarded"})).await;
    assert_eq!(message_of(&info.body["room"]["room_info"]["metadata"]), features);
    end(&server, "guarded").await;
    receiver.finished(EVERYWHERE, &sid).await;
    let last = receiver.attempts(EVERYWHERE, &sid).pop().expect("told");
    assert_eq!(message_of(&last.json["room"]["metadata"]), features);
    server.stop().await;
}

//! Joining over a socket: the same rules as over REST, and what the connection is to the seat.

use std::collections::HashSet;

use local::simulate::Profile;
use serde_json::json;
use testing::Server;

use super::sound;

#[tokio::test]
async fn a_join_is_answered_with_the_participant_and_all_that_he_finds() {
    let server = Server::start(|_| {}).await;
    let (id, code) = server.room_by_code("hanna", &json!({"name": "Weekly"})).await;
    let mut hanna = server.socket(Some(&server.user_token("hanna", "Hanna"))).await;
    hanna.done("join-room", json!({"code": code})).await;
    let mut gus = server.socket(None).await;
    let joined = gus.done("join-room", json!({"code": code, "guestName": "  Gus "})).await;
    assert_eq!(joined["roomId"], json!(id));
    assert_eq!((&joined["userId"], &joined["guestName"]), (&json!(null), &json!("Gus")));
    assert_eq!((&joined["isActive"], &joined["role"]), (&json!(true), &json!("participant")));
    assert_eq!(joined["startMuted"], json!(false));
    assert_eq!(joined["seq"], json!(2));
    assert_eq!((&joined["room"]["code"], &joined["settings"]["allowChat"]), (&json!(code), &json!(true)));
    let names: Vec<_> =
        joined["participants"].as_array().expect("a list").iter().map(|one| &one["displayName"]).collect();
    assert_eq!(names, ["Hanna", "Gus"]);
    assert_eq!(joined.get("waiting"), None, "that is for those who moderate");
    assert!(hanna.done("sync", json!({})).await["waiting"].is_array());

    let again = gus.done("join-room", json!({"code": code})).await;
    assert_eq!(again["id"], joined["id"], "the same participant over the same connection");
    let state = gus.done("sync", json!({})).await;
    assert_eq!(state["participants"].as_array().map(Vec::len), Some(2));
    server.stop().await;
}

#[tokio::test]
async fn a_refused_join_says_why_and_changes_nothing() {
    let server = Server::start(|_| {}).await;
    let (_, small) = server.room_by_code("hanna", &json!({"maxParticipants": 2})).await;
    let (_, other) = server.room_by_code("hanna", &json!({})).await;
    let mut hanna = server.socket(Some(&server.user_token("hanna", "Hanna"))).await;
    hanna.done("join-room", json!({"code": small})).await;
    let mut gus = server.socket(None).await;
    let cases = [
        (json!({"code": "zzz-zzz-zzz"}), 400, "guestName: must be 1 to 50 characters"),
        (json!({"code": "zzz-zzz-zzz", "guestName": "Gus"}), 404, "Room not found"),
        (json!({"code": "what", "guestName": "Gus"}), 404, "Room not found"),
        (json!({}), 400, "code: is required without a token of the room"),
    ];
    for (data, status, message) in cases {
        assert_eq!(gus.refused("join-room", data).await, (status, message.to_owned()));
    }
    gus.done("join-room", json!({"code": small, "guestName": "Gus"})).await;
    let mut ann = server.socket(Some(&server.user_token("ann", "Ann"))).await;
    ann.done("join-room", json!({"code": other})).await;
    assert_eq!(ann.refused("join-room", json!({"code": small})).await, (400, "Room is full".to_owned()));
    ann.done("sync", json!({})).await;
    hanna.done("lock-room", json!({"locked": true})).await;
    assert_eq!(ann.refused("join-room", json!({"code": small})).await, (403, "Room is locked".to_owned()));
    let forged = json!({"code": small, "role": "host", "isHost": true, "userId": "hanna"});
    assert_eq!(ann.refused("join-room", forged).await.0, 403);
    assert_eq!(ann.refused("lock-room", json!({"locked": false})).await.0, 403);
    server.stop().await;
}

#[tokio::test]
async fn joining_a_second_room_leaves_the_first() {
    let server = Server::start(|_| {}).await;
    let (first, one) = server.room_by_code("hanna", &json!({})).await;
    let (second, two) = server.room_by_code("hanna", &json!({})).await;
    let mut ann = server.socket(Some(&server.user_token("ann", "Ann"))).await;
    ann.done("join-room", json!({"code": one})).await;
    let moved = ann.done("join-room", json!({"code": two})).await;
    assert_eq!(moved["roomId"], json!(second));
    let host = server.user_token("hanna", "Hanna");
    let count = async |room: &str| {
        server.call("GET", &format!("/rooms/{room}"), Some(&host), None).await.body["participantCount"]
            .clone()
    };
    assert_eq!((count(&first).await, count(&second).await), (json!(0), json!(1)));
    ann.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_same_key_gives_the_same_participant_over_another_connection() {
    let server = Server::start(|_| {}).await;
    let (_, code) = server.room_by_code("hanna", &json!({})).await;
    let data = json!({"code": code, "guestName": "Gus", "key": "a-long-random-key-of-his-own"});
    let mut lost = server.socket(None).await;
    let first = lost.done("join-room", data.clone()).await;
    lost.cut();
    let mut gus = server.socket(None).await;
    let second = gus.done("join-room", data.clone()).await;
    assert_eq!(second["id"], first["id"]);
    assert_eq!(second["participants"].as_array().map(Vec::len), Some(1));
    let mut other = data.clone();
    other["guestName"] = json!("Mallory");
    let mut mallory = server.socket(None).await;
    let reused = (409, "Idempotency-Key was used with another request".to_owned());
    assert_eq!(mallory.refused("join-room", other).await, reused);
    let short = json!({"code": code, "guestName": "Gus", "key": "short"});
    assert_eq!(mallory.refused("join-room", short).await.0, 400);
    gus.done("leave-room", json!({})).await;
    let gone = (403, "You are not in this room".to_owned());
    assert_eq!(gus.refused("join-room", data).await, gone, "that place is nobody's");
    server.stop().await;
}

#[tokio::test]
async fn of_several_joins_by_one_connection_at_once_all_are_answered_with_the_same_participant() {
    let server = Server::start(|options| options.simulate = Some(Profile::Aws)).await;
    let (_, code) = server.room_by_code("hanna", &json!({})).await;
    let (_, other) = server.room_by_code("hanna", &json!({})).await;
    let user = server.user_token("ann", "Ann");
    let guest = |key: Option<&str>| json!({"code": code, "guestName": "Gus", "key": key});
    let key = "a-long-random-key-of-his-own";
    let all = [(None, guest(None)), (None, guest(Some(key))), (Some(&user), json!({"code": code}))];
    for (token, mut data) in all {
        data.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        let mut socket = server.socket(token.map(String::as_str)).await;
        // The second time he is in already.
        for _ in 0..2 {
            for id in 0..3 {
                socket.send(&json!({"event": "join-room", "id": id, "data": data}).to_string()).await;
            }
            let mut ids = HashSet::new();
            for _ in 0..3 {
                ids.insert(socket.event("join-room").await["id"].to_string());
            }
            assert_eq!(ids.len(), 1, "{data}");
        }
        socket.done("leave-room", json!({})).await;
    }
    // Into two rooms at once he gets one after the other, and has a seat in one.
    let mut ann = server.socket(Some(&user)).await;
    for code in [&code, &other] {
        ann.send(&json!({"event": "join-room", "id": code, "data": {"code": code}}).to_string()).await;
    }
    for _ in 0..2 {
        ann.event("join-room").await;
    }
    sound::check(&server).await;
    server.stop().await;
}

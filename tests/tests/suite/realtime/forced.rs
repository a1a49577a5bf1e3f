//! Connections that are not somebody's any more: they are told why, and closed.

use serde_json::{Value, json};
use testing::Server;

use super::{dismissed, joined, seated, session, token_of};
use crate::webhooks::create;

#[tokio::test]
async fn the_second_device_takes_over_and_the_first_is_told_and_closed() {
    let server = Server::start(|_| {}).await;
    let (_, code) = server.room_by_code("hanna", &json!({})).await;
    let (mut first, one) = joined(&server, &code, "ann").await;
    let (mut second, two) = joined(&server, &code, "ann").await;
    assert_eq!(one["id"], two["id"]);
    let duplicate = || json!({"reason": "duplicate"});
    dismissed(&mut first, "force-disconnect", duplicate()).await;
    assert_eq!(second.done("sync", json!({})).await["participants"][0]["away"], json!(false));

    // A join over REST is one, too, and so is a resume.
    let user = server.user_token("ann", "ann");
    let rest = server.call("POST", &format!("/rooms/{code}/join"), Some(&user), None).await;
    assert_eq!((rest.status, &rest.body["id"]), (201, &one["id"]));
    dismissed(&mut second, "force-disconnect", duplicate()).await;
    let token = rest.body["session"]["token"].as_str().expect("a token");
    let mut third = server.socket(Some(token)).await;
    let attached = third.done("join-room", json!({})).await;
    assert_eq!(attached["id"], one["id"]);
    let resumed = server.call("POST", "/api/resume", Some(&session(&attached)), None).await;
    assert_eq!(resumed.status, 200, "{resumed:?}");
    dismissed(&mut third, "force-disconnect", duplicate()).await;
    server.stop().await;
}

#[tokio::test]
async fn whoever_moves_on_by_the_same_connection_keeps_it() {
    let server = Server::start(|_| {}).await;
    let (_, one) = server.room_by_code("hanna", &json!({})).await;
    let (other, two) = server.room_by_code("hanna", &json!({})).await;
    let (mut ann, _) = joined(&server, &one, "ann").await;
    ann.done("leave-room", json!({})).await;
    server.stack.settled().await;
    let there = ann.done("join-room", json!({"code": two})).await;
    assert_eq!(there["roomId"], json!(other));
    // Into another room without leaving, and back.
    for code in [&one, &two, &one] {
        ann.done("join-room", json!({"code": code})).await;
    }
    server.stack.settled().await;
    assert_eq!(ann.done("sync", json!({})).await["participants"].as_array().map(Vec::len), Some(1));
    server.stop().await;
}

#[tokio::test]
async fn whoever_is_put_out_is_told_and_closed_and_may_do_nothing_more() {
    let server = Server::start(|_| {}).await;
    create(&server, "demo", None, json!({})).await;
    let (mut admin, moderates) = seated(&server, "demo", "adm", json!({"is_admin": true})).await;
    for (user, barred, by_api) in
        [("ann", false, true), ("bob", true, true), ("cyd", false, false), ("dan", true, false)]
    {
        let (mut socket, joined) = seated(&server, "demo", user, json!({})).await;
        let mut body = json!({"room_id": "demo", "user_id": user, "msg": "Bye", "block_user": barred});
        let answered = if by_api {
            server.signed("/auth/room/removeParticipant", &body).await
        } else {
            body["room_id"] = json!("demo");
            server.call("POST", "/api/removeParticipant", Some(&session(&moderates)), Some(&body)).await
        };
        assert_eq!((answered.status, &answered.body["status"]), (200, &json!(true)), "{answered:?}");
        // He is out from that moment on, also where he has not been told.
        let _ = socket.try_send(r#"{"event":"sync","id":"late","data":{}}"#).await;
        let reason = if barred { "banned" } else { "removed" };
        let said = socket.closed().await;
        let (told, answers): (Vec<_>, Vec<_>) =
            said.into_iter().partition(|message| message["event"] == "force-disconnect");
        let told: Vec<_> = told.iter().map(|message| &message["data"]).collect();
        assert_eq!(told, [&json!({"reason": reason, "message": "Bye"})], "{user}");
        for answer in answers {
            assert_eq!(
                (&answer["id"], &answer["data"]["statusCode"]),
                (&json!("late"), &json!(403)),
                "{user}"
            );
        }
        let token = session(&joined);
        let mut again = server.socket(Some(&token)).await;
        let (status, message) = again.refused("join-room", json!({})).await;
        let expected = if barred { (403, "You are blocked from this room") } else { (401, "Invalid token") };
        assert_eq!((status, message.as_str()), expected, "{user}");
    }
    let left = admin.done("sync", json!({})).await;
    assert_eq!(left["participants"].as_array().map(Vec::len), Some(1));

    // Whoever may come again does so over a new connection.
    let token = token_of(&server, "demo", "ann", json!({})).await;
    let mut ann = server.socket(Some(&token)).await;
    ann.done("join-room", json!({})).await;
    server.stack.settled().await;
    assert_ne!(ann.done("sync", json!({})).await["seq"], Value::Null);
    server.stop().await;
}

#[tokio::test]
async fn whoever_waits_and_is_put_out_is_told_too() {
    let server = Server::start(|_| {}).await;
    let (id, code) = server.room_by_code("hanna", &json!({"waitingRoom": true})).await;
    let (_hanna, _) = joined(&server, &code, "hanna").await;
    let (mut gus, waits) = joined(&server, &code, "gus").await;
    assert_eq!(waits["isActive"], json!(false));
    let body = json!({"room_id": id, "user_id": "gus"});
    assert_eq!(server.signed("/auth/room/removeParticipant", &body).await.body["status"], true);
    dismissed(&mut gus, "force-disconnect", json!({"reason": "removed"})).await;
    server.stop().await;
}

//! Who may connect, as whom, and what bad messages get.

use std::time::Duration;

use serde_json::{Value, json};
use testing::{Server, Socket};

use super::check_connections;
use crate::webhooks::{create, start_changed};

#[tokio::test]
async fn a_bad_token_is_refused_at_the_upgrade_wherever_it_is() {
    let server = Server::start(|_| {}).await;
    let url = &server.stack.addresses.ws;
    let forged = format!("{}x", server.user_token("ann", "Ann"));
    for (query, headers) in [
        (format!("?token={forged}"), vec![]),
        ("?token=".to_owned(), vec![]),
        ("?access_token=nonsense".to_owned(), vec![]),
        (String::new(), vec![("cookie", "a=b; pnm_access_token=nonsense")]),
    ] {
        let refused = Socket::try_connect(url, &query, &headers).await;
        assert_eq!(refused.err(), Some(401), "{query} {headers:?}");
    }
    let refused = Socket::try_connect(url, "?EIO=3&transport=websocket", &[]).await;
    assert_eq!(refused.err(), Some(400));
    server.stop().await;
}

#[tokio::test]
async fn every_kind_of_token_says_who_connects_and_none_is_spent_by_it() {
    let server = Server::start(|_| {}).await;
    let url = &server.stack.addresses.ws;
    let (_, code) = server.room_by_code("hanna", &json!({})).await;
    create(&server, "r1", None, json!({})).await;

    let user = server.user_token("ann", "Ann");
    let mut ann = Socket::connect(url, &format!("?access_token={user}")).await;
    let joined = ann.done("join-room", json!({"code": code})).await;
    assert_eq!((&joined["userId"], &joined["isHost"]), (&json!("ann"), &json!(false)));

    let minted = server.mint("r1", "bo").await;
    let cookie = format!("pnm_access_token={minted}");
    Socket::try_connect(url, "", &[("cookie", &cookie)]).await.expect("it stands").close().await;
    let mut bo = Socket::try_connect(url, "", &[("cookie", &cookie)]).await.expect("not spent by connecting");
    let joined = bo.done("join-room", json!({})).await;
    assert_eq!((&joined["userId"], &joined["roomId"]), (&json!("bo"), &json!("r1")));
    let mut again = server.socket(Some(&minted)).await;
    assert_eq!(again.refused("join-room", json!({})).await, (401, "Token was already used".to_owned()));

    let session = joined["session"]["token"].as_str().expect("a token");
    let mut back = server.socket(Some(session)).await;
    let resumed = back.done("join-room", json!({})).await;
    assert_eq!(resumed["id"], joined["id"], "a session token attaches to the seat");
    for line in server.console.kept() {
        assert!(![&*user, &*minted, session].iter().any(|token| line.contains(*token)), "{line}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_understood_gets_a_clear_error_and_the_connection_stays() {
    let server = Server::start(|_| {}).await;
    let mut socket = server.socket(None).await;
    for (text, status, id) in [
        ("not JSON".to_owned(), 400, Value::Null),
        ("[1]".to_owned(), 400, Value::Null),
        (r#"{"data":{}}"#.to_owned(), 400, Value::Null),
        (r#"{"event":"sync","id":{"a":1}}"#.to_owned(), 400, Value::Null),
        (r#"{"event":"sync","id":"7","data":[]}"#.to_owned(), 400, json!("7")),
        (r#"{"event":"join-room","id":7,"data":{"code":5}}"#.to_owned(), 400, json!(7)),
        (r#"{"event":"fly","id":8}"#.to_owned(), 404, json!(8)),
        (format!(r#"{{"event":"sync","id":9,"data":{{"a":"{}"}}}}"#, "x".repeat(70_000)), 413, json!(9)),
        (r#"{"event":"sync","id":10}"#.to_owned(), 403, json!(10)),
    ] {
        // Larger frames than 32 KB the gateway closes.
        if text.len() > 32_000 {
            socket.send_in_frames(&text).await;
        } else {
            socket.send(&text).await;
        }
        let error = socket.message("error").await;
        let shown = &text[..text.len().min(60)];
        assert_eq!((&error["data"]["statusCode"], &error["id"]), (&json!(status), &id), "{shown}: {error}");
    }
    socket.send(r#"{"event":"ping","id":11,"data":"whatever"}"#).await;
    assert_eq!(socket.message("pong").await["id"], 11);
    server.stop().await;
}

#[tokio::test]
async fn a_message_is_answered_even_where_the_table_does_not_say_whose_it_is() {
    let to_another =
        "UNATTACHED_TIMEOUT_SECONDS: !Ref UnattachedTimeoutSeconds\n          TABLE_NAME: absent";
    let own = "UNATTACHED_TIMEOUT_SECONDS: !Ref UnattachedTimeoutSeconds";
    let changes = ["OnSyncFunction", "OnDefaultFunction"].map(|function| (function, own, to_another));
    let server = start_changed(String::new(), &changes).await;
    let mut socket = server.socket(None).await;
    socket.send(r#"{"event":"sync","id":"7"}"#).await;
    let error = socket.message("error").await;
    assert_eq!((&error["data"]["statusCode"], &error["id"]), (&json!(500), &json!("7")), "{error}");
    socket.send("what?").await;
    let error = socket.message("error").await;
    assert_eq!((&error["data"]["statusCode"], error.get("id")), (&json!(500), None), "{error}");
    // Another table is beyond its policies, which is what fails.
    server.stack.stop().await;
}

#[tokio::test]
async fn more_than_fifty_messages_a_second_get_an_error_and_then_the_close() {
    let server = Server::start(|_| {}).await;
    let mut socket = server.socket(None).await;
    for id in 0..400 {
        if socket.try_send(&json!({"event": "ping", "id": id}).to_string()).await.is_err() {
            break;
        }
    }
    let said = socket.closed().await;
    let refused = said.iter().filter(|message| message["data"]["statusCode"] == 429).count();
    assert!(refused > 0, "{said:?}");
    let all_named = said.iter().all(|message| message["id"].is_number());
    assert!(all_named, "each answer is one to a request: {said:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_token_that_has_run_out_since_connecting_opens_no_room() {
    let validity = ("TokenValiditySeconds".to_owned(), "3".to_owned());
    let server = Server::start(|stack| stack.overrides.push(validity)).await;
    create(&server, "r1", None, json!({})).await;
    let (early, late) = (server.mint("r1", "ann").await, server.mint("r1", "bob").await);
    let (mut ann, mut bob) = (server.socket(Some(&early)).await, server.socket(Some(&late)).await);
    let own = ann.done("join-room", json!({})).await["id"].clone();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(bob.refused("join-room", json!({})).await, (401, "Token has expired".to_owned()));
    assert_eq!(ann.done("join-room", json!({})).await["id"], own, "her place is hers");
    server.stop().await;
}

#[tokio::test]
async fn a_connection_by_which_nobody_joined_is_closed_and_others_are_not() {
    let server = Server::start(|_| {}).await;
    let (_, code) = server.room_by_code("hanna", &json!({})).await;
    let mut joined = server.socket(None).await;
    joined.done("join-room", json!({"code": code, "guestName": "Gus"})).await;
    let mut idle = server.socket(None).await;
    check_connections(&server, "plain").await;
    assert_eq!(idle.closed().await, [Value::Null; 0]);
    joined.done("sync", json!({})).await;
    server.stop().await;
}

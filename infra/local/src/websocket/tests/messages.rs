//! Messages of clients.

use super::*;

#[tokio::test]
async fn a_message_is_a_call_of_its_route() {
    let rig = start(&Script::willing()).await;
    let mut socket = rig.connect().await;
    let text = json!({"event": "join-room", "data": {"code": "é"}}).to_string();
    socket.send(Message::text(text.clone())).await.expect("sent");
    let event = rig.script.event("join-room").await;
    assert_eq!(event["body"], *text);
    assert_eq!(event["requestContext"]["eventType"], "MESSAGE");
    assert_eq!(connection_id(&event), rig.id().await);
    assert_eq!(event.get("headers"), None);
    socket.send(Message::text("no JSON")).await.expect("sent");
    assert_eq!(rig.script.event("$default").await["body"], "no JSON");
    let said = rig.console.kept();
    assert!(said.iter().any(|line| line.starts_with("F | ws join-room 200 ")), "{said:?}");
}

#[tokio::test]
async fn what_a_function_returns_is_for_nobody() {
    let script = Script::new(|_| async { Ok(json!({"statusCode": 200, "body": "hello"})) });
    let rig = start(&script).await;
    let mut socket = rig.connect().await;
    send(&mut socket, &json!({"event": "ping"})).await;
    rig.script.event("ping").await;
    // The next thing that comes is this one.
    let id = rig.id().await;
    rig.management()
        .post_to_connection()
        .connection_id(id)
        .data(b"later".to_vec().into())
        .send()
        .await
        .expect("posted");
    assert_eq!(next(&mut socket).await, "later");
}

// With several threads, as tasks would begin in any order there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn messages_of_a_connection_are_begun_in_their_order_and_worked_on_at_once() {
    let script = Script::new(|event| async move {
        if event["body"].as_str().is_some_and(|body| body.contains("\"n\":0,")) {
            tokio::time::sleep(VAIN).await;
        }
        Ok(json!({"statusCode": 200}))
    });
    let rig = start(&script).await;
    let mut socket = rig.connect().await;
    for number in 0..200 {
        socket.feed(Message::text(format!("{{\"n\":{number},\"event\":\"ping\"}}"))).await.expect("sent");
    }
    socket.flush().await.expect("sent");
    until("all came", || rig.script.events("ping").len() == 200).await;
    for (number, event) in rig.script.events("ping").iter().enumerate() {
        assert_eq!(event["body"], format!("{{\"n\":{number},\"event\":\"ping\"}}"));
    }
}

#[tokio::test]
async fn a_message_without_a_route_is_forbidden() {
    let rig = start_with(&Script::willing(), Limits::default(), &["$connect", "ping"]).await;
    let mut socket = rig.connect().await;
    send(&mut socket, &json!({"event": "pong"})).await;
    let told: Value = serde_json::from_str(&next(&mut socket).await).expect("JSON");
    assert_eq!((&told["message"], &told["connectionId"]), (&json!("Forbidden"), &json!(rig.id().await)));
    assert!(told["requestId"].is_string());
}

#[tokio::test]
async fn a_function_that_gives_no_answer_is_told_of() {
    let script = Script::new(|event| async move {
        match event["requestContext"]["routeKey"].as_str() {
            Some("ping") => Err(failure()),
            Some("join-room") => Ok(Value::Null),
            _ => Ok(json!({"statusCode": 200})),
        }
    });
    let rig = start(&script).await;
    let mut socket = rig.connect().await;
    for route in ["ping", "join-room"] {
        send(&mut socket, &json!({"event": route})).await;
        let told: Value = serde_json::from_str(&next(&mut socket).await).expect("JSON");
        assert_eq!(told["message"], "Internal server error");
        assert_eq!(told["requestId"], rig.script.event(route).await["requestContext"]["requestId"]);
    }
    // A status that is no success is an answer.
    let script = Script::new(|event| async move {
        let is_ping = event["requestContext"]["routeKey"] == "ping";
        Ok(json!({"statusCode": if is_ping { 500 } else { 200 }}))
    });
    let rig = start(&script).await;
    let mut socket = rig.connect().await;
    send(&mut socket, &json!({"event": "ping"})).await;
    rig.script.event("ping").await;
    assert!(tokio::time::timeout(Duration::from_millis(50), socket.next()).await.is_err());
}

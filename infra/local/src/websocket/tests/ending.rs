//! `$disconnect`, whoever ends a connection, and the end of all of them.

use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;

use super::*;

/// The status and the reason that `$disconnect` is told, the only time that it is called.
async fn told(rig: &Rig) -> (u64, String) {
    let event = rig.script.event("$disconnect").await;
    let context = &event["requestContext"];
    // Enough for a second call to come.
    tokio::time::sleep(Duration::from_millis(50)).await;
    rig.script.event("$disconnect").await;
    (
        context["disconnectStatusCode"].as_u64().expect("a status"),
        context["disconnectReason"].as_str().expect("a reason").to_owned(),
    )
}

#[tokio::test]
async fn a_client_may_say_why_he_goes() {
    let rig = start(&Script::willing()).await;
    let mut socket = rig.connect().await;
    let frame = CloseFrame { code: 4001.into(), reason: "bored".into() };
    socket.close(Some(frame)).await.expect("closed");
    assert_eq!(closed(&mut socket).await, 4001, "his close frame is answered");
    assert_eq!(told(&rig).await, (4001, "bored".to_owned()));
    let said = rig.console.kept();
    assert!(said.iter().any(|line| line.starts_with("F | ws $disconnect 200 ")), "{said:?}");
}

#[tokio::test]
async fn a_client_may_go_without_a_reason() {
    let rig = start(&Script::willing()).await;
    let mut socket = rig.connect().await;
    socket.close(None).await.expect("closed");
    assert_eq!(told(&rig).await, (1005, "Client-side close frame status not set".to_owned()));
}

#[tokio::test]
async fn a_client_may_be_lost() {
    let rig = start(&Script::willing()).await;
    drop(rig.connect().await);
    assert_eq!(told(&rig).await.0, 1006);
}

#[tokio::test]
async fn an_api_needs_no_disconnect_route() {
    let rig = start_with(&Script::willing(), Limits::default(), &["$connect"]).await;
    drop(rig.connect().await);
    rig.sockets.stop().await;
    assert_eq!(rig.script.events.lock().expect("no panic while it is held").len(), 1);
}

#[tokio::test]
async fn when_it_stops_clients_are_sent_away_and_functions_told() {
    let script = Script::new(|event| async move {
        if event["requestContext"]["eventType"] == "DISCONNECT" {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(json!({"statusCode": 200}))
    });
    let rig = start(&script).await;
    let (mut one, mut other) = (rig.connect().await, rig.connect().await);
    // It is read, so it will be answered; who does not answer is waited for in vain.
    let reading = tokio::spawn(async move { (closed(&mut one).await, closed(&mut other).await) });
    rig.sockets.stop().await;
    assert_eq!(reading.await.expect("no panic"), (1001, 1001));
    let events = rig.script.events("$disconnect");
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event["requestContext"]["disconnectStatusCode"] == 1001));
    let said = rig.console.kept();
    let lines = said.iter().filter(|line| line.starts_with("F | ws $disconnect 200 "));
    assert_eq!(lines.count(), 2, "they were finished: {said:?}");
}

#[tokio::test]
async fn a_function_that_does_not_end_is_not_waited_for() {
    let script = Script::new(|event| async move {
        if event["requestContext"]["eventType"] == "DISCONNECT" {
            tokio::time::sleep(VAIN).await;
        }
        Ok(json!({"statusCode": 200}))
    });
    let rig = start(&script).await;
    drop(rig.connect().await);
    rig.script.event("$disconnect").await;
    let started = Instant::now();
    rig.sockets.stop().await;
    assert!(started.elapsed() < VAIN / 2, "{:?}", started.elapsed());
}

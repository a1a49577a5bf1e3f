//! `@connections`, as the SDK calls it.

use aws_sdk_apigatewaymanagement::error::SdkError;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use testing::Client as Plain;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::*;

async fn post(
    management: &Management,
    id: &str,
    data: impl Into<Vec<u8>>,
) -> Result<(), PostToConnectionError> {
    let call = management.post_to_connection().connection_id(id).data(data.into().into());
    call.send().await.map(|_| ()).map_err(SdkError::into_service_error)
}

#[tokio::test]
async fn what_is_posted_comes_in_its_order() {
    let rig = start(&Script::willing()).await;
    let mut socket = rig.connect().await;
    let id = rig.id().await;
    let management = rig.management();
    for number in 0..20 {
        post(&management, &id, number.to_string()).await.expect("posted");
    }
    for number in 0..20 {
        assert_eq!(next(&mut socket).await, number.to_string());
    }
}

#[tokio::test]
async fn the_largest_message_comes_in_small_frames() {
    let rig = start(&Script::willing()).await;
    let config = WebSocketConfig::default().max_frame_size(Some(32 * 1024));
    let connecting = tokio_tungstenite::connect_async_with_config(rig.request("/prod"), Some(config), false);
    let (mut socket, _) = connecting.await.expect("it stands");
    let id = rig.id().await;
    let largest = "é".repeat(64 * 1024);
    post(&rig.management(), &id, largest.as_str()).await.expect("posted");
    assert!(next(&mut socket).await == largest, "it is whole");
    let refused = post(&rig.management(), &id, format!("{largest}a")).await.expect_err("too large");
    assert!(refused.is_payload_too_large_exception(), "{refused:?}");
}

#[tokio::test]
async fn a_connection_can_be_looked_at() {
    let rig = start(&Script::willing()).await;
    let mut request = rig.request("/prod");
    request.headers_mut().insert("user-agent", "a browser".parse().expect("a value"));
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.expect("it stands");
    let id = rig.id().await;
    let look = || async { rig.management().get_connection().connection_id(&id).send().await.expect("found") };
    let first = look().await;
    let identity = first.identity().expect("an identity");
    assert_eq!((identity.source_ip(), identity.user_agent()), (Some("127.0.0.1"), Some("a browser")));
    let connected_at = rig.script.event("$connect").await["requestContext"]["connectedAt"].clone();
    assert_eq!(first.connected_at().and_then(|at| at.to_millis().ok()), connected_at.as_i64());
    tokio::time::sleep(Duration::from_millis(20)).await;
    send(&mut socket, &json!({"event": "ping"})).await;
    rig.script.event("ping").await;
    let second = look().await;
    assert_eq!(second.connected_at(), first.connected_at());
    assert!(second.last_active_at() > first.last_active_at());
}

#[tokio::test]
async fn a_connection_that_is_deleted_gets_what_was_posted_before() {
    let rig = start(&Script::willing()).await;
    let mut socket = rig.connect().await;
    let id = rig.id().await;
    let management = rig.management();
    post(&management, &id, "go").await.expect("posted");
    management.delete_connection().connection_id(&id).send().await.expect("deleted");
    assert!(post(&management, &id, "a").await.expect_err("gone").is_gone_exception());
    assert_eq!(next(&mut socket).await, "go");
    assert_eq!(closed(&mut socket).await, 1000);
    let context = &rig.script.event("$disconnect").await["requestContext"];
    assert_eq!(context["disconnectStatusCode"], 1000);
    assert_eq!(context["disconnectReason"], "Connection Closed Normally");
}

#[tokio::test]
async fn a_connection_that_is_not_there_is_gone() {
    let rig = start(&Script::willing()).await;
    let management = rig.management();
    let id = new_id();
    assert!(post(&management, &id, "a").await.expect_err("gone").is_gone_exception());
    let looked = management.get_connection().connection_id(&id).send().await.expect_err("gone");
    assert!(looked.into_service_error().is_gone_exception());
    let deleted = management.delete_connection().connection_id(&id).send().await.expect_err("gone");
    assert!(deleted.into_service_error().is_gone_exception());
    // One that stood.
    let mut socket = rig.connect().await;
    let id = rig.id().await;
    socket.close(None).await.expect("closed");
    rig.script.event("$disconnect").await;
    assert!(post(&management, &id, "a").await.expect_err("gone").is_gone_exception());
}

#[tokio::test]
async fn a_connection_does_not_stand_during_its_connect() {
    let address = Arc::new(Mutex::new(String::new()));
    let known = Arc::clone(&address);
    let script = Script::new(move |event| {
        let address = known.lock().expect("no panic while it is held").clone();
        async move {
            if event["requestContext"]["eventType"] == "CONNECT" {
                let posted = post(&management(&address), &connection_id(&event), "hello").await;
                let is_gone = posted.expect_err("it does not stand").is_gone_exception();
                return Ok(json!({"statusCode": if is_gone { 200 } else { 500 }}));
            }
            Ok(json!({"statusCode": 200}))
        }
    });
    let rig = start(&script).await;
    address.lock().expect("no panic while it is held").clone_from(&rig.address);
    let mut socket = rig.connect().await;
    // As soon as the client knows that it stands, it does.
    post(&rig.management(), &rig.id().await, "hello").await.expect("posted");
    assert_eq!(next(&mut socket).await, "hello");
}

#[tokio::test]
async fn a_client_who_does_not_read_is_a_limit() {
    let limits = Limits { waiting: 200_000, parting: Duration::from_millis(100), ..Limits::default() };
    let rig = start_with(&Script::willing(), limits, &["$connect", "$disconnect"]).await;
    let mut socket = rig.connect().await;
    let id = rig.id().await;
    let management = rig.management();
    let text = "a".repeat(100_000);
    let mut posted = 0;
    // The operating system takes some megabytes before the gateway has to wait.
    let refused = loop {
        match post(&management, &id, text.as_str()).await {
            Ok(()) => posted += 1,
            Err(error) => break error,
        }
        assert!(posted < 1000, "it waits for ever");
    };
    assert!(refused.is_limit_exceeded_exception(), "{refused:?}");
    // Once he reads, it goes on, and nothing is missing.
    for _ in 0..posted {
        assert_eq!(next(&mut socket).await.len(), text.len());
    }
    post(&management, &id, "more").await.expect("posted");
    assert_eq!(next(&mut socket).await, "more");
    // One who never reads is not waited for when he is to go.
    while post(&management, &id, text.as_str()).await.is_ok() {}
    management.delete_connection().connection_id(&id).send().await.expect("deleted");
    rig.script.event("$disconnect").await;
}

#[tokio::test]
async fn what_is_no_call_is_refused() {
    let rig = start(&Script::willing()).await;
    let _socket = rig.connect().await;
    let id = rig.id().await;
    let signed = ("authorization", "AWS4-HMAC-SHA256 Credential=a");
    let ask = |method: &'static str, path: String, headers: Vec<(&'static str, &'static str)>| {
        let url = format!("http://{}{path}", rig.address);
        async move {
            let answered = Plain::new().send(method, &url, &headers, b"\xff".to_vec()).await;
            let kind = answered.headers().get("x-amzn-errortype").and_then(|kind| kind.to_str().ok());
            (answered.status().as_u16(), kind.unwrap_or_default().to_owned())
        }
    };
    let is = |status: u16, kind: &str| (status, kind.to_owned());
    let own = format!("/prod/@connections/{id}");
    let missing = is(403, "MissingAuthenticationTokenException");
    assert_eq!(ask("POST", own.clone(), vec![]).await, missing);
    assert_eq!(ask("PUT", own.clone(), vec![signed]).await, missing);
    assert_eq!(ask("POST", own, vec![signed]).await, is(400, "BadRequestException"), "no text");
    let wrong = ask("POST", "/prod/@connections/abc".to_owned(), vec![signed]).await;
    assert_eq!(wrong, is(400, "BadRequestException"));
    let other = ask("POST", format!("/other/@connections/{id}"), vec![signed]).await;
    assert_eq!(other, is(403, ""));
}

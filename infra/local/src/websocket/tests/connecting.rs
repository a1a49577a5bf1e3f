//! `$connect`, and who is not let in.

use testing::Client as Plain;
use tokio::sync::Notify;

use super::*;

/// Answers `$connect` so, and everything else with 200.
fn doorkeeper(answer: Result<Value, InvokeError>) -> Arc<Script> {
    Script::new(move |event| {
        let is_connect = event["requestContext"]["eventType"] == "CONNECT";
        let answer = if is_connect { answer.clone() } else { Ok(json!({"statusCode": 200})) };
        async { answer }
    })
}

#[tokio::test]
async fn a_connection_stands_once_the_function_agrees() {
    let rig = start(&Script::willing()).await;
    for target in ["/prod?token=abc", "/prod/?token=abc", "/?token=abc"] {
        let (_, response) = tokio_tungstenite::connect_async(rig.request(target)).await.expect("it stands");
        assert_eq!(response.status(), 101, "{target}");
    }
    let events = rig.script.events("$connect");
    assert_eq!(events.len(), 3);
    for event in events {
        assert_eq!(event["queryStringParameters"], json!({"token": "abc"}));
        assert_eq!(event["headers"]["Host"], *rig.address);
        assert!(event["headers"]["Sec-WebSocket-Key"].is_string());
    }
    let said = rig.console.kept();
    assert!(said.iter().any(|line| line.starts_with("F | ws $connect 200 ")), "{said:?}");
    assert!(said.iter().all(|line| !line.contains("abc")), "{said:?}");
}

#[tokio::test]
async fn an_api_needs_no_connect_route() {
    let rig = start_with(&Script::willing(), Limits::default(), &["ping"]).await;
    let mut socket = rig.connect().await;
    send(&mut socket, &json!({"event": "ping"})).await;
    rig.script.event("ping").await;
}

#[tokio::test]
async fn a_status_of_the_function_is_that_of_the_refusal() {
    for (status, message) in [(401, "Unauthorized"), (403, "Forbidden"), (400, "Bad Request"), (302, "Found")]
    {
        let rig = start(&doorkeeper(Ok(json!({"statusCode": status, "body": "a secret"})))).await;
        let (answered, body) = rig.refused(rig.request("/prod?token=abc")).await;
        assert_eq!((answered, &body["message"]), (status, &json!(message)));
        let event = rig.script.event("$connect").await;
        assert_eq!(body["connectionId"], event["requestContext"]["connectionId"]);
        assert_eq!(body["requestId"], event["requestContext"]["requestId"]);
        rig.sockets.stop().await;
        assert!(rig.script.events("$disconnect").is_empty(), "it never stood");
    }
}

#[tokio::test]
async fn a_function_that_gives_no_answer_lets_nobody_in() {
    for (answer, status) in [
        (Err(failure()), 502),
        (Err(InvokeError::Crashed("exit status: 1".to_owned())), 502),
        (Err(InvokeError::TimedOut(Duration::from_secs(3))), 502),
        (Err(InvokeError::Throttled(1)), 500),
        (Ok(Value::Null), 502),
    ] {
        let rig = start(&doorkeeper(answer)).await;
        let (answered, body) = rig.refused(rig.request("/prod")).await;
        assert_eq!((answered, &body["message"]), (status, &json!("Internal server error")));
    }
}

#[tokio::test]
async fn nobody_waits_longer_for_a_function_than_the_gateway_does() {
    let script = Script::new(|_| async {
        tokio::time::sleep(VAIN).await;
        Ok(json!({"statusCode": 200}))
    });
    let slow = WebSocketRoute { timeout: Duration::from_millis(50), ..route(&"$connect") };
    let mut template = Template { websocket_routes: vec![slow], ..Template::default() };
    template.websocket_api = Some(WebSocketApi {
        logical_id: "Live".to_owned(),
        api_id: "live".to_owned(),
        stage: "prod".to_owned(),
        route_field: "event".to_owned(),
    });
    let rig = start_from(&template, &script, Limits::default()).await;
    let (status, body) = rig.refused(rig.request("/prod")).await;
    assert_eq!((status, &body["message"]), (504, &json!("Endpoint request timed out")));
}

#[tokio::test]
async fn the_function_chooses_the_protocol() {
    let choosing = json!({"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "two", "X-Other": "a"}});
    let rig = start(&doorkeeper(Ok(choosing))).await;
    let mut request = rig.request("/prod");
    request.headers_mut().insert("sec-websocket-protocol", "one, two".parse().expect("a value"));
    let (_, response) = tokio_tungstenite::connect_async(request).await.expect("it stands");
    assert_eq!(response.headers()["sec-websocket-protocol"], "two");
    assert!(!response.headers().contains_key("x-other"));
    let event = rig.script.event("$connect").await;
    assert_eq!(event["headers"]["Sec-WebSocket-Protocol"], "one, two");
}

#[tokio::test]
async fn a_request_that_cannot_become_a_connection_calls_nothing() {
    let rig = start(&Script::willing()).await;
    let long = format!("/prod?token={}", "a".repeat(4096));
    for (target, status) in [("/other", 403), ("/prod/more", 403), (long.as_str(), 414)] {
        assert_eq!(rig.refused(rig.request(target)).await.0, status, "{target:.20}");
    }
    let mut old = rig.request("/prod");
    old.headers_mut().insert("sec-websocket-version", "8".parse().expect("a value"));
    assert_eq!(rig.refused(old).await.0, 400);
    let plain = Plain::new().send("GET", &format!("http://{}/prod", rig.address), &[], vec![]).await;
    assert_eq!(plain.status(), 426);
    assert!(rig.script.events("$connect").is_empty());
}

#[tokio::test]
async fn a_client_who_goes_before_the_answer_is_told_of() {
    let gone = Arc::new(Notify::new());
    let told = Arc::clone(&gone);
    let script = Script::new(move |event| {
        let told = Arc::clone(&told);
        async move {
            if event["requestContext"]["eventType"] == "CONNECT" {
                told.notified().await;
            }
            Ok(json!({"statusCode": 200}))
        }
    });
    let rig = start(&script).await;
    let impatient = tokio::spawn(tokio_tungstenite::connect_async(rig.request("/prod")));
    rig.script.event("$connect").await;
    impatient.abort();
    assert!(impatient.await.is_err(), "it does not stand yet");
    gone.notify_one();
    let event = rig.script.event("$disconnect").await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1006);
    assert_eq!(connection_id(&event), rig.id().await);
}

#[tokio::test]
async fn without_an_api_whoever_comes_is_told_so() {
    let rig = start_from(&Template::default(), &Script::willing(), Limits::default()).await;
    let (status, body) = rig.refused(rig.request("/prod")).await;
    assert_eq!((status, &body["message"]), (501, &json!("the template has no WebSocket API")));
}

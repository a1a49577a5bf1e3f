//! What the gateway itself promises: routes, methods, limits, cross-origin requests, bodies of any kind.

use serde_json::json;
use testing::{API_KEY, API_SECRET, Server};

#[tokio::test]
async fn unknown_routes_and_methods_answer_in_the_dialect_of_the_path() {
    let server = Server::start(|_| {}).await;
    for (method, path, status) in [
        ("GET", "/nothing", 404),
        ("GET", "/rooms/abc/def/ghi", 404),
        ("PUT", "/rooms", 405),
        ("POST", "/health", 405),
        ("DELETE", "/rooms/code/abc-def-ghi", 405),
    ] {
        let answered = server.call(method, path, None, None).await;
        assert_eq!(
            (answered.status, &answered.body["statusCode"]),
            (status, &json!(status)),
            "{method} {path}"
        );
    }
    let answered = server.call("POST", "/auth/room/nothing", None, None).await;
    assert_eq!((answered.status, &answered.body["status"]), (404, &json!(false)));
    let answered = server.call("GET", "/auth/room/create", None, None).await;
    assert_eq!((answered.status, &answered.body["status"]), (405, &json!(false)));
    server.stop().await;
}

#[tokio::test]
async fn a_browser_may_call_from_anywhere() {
    let server = Server::start(|_| {}).await;
    let origin = ("origin", "https://app.example");
    let headers =
        [origin, ("access-control-request-method", "POST"), ("access-control-request-headers", "api-key")];
    let preflight = server.send("OPTIONS", "/auth/room/create", &headers, vec![]).await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.headers["access-control-allow-origin"], "*");
    assert!(preflight.headers.contains_key("access-control-allow-methods"));
    let answered = server.send("GET", "/version", &[origin], vec![]).await;
    assert_eq!(answered.headers["access-control-allow-origin"], "*");
    let plain = server.call("GET", "/version", None, None).await;
    assert!(!plain.headers.contains_key("access-control-allow-origin"));
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_is_declared_as_something_else_is_read_all_the_same() {
    let server = Server::start(|_| {}).await;
    let body = json!({"room_id": "odd"}).to_string().into_bytes();
    let signature = local::secrets::sign(API_SECRET.as_bytes(), &body);
    for kind in
        ["application/octet-stream", "application/x-www-form-urlencoded", "text/plain", "application/json"]
    {
        let headers = [("api-key", API_KEY), ("hash-signature", signature.as_str()), ("content-type", kind)];
        let answered = server.send("POST", "/auth/room/isRoomActive", &headers, body.clone()).await;
        assert_eq!(answered.body["msg"], "room not found", "{kind}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_by_the_gateway() {
    let server = Server::start(|_| {}).await;
    let answered = server.send("POST", "/rooms", &[], vec![b'x'; 5 * 1024 * 1024]).await;
    assert_eq!(answered.status, 413, "over Lambda's 6 MB once it is in base64");
    let answered = server.send("POST", "/rooms", &[], vec![b'x'; 11 * 1024 * 1024]).await;
    assert_eq!(answered.status, 413, "over the gateway's 10 MB");
    let long = "x".repeat(11 * 1024);
    let answered = server.send("GET", "/version", &[("x-long", &long)], vec![]).await;
    assert_eq!(answered.status, 431);
    server.stop().await;
}

#[tokio::test]
async fn health_and_version_say_what_they_checked() {
    let server = Server::start(|_| {}).await;
    let health = server.call("GET", "/health", None, None).await;
    assert_eq!((health.status, &health.body["status"]), (200, &json!("ok")), "{:?}", health.body);
    assert!(health.body["checks"]["dynamodb"]["ms"].is_u64());
    let version = server.call("GET", "/version", None, None).await;
    assert_eq!(version.body["name"], "vestibule");
    server.stop().await;
}

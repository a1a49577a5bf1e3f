use api::respond;
use testing::{Call, Reply, TestTable};

use super::*;

async fn ask(method: &str, target: &str) -> Reply {
    let table = TestTable::new().await;
    let app = table.app("not_found", Dialect::Rooms, Config::load).await;
    let request = Call::new(method, target).request();
    respond(&app, &request, |app, request| Box::pin(handle(app, request))).await.into()
}

#[test]
fn a_known_path_is_told_from_an_unknown_one() {
    assert!(matches("/rooms/{id}", "/rooms/abc"));
    assert!(matches("/rooms/code/{code}", "/rooms/code/abc-def-ghi"));
    assert!(!matches("/rooms/{id}", "/rooms/"));
    assert!(!matches("/rooms/{id}", "/rooms/abc/def"));
    assert!(!matches("/health", "/healthy"));
}

#[test]
fn the_path_decides_the_dialect() {
    assert_eq!(dialect("/auth/room/nothing"), Dialect::Server);
    assert_eq!(dialect("/room/create"), Dialect::Server);
    assert_eq!(dialect("/rooms"), Dialect::Rooms);
    assert_eq!(dialect("/"), Dialect::Rooms);
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    for (method, path) in
        [("GET", "/"), ("POST", "/nothing"), ("DELETE", "/rooms/a/b"), ("GET", "/auth"), ("GET", "/Health")]
    {
        let reply = ask(method, path).await;
        assert_eq!(reply.refusal(), (404, "There is nothing under this path"), "{path}");
        assert_eq!(reply.body["error"], "Not Found");
    }
    for path in ["/auth/room/nothing", "/auth/room/create/", "/room/isRoomActive", "/AUTH/room/create"] {
        let reply = ask("POST", path).await;
        assert_eq!(reply.status, 404, "{path}");
    }
    let failure = (404, "there is nothing under this path", "NOT_FOUND");
    assert_eq!(ask("POST", "/auth/room/nothing").await.failure(), failure);
}

#[tokio::test]
async fn a_known_path_by_another_method_is_told_so() {
    for (method, path) in [
        ("GET", "/rooms"),
        ("PUT", "/rooms/some-id"),
        ("POST", "/rooms/some-id/settings"),
        ("GET", "/rooms/abc-def-ghi/join"),
        ("DELETE", "/rooms/code/abc-def-ghi"),
        ("GET", "/api/joinRoom"),
        ("POST", "/health"),
    ] {
        let reply = ask(method, path).await;
        assert_eq!(reply.refusal(), (405, "This path does not take this method"), "{method} {path}");
        assert_eq!(reply.body["error"], "Method Not Allowed");
    }
    let failure = (405, "this path does not take this method", "NOT_FOUND");
    for path in ["/auth/room/create", "/room/getJoinToken"] {
        assert_eq!(ask("GET", path).await.failure(), failure);
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_told_before_anything_else() {
    let table = TestTable::new().await;
    let app = table.app("not_found", Dialect::Rooms, Config::load).await;
    let request = Call::new("POST", "/nothing").raw(vec![b' '; 64 * 1024 + 1]).request();
    let reply: Reply = respond(&app, &request, |app, request| Box::pin(handle(app, request))).await.into();
    assert_eq!(reply.refusal(), (413, "The body must be 64 KB or less"));
}

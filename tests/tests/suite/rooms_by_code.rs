//! Rooms by code over HTTP, against the whole stack: host, users, guests, lock and capacity.

use serde_json::{Value, json};
use testing::Server;

#[tokio::test]
async fn a_host_makes_a_room_and_people_join_by_its_code() {
    let server = Server::start(|_| {}).await;
    let host = server.user_token("ann", "Ann");
    let made = server.call("POST", "/rooms", Some(&host), Some(&json!({"name": "Stand-up"}))).await;
    assert_eq!((made.status, &made.body["hostId"]), (201, &json!("ann")), "{:?}", made.body);
    let (id, code) = (text(&made.body["id"]), text(&made.body["code"]));
    let path = |rest: &str| format!("/rooms/{code}{rest}");

    let seen = server.call("GET", &format!("/rooms/code/{code}"), None, None).await;
    assert_eq!(
        (seen.status, &seen.body["name"], &seen.body["isActive"]),
        (200, &json!("Stand-up"), &json!(true))
    );

    let joined = server.call("POST", &path("/join"), Some(&host), None).await;
    assert_eq!((joined.status, &joined.body["isHost"]), (201, &json!(true)));
    let guest = server.call("POST", &path("/join"), None, Some(&json!({"guestName": "  Bo "}))).await;
    assert_eq!((guest.status, &guest.body["guestName"]), (201, &json!("Bo")));
    let guest_session = text(&guest.body["session"]["token"]);

    let people = server.call("GET", &format!("/rooms/{id}/participants"), Some(&guest_session), None).await;
    let names: Vec<_> =
        people.body.as_array().expect("a list").iter().map(|one| &one["displayName"]).collect();
    assert_eq!(names, [&json!("Ann"), &json!("Bo")]);
    let same = server.call("GET", &format!("/rooms/code/{code}/participants"), Some(&host), None).await;
    assert_eq!(same.body, people.body);

    let settings = format!("/rooms/{id}/settings");
    let locked = server.call("PATCH", &settings, Some(&host), Some(&json!({"isLocked": true}))).await;
    assert_eq!((locked.status, &locked.body["isLocked"]), (200, &json!(true)), "{:?}", locked.body);
    let refused = server.call("POST", &path("/join"), None, Some(&json!({"guestName": "Cy"}))).await;
    let expected = json!({"statusCode": 403, "message": "Room is locked", "error": "Forbidden"});
    assert_eq!((refused.status, refused.body), (403, expected));
    let dry = server.call("POST", &path("/join?dryRun=true"), None, None).await;
    assert_eq!((dry.status, &dry.body["reason"]), (200, &json!("ROOM_LOCKED")));
    let again = server.call("POST", &path("/join"), Some(&host), None).await;
    assert_eq!(again.status, 201, "who is in comes in again, locked or not");

    let full = json!({"isLocked": false, "maxParticipants": 2});
    assert_eq!(server.call("PATCH", &settings, Some(&host), Some(&full)).await.status, 200);
    let refused = server.call("POST", &path("/join"), None, Some(&json!({"guestName": "Cy"}))).await;
    assert_eq!((refused.status, &refused.body["message"]), (400, &json!("Room is full")));

    for _ in 0..2 {
        let left = server.call("POST", &path("/leave"), Some(&guest_session), None).await;
        assert_eq!((left.status, left.body), (204, Value::Null), "leaving may be repeated");
    }
    assert_eq!(
        server.call("POST", &path("/join"), None, Some(&json!({"guestName": "Cy"}))).await.status,
        201
    );

    let foreign = server.user_token("eve", "Eve");
    let denied = server.call("DELETE", &format!("/rooms/{id}"), Some(&foreign), None).await;
    assert_eq!((denied.status, &denied.body["message"]), (403, &json!("Only the host can do this")));
    assert_eq!(server.call("DELETE", &format!("/rooms/{id}"), Some(&host), None).await.status, 204);
    let over = server.call("POST", &path("/join"), Some(&host), None).await;
    assert_eq!((over.status, &over.body["message"]), (400, &json!("Room is no longer active")));
    assert_eq!(server.call("DELETE", &format!("/rooms/{id}"), Some(&host), None).await.status, 400);
    let seen = server.call("GET", &format!("/rooms/code/{code}"), None, None).await;
    assert_eq!((seen.status, &seen.body["isActive"]), (200, &json!(false)));
    server.stop().await;
}

#[tokio::test]
async fn bad_requests_are_told_what_is_wrong_and_change_nothing() {
    let server = Server::start(|_| {}).await;
    let host = server.user_token("ann", "Ann");
    let made = server.call("POST", "/rooms", Some(&host), None).await;
    let join = format!("/rooms/{}/join", text(&made.body["code"]));
    let long = "x".repeat(51);
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let bodies: Vec<Vec<u8>> = vec![
        b"not json".to_vec(),
        b"[]".to_vec(),
        b"{\"guestName\":\"\xff\"}".to_vec(),
        b"{\"guestName\":\"a\",\"guestName\":\"b\"}".to_vec(),
        b"{\"guestName\":7}".to_vec(),
        b"{}".to_vec(),
        b"{\"guestName\":\"   \"}".to_vec(),
        b"{\"guestName\":\"a\\u0007b\"}".to_vec(),
        format!("{{\"guestName\":\"{long}\"}}").into_bytes(),
        format!("{{\"guestName\":\"a\",\"more\":{deep}}}").into_bytes(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let refused = server.send("POST", &join, &[("content-type", "application/json")], body).await;
        assert_eq!((refused.status, &refused.body["error"]), (400, &json!("Bad Request")), "{shown}");
    }
    let refused = server.send("POST", &join, &[], vec![b' '; 64 * 1024 + 1]).await;
    assert_eq!(refused.status, 413);
    for token in ["x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ."] {
        let refused = server.call("POST", &join, Some(token), None).await;
        assert_eq!((refused.status, &refused.body["message"]), (401, &json!("Invalid token")), "{token}");
    }
    for code in ["zzz-zzz-zzz", "ABC-def-ghi", "abcdefghi", "abc-def-gh1"] {
        let refused = server.call("POST", &format!("/rooms/{code}/join"), Some(&host), None).await;
        assert_eq!((refused.status, &refused.body["message"]), (404, &json!("Room not found")), "{code}");
    }
    let room = server.call("GET", &format!("/rooms/{}", text(&made.body["id"])), Some(&host), None).await;
    assert_eq!(room.body["participantCount"], 0, "nobody got in");
    server.stop().await;
}

#[tokio::test]
async fn a_retried_request_with_a_key_has_the_effect_of_one() {
    let server = Server::start(|_| {}).await;
    let host = server.user_token("ann", "Ann");
    let bearer = format!("Bearer {host}");
    let create = async |key: &str, body: &str| {
        let headers = [("authorization", bearer.as_str()), ("Idempotency-Key", key)];
        server.send("POST", "/rooms", &headers, body.as_bytes().to_vec()).await
    };
    let first = create("one", "{}").await;
    let second = create("one", "{}").await;
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.body, second.body);
    let other = create("one", "{\"name\":\"x\"}").await;
    assert_eq!(other.status, 409);
    assert_eq!(other.body["message"], "Idempotency-Key was used with another request");
    assert_ne!(create("two", "{}").await.body["code"], first.body["code"]);
    server.stop().await;
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

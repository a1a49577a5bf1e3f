//! The server API over HTTP, against the whole stack: from the room to the seat and to the end.

use serde_json::{Value, json};
use testing::{API_KEY, Server};

#[tokio::test]
async fn a_room_a_token_a_seat_and_the_end() {
    let server = Server::start(|_| {}).await;
    let active = async || {
        let answered = server.signed("/auth/room/isRoomActive", &json!({"room_id": "demo"})).await;
        (answered.body["is_active"].clone(), answered.body["msg"].clone())
    };
    assert_eq!(active().await, (json!(false), json!("room not found")));
    let created = server.create_room("demo", Some(2)).await;
    assert_eq!((created.status, &created.body["status"]), (200, &json!(true)), "{:?}", created.body);
    assert_eq!(created.body["room_info"]["joined_participants"], "0");
    assert_eq!(active().await, (json!(true), json!("room is active")));
    let again = server.create_room("demo", Some(9)).await;
    assert_eq!(again.body["room_info"], created.body["room_info"], "an open room is returned unchanged");

    let token = server.mint("demo", "alice").await;
    let seated = server.redeem(&token).await;
    assert_eq!((seated.status, &seated.body["userId"]), (201, &json!("alice")), "{:?}", seated.body);
    let again = server.redeem(&token).await;
    assert_eq!((again.status, &again.body["message"]), (401, &json!("Token was already used")));

    let bob = server.mint("demo", "bob").await;
    let carol = server.mint("demo", "carol").await;
    assert_eq!(server.redeem(&bob).await.status, 201);
    let full = server.redeem(&carol).await;
    assert_eq!((full.status, &full.body["message"]), (400, &json!("Room is full")));

    let info = server.signed("/auth/room/getActiveRoomInfo", &json!({"room_id": "demo"})).await;
    assert_eq!(info.body["room"]["room_info"]["joined_participants"], "2");
    let people: Vec<_> = identities(&info.body);
    assert_eq!(people, ["alice", "bob"], "in order of arrival");

    let session = seated.body["session"]["token"].as_str().expect("a session token");
    let left = server.call("POST", "/api/leaveRoom", Some(session), None).await;
    assert_eq!((left.status, &left.body["status_code"]), (200, &json!("SUCCESS")));
    assert_eq!(server.redeem(&carol).await.status, 201, "the seat is free again");

    let ended = server.signed("/auth/room/endRoom", &json!({"room_id": "demo"})).await;
    assert_eq!(ended.body["msg"], "success");
    assert_eq!(active().await, (json!(false), json!("room is not active")));
    let refused = server.signed("/auth/room/endRoom", &json!({"room_id": "demo"})).await;
    assert_eq!(refused.body["msg"], "room not found or not active");
    let late = server.redeem(&server_token_of_ended(&server).await).await;
    assert_eq!((late.status, &late.body["message"]), (400, &json!("Room is no longer active")));
    server.stop().await;
}

#[tokio::test]
async fn rooms_are_listed_while_they_run_and_remembered_afterwards() {
    let files = json!({"css": ["a.css", "b.css"], "js": ["b.js", "a.js"]});
    let server = Server::start(|options| {
        options.overrides.push(("ClientFilesManifest".to_owned(), files.to_string()));
    })
    .await;
    let ask = async |path: &str, body: Value| server.signed(path, &body).await.body;
    assert_eq!(ask("/auth/room/getActiveRoomsInfo", json!({})).await["msg"], "no active room found");
    assert_eq!(ask("/auth/room/fetchPastRooms", json!({})).await["msg"], "no room found");
    server.create_room("one", None).await;
    server.create_room("two", None).await;
    assert_eq!(server.redeem(&server.mint("two", "alice").await).await.status, 201);
    let active = ask("/auth/room/getActiveRoomsInfo", json!({})).await;
    assert_eq!(active["rooms"][0]["room_info"]["room_id"], "one");
    assert_eq!(active["rooms"][1]["participants_info"][0]["identity"], "alice");

    let words = json!({"room_id": "two", "only_to_admins": true, "chat_msg": {"message": "hi"}});
    assert_eq!(ask("/auth/room/broadcastToRoom", words).await["msg"], "no online admin user found");
    let words = json!({"room_id": "two", "to_user_id": "alice", "notification_msg": {"text": "hi"}});
    assert_eq!(ask("/auth/room/broadcastToRoom", words).await["msg"], "success");

    assert_eq!(ask("/auth/room/endRoom", json!({"room_id": "two"})).await["status"], true);
    let active = ask("/auth/room/getActiveRoomsInfo", json!({})).await;
    assert_eq!(active["rooms"].as_array().expect("a list").len(), 1);
    let past = ask("/auth/room/fetchPastRooms", json!({"limit": 1})).await;
    let (result, session) = (&past["result"], &past["result"]["rooms_list"][0]);
    assert_eq!((&result["total_rooms"], &session["room_id"]), (&json!("2"), &json!("two")));
    assert_eq!(session["joined_participants"], "1");
    assert_ne!(session["ended"], "0001-01-01T00:00:00Z");

    let client = ask("/auth/getClientFiles", json!({})).await;
    assert_eq!(
        (&client["css_files"], &client["js_files"]),
        (&json!(["b.css", "a.css"]), &json!(["a.js", "b.js"]))
    );
    assert_eq!(ask("/auth/recording/fetch", json!({})).await["msg"], "no recording found");
    server.stop().await;
}

/// A token that was minted before its room ended.
async fn server_token_of_ended(server: &Server) -> String {
    assert_eq!(server.create_room("brief", None).await.status, 200);
    let token = server.mint("brief", "alice").await;
    let ended = server.signed("/auth/room/endRoom", &json!({"room_id": "brief"})).await;
    assert_eq!(ended.body["status"], true);
    // A new session under the same id shares nothing with the one before.
    assert_eq!(server.create_room("brief", None).await.status, 200);
    token
}

fn identities(body: &Value) -> Vec<&str> {
    let people = body["room"]["participants_info"].as_array().expect("a list");
    people.iter().filter_map(|person| person["identity"].as_str()).collect()
}

#[tokio::test]
async fn the_two_seed_paths_answer_without_the_prefix_too() {
    let server = Server::start(|_| {}).await;
    let room = json!({"room_id": "short", "metadata": {"room_title": "x", "room_features": {}}});
    assert_eq!(server.signed("/room/create", &room).await.body["status"], true);
    let user = json!({"room_id": "short", "user_info": {"user_id": "a", "name": "A"}});
    assert_eq!(server.signed("/room/getJoinToken", &user).await.body["status"], true);
    assert_eq!(server.signed("/room/isRoomActive", &json!({"room_id": "short"})).await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn a_request_is_authenticated_before_it_is_looked_at() {
    let server = Server::start(|_| {}).await;
    let post = async |headers: &[(&str, &str)]| {
        server.send("POST", "/auth/room/create", headers, b"{not json".to_vec()).await
    };
    for (headers, message) in [
        (vec![], "Missing API-KEY header."),
        (vec![("API-KEY", "nobody")], "Invalid API key provided."),
        (vec![("API-KEY", API_KEY)], "Missing HASH-SIGNATURE header."),
        (
            vec![("API-KEY", API_KEY), ("HASH-SIGNATURE", "00")],
            "Failed to verify provided authentication details.",
        ),
    ] {
        let refused = post(&headers).await;
        assert_eq!((refused.status, &refused.body["msg"]), (401, &json!(message)));
        assert_eq!(refused.body["status"], false);
    }
    server.stop().await;
}

#[tokio::test]
async fn the_log_names_route_and_room_and_nothing_secret() {
    let server = Server::start(|_| {}).await;
    server.create_room("quiet", None).await;
    let token = server.mint("quiet", "alice").await;
    let seated = server.redeem(&token).await;
    let session = seated.body["session"]["token"].as_str().expect("a session token").to_owned();
    server.call("POST", "/api/resume", Some(&session), None).await;
    let host = server.user_token("ann", "Ann");
    let made = server.call("POST", "/rooms", Some(&host), Some(&json!({"name": "Stand-up"}))).await;
    let [id, code] = ["id", "code"].map(|key| made.body[key].as_str().expect("a text").to_owned());
    server.call("GET", &format!("/rooms/{id}"), Some(&host), None).await;
    server.call("POST", &format!("/rooms/{code}/join"), Some(&host), None).await;
    server.call("GET", "/version", None, None).await;
    let console = server.console.clone();
    server.stop().await;

    let lines = console.kept();
    let logged: Vec<&String> = lines.iter().filter(|line| line.contains("outcome=\"OK\"")).collect();
    let by_code = format!("main/{id}");
    for (route, room) in [
        ("POST /auth/room/create", "main/quiet"),
        ("POST /auth/room/getJoinToken", "main/quiet"),
        ("POST /api/joinRoom", "main/quiet"),
        ("POST /api/resume", "main/quiet"),
        ("POST /rooms", &by_code),
        ("GET /rooms/{id}", &by_code),
        ("POST /rooms/{code}/join", &by_code),
    ] {
        let wanted = format!("route=\"{route}\" room={room} status=20");
        assert!(logged.iter().any(|line| line.contains(&wanted)), "{wanted}: {lines:?}");
    }
    assert!(logged.iter().any(|line| line.contains("route=\"GET /version\" status=200")), "{lines:?}");
    for secret in [token.as_str(), &session, &host, testing::API_SECRET] {
        assert!(!lines.iter().any(|line| line.contains(secret)), "{lines:?}");
    }
    // The stack's own lines of calls name the path; they stay on this machine.
    assert!(!logged.iter().any(|line| line.contains(&code)), "{lines:?}");
}

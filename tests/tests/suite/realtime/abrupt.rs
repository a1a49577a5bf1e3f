//! Connections that are lost at every step of the way, at every moment of it: no place outlasts them for longer than the
//! grace, and nobody has two.

use std::time::Duration;

use serde_json::{Value, json};
use testing::{Server, Socket};

use super::{Meeting, joined, session, sound};
use crate::webhooks::crashes::kill;

/// How long after a request the connection is cut: from before it is read to after it is answered.
const MOMENTS: [u64; 6] = [0, 3, 8, 15, 30, 80];

/// How long something is waited for that has to come at last.
const PATIENCE: Duration = Duration::from_mins(1);

/// A stack that keeps lost places for a second.
async fn start_briefly() -> Server {
    Server::start(|options| {
        for name in ["ReconnectGraceSeconds", "UnattachedTimeoutSeconds"] {
            options.overrides.push((name.to_owned(), "1".to_owned()));
        }
    })
    .await
}

/// Sends a request and is gone so many milliseconds later, whatever has come of it.
async fn cut_after(mut socket: Socket, event: &str, data: Value, millis: u64) {
    socket.send(&json!({"event": event, "id": "lost", "data": data}).to_string()).await;
    tokio::time::sleep(Duration::from_millis(millis)).await;
    socket.cut();
}

/// Those of the present session who stand like this.
async fn those_who(server: &Server, room_id: &str, standing: &str) -> Vec<String> {
    let key = format!("ROOM#main/{room_id}");
    let items = server.items().await;
    let state = items.iter().find(|item| item["pk"]["S"] == *key && item["sk"]["S"] == "STATE");
    let sid = &state.expect("a room")["sid"];
    let is_one =
        |item: &&Value| item["pk"]["S"] == *key && &item["sid"] == sid && item["status"]["S"] == standing;
    items.iter().filter(is_one).filter_map(|item| item["sk"]["S"].as_str().map(str::to_owned)).collect()
}

/// Waits until of a room's places only the host's seat is taken, and of the connections so many are known.
async fn is_left_alone(server: &Server, room_id: &str, connections: usize) {
    let waited = async {
        loop {
            let (active, waiting) =
                (those_who(server, room_id, "active").await, those_who(server, room_id, "waiting").await);
            let known = server.connections().await;
            if active == ["PARTICIPANT#hanna"] && waiting.is_empty() && known.len() == connections {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waited).await;
    assert!(waited.is_ok(), "{room_id}: {:#?}", server.items().await);
    sound::check(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_lost_at_any_step_of_a_join_holds_no_seat_for_longer_than_the_grace() {
    let server = start_briefly().await;
    let mut meeting = Meeting::of(&server, json!({})).await;
    let code = json!({"code": meeting.code});
    // Right after connecting.
    server.socket(Some(&server.user_token("early", "Early"))).await.cut();
    // Between the request and its answer, and after it; of one person at every moment, and of others once.
    for millis in MOMENTS {
        for name in ["ann".to_owned(), format!("user{millis}")] {
            let socket = server.socket(Some(&server.user_token(&name, &name))).await;
            cut_after(socket, "join-room", code.clone(), millis).await;
        }
        let guest = json!({"code": meeting.code, "guestName": "Gus", "key": format!("the-random-key-of-{millis:05}")});
        cut_after(server.socket(None).await, "join-room", guest.clone(), millis).await;
        // Whatever became of the first request: the same one gives one guest.
        cut_after(server.socket(None).await, "join-room", guest, millis).await;
    }
    let (ann, first) = joined(&server, &meeting.code, "ann").await;
    ann.cut();
    // A join by a session token, where its answer is lost.
    let token = session(&first);
    for millis in MOMENTS {
        cut_after(server.socket(Some(&token)).await, "join-room", json!({}), millis).await;
    }
    sound::check(&server).await;
    is_left_alone(&server, &meeting.id, 1).await;
    // And all can come back.
    let (_ann, again) = joined(&server, &meeting.code, "ann").await;
    assert_eq!(again["id"], first["id"]);
    assert_eq!(meeting.hanna.done("sync", json!({})).await["room"]["participantCount"], json!(2));
    sound::check(&server).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_lost_in_the_waiting_room_or_as_he_is_let_in_leaves_no_place_behind() {
    let server = start_briefly().await;
    let mut meeting = Meeting::of(&server, json!({"waitingRoom": true})).await;
    let code = json!({"code": meeting.code});
    for millis in MOMENTS {
        let name = format!("user{millis}");
        let socket = server.socket(Some(&server.user_token(&name, &name))).await;
        cut_after(socket, "join-room", code.clone(), millis).await;
    }
    is_left_alone(&server, &meeting.id, 1).await;
    // Admitted while he goes: he waits, or has a seat, or neither; but not for long.
    for millis in MOMENTS {
        let (socket, waits) = joined(&server, &meeting.code, &format!("late{millis}")).await;
        let cut = async {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            socket.cut();
        };
        let admit = meeting.hanna.ask("admit-participant", json!({"participantId": waits["id"]}));
        let (admitted, ()) = tokio::join!(admit, cut);
        assert!(admitted.is_ok(), "{admitted:?}");
    }
    sound::check(&server).await;
    is_left_alone(&server, &meeting.id, 1).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_lost_between_two_rooms_is_in_neither_in_the_end() {
    let server = start_briefly().await;
    let (one, other) = (Meeting::of(&server, json!({})).await, Meeting::of(&server, json!({})).await);
    for millis in MOMENTS {
        let name = format!("user{millis}");
        let (socket, _) = joined(&server, &one.code, &name).await;
        cut_after(socket, "join-room", json!({"code": other.code}), millis).await;
    }
    sound::check(&server).await;
    for room in [&one.id, &other.id] {
        is_left_alone(&server, room, 2).await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_lost_with_the_process_that_lets_him_in_is_in_no_room_in_the_end() {
    let server = start_briefly().await;
    let (one, other) = (Meeting::of(&server, json!({})).await, Meeting::of(&server, json!({})).await);
    let mut killed = 0;
    for millis in MOMENTS {
        let name = format!("user{millis}");
        // Once as he joins, once as he moves on: between the two rooms he has a seat in each.
        for moves in [false, true] {
            let mut socket = server.socket(Some(&server.user_token(&name, &name))).await;
            // Where nobody has asked before, it is a process that starts which ends.
            let first = if moves { json!({"code": one.code}) } else { json!({}) };
            assert_eq!(socket.ask("join-room", first).await.is_ok(), moves);
            socket.emit("join-room", json!({"code": other.code})).await;
            tokio::time::sleep(Duration::from_millis(millis)).await;
            killed += kill(&server, &["on_join_room"]);
            socket.cut();
        }
    }
    assert!(killed >= MOMENTS.len(), "somebody was at work: {killed}");
    sound::check(&server).await;
    for room in [&one.id, &other.id] {
        is_left_alone(&server, room, 2).await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_lost_as_his_session_ends_is_in_no_session_and_the_next_one_is_his() {
    let server = start_briefly().await;
    let mut meeting = Meeting::of(&server, json!({})).await;
    for millis in MOMENTS {
        let (ann, before) = joined(&server, &meeting.code, "ann").await;
        let (gus, _) = meeting.guest(&server, "Gus").await;
        let cut = async {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            ann.cut();
            gus.cut();
        };
        let body = json!({"room_id": meeting.id});
        let end = server.signed("/auth/room/endRoom", &body);
        let (ended, ()) = tokio::join!(end, cut);
        assert_eq!(ended.body["status"], true, "{ended:?}");
        sound::check(&server).await;
        let state = server.item(&format!("ROOM#main/{}", meeting.id), "STATE").await;
        assert_eq!(state["status"]["S"], "idle");
        // The host is told, and starts the next one.
        meeting.hanna.closed().await;
        let refused = server.socket(Some(&session(&before))).await.refused("join-room", json!({})).await;
        assert_eq!(refused, (400, "Room is no longer active".to_owned()));
        (meeting.hanna, _) = joined(&server, &meeting.code, "hanna").await;
    }
    let (mut ann, joined) = joined(&server, &meeting.code, "ann").await;
    assert_eq!(joined["room"]["participantCount"], json!(2));
    ann.done("sync", json!({})).await;
    sound::check(&server).await;
    server.stop().await;
}

//! People who get in each other's way: several devices of one of them, one who talks without end, all who show themselves
//! otherwise at once, and a room that is joined, left, locked and ended all at once.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use local::simulate::Profile;
use serde_json::{Value, json};
use testing::{Server, Socket};
use tokio::task::JoinSet;

use super::{Meeting, dismissed, sound};

/// How long anything may take on a small machine, where calls fail.
const PATIENCE: Duration = Duration::from_mins(2);

/// After so long no more is to be told: a round comes a second after what it tells.
const QUIET: Duration = Duration::from_millis(1500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_devices_at_once_one_stays_and_all_others_are_told() {
    let server = Arc::new(Server::start(|_| {}).await);
    let meeting = Meeting::of(&server, json!({"maxParticipants": 2})).await;
    let mut joins = JoinSet::new();
    for _ in 0..8 {
        let (server, code) = (Arc::clone(&server), meeting.code.clone());
        joins.spawn(async move {
            let mut socket = server.socket(Some(&server.user_token("ann", "Ann"))).await;
            let joined = socket.try_ask("join-room", json!({"code": code})).await;
            (socket, joined)
        });
    }
    let all = joins.join_all().await;
    server.stack.settled().await;
    let mut ids = HashSet::new();
    let mut live = vec![];
    for (mut socket, joined) in all {
        // Whoever is replaced before he is answered may be closed without.
        ids.extend(joined.map(|joined| joined.expect("a seat")["id"].to_string()));
        match socket.try_ask("sync", json!({})).await {
            Some(Ok(state)) => live.push(state),
            Some(Err(refused)) => panic!("neither in nor closed: {refused}"),
            None => {
                dismissed(&mut socket, "force-disconnect", json!({"reason": "duplicate"})).await;
            }
        }
    }
    assert_eq!((ids.len(), live.len()), (1, 1), "one stays, as the one she is");
    sound::check(&server).await;
    drop(meeting);
    Arc::into_inner(server).expect("nobody else has it").stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_talks_without_end_is_refused_and_closed_and_the_others_are_not_disturbed() {
    let server = Server::start(|_| {}).await;
    let mut meeting = Meeting::of(&server, json!({})).await;
    let (mut spammer, _) = meeting.user(&server, "spam").await;
    let (mut gus, _) = meeting.guest(&server, "Gus").await;
    let flood = tokio::spawn(async move {
        for number in 0..1000 {
            if spammer.try_send(&json!({"event": "ping", "id": number}).to_string()).await.is_err() {
                break;
            }
        }
        spammer.closed().await
    });
    for number in 0..20 {
        let words = json!({"content": format!("word {number}")});
        let said = meeting.hanna.done("chat-message", words).await;
        let heard = gus.event("chat-message").await;
        assert_eq!((&heard["id"], &heard["content"]), (&said["id"], &said["content"]));
    }
    let said = flood.await.expect("it is closed");
    let refused: Vec<_> = said.iter().filter(|message| message["event"] == "error").collect();
    assert!(refused.iter().all(|error| error["data"]["statusCode"] == 429), "{refused:?}");
    let answered = said.iter().filter(|message| message["event"] == "pong").count();
    // One of the fifty was his join.
    assert!(!refused.is_empty() && answered >= 49, "{answered} answered, {} refused", refused.len());
    meeting.hanna.done("sync", json!({})).await;
    gus.done("sync", json!({})).await;
    sound::check(&server).await;
    server.stop().await;
}

/// Who is in, as a client knows it by what it was told.
struct Known {
    seq: u64,
    people: BTreeMap<String, Value>,
}

impl Known {
    /// What was answered takes the place of all that was heard before.
    fn anew(socket: &mut Socket, answer: &Value) -> Self {
        socket.forget();
        let mut known = Self { seq: answer["seq"].as_u64().expect("a number"), people: BTreeMap::new() };
        known.add(&answer["participants"]);
        known
    }

    fn add(&mut self, people: &Value) {
        for person in people.as_array().expect("a list") {
            self.people.insert(person["id"].to_string(), person.clone());
        }
    }

    /// Takes notice of what it has not got yet; says whether it has missed something before that, and is to ask.
    fn hear(&mut self, presence: &Value) -> bool {
        let [seq, since] = ["seq", "since"].map(|name| presence[name].as_u64().expect("a number"));
        if seq <= self.seq || since > self.seq {
            return seq > self.seq;
        }
        self.seq = seq;
        for person in presence["left"].as_array().expect("a list") {
            self.people.remove(&person["id"].to_string());
        }
        self.add(&presence["joined"]);
        self.add(&presence["changed"]);
        false
    }
}

/// Comes in, shows himself otherwise a few times, asks now and then who is in, and goes and comes back between.
async fn fidget(server: &Server, code: &str, number: u64) -> (Socket, Known) {
    let name = format!("user{number}");
    let mut socket = server.socket(Some(&server.user_token(&name, &name))).await.patient(PATIENCE);
    let join = json!({"code": code});
    let mut joined = socket.done("join-room", join.clone()).await;
    let mut known = Known::anew(&mut socket, &joined);
    for round in 0..4 {
        tokio::time::sleep(Duration::from_millis(100 + (number * 7 + round * 3) % 11 * 60)).await;
        socket.done("toggle-hand-raise", json!({"enabled": round % 2 == 0})).await;
        match (number + round) % 4 {
            0 => {
                let state = socket.done("sync", json!({})).await;
                known = Known::anew(&mut socket, &state);
            }
            1 if round == 1 => {
                socket.done("leave-room", json!({})).await;
                joined = socket.done("join-room", join.clone()).await;
                known = Known::anew(&mut socket, &joined);
            }
            _ => {}
        }
    }
    (socket, known)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_while_all_change_knows_in_the_end_who_is_in_and_how() {
    let server = Server::start(|options| options.simulate = Some(Profile::Aws)).await;
    let mut meeting = Meeting::of(&server, json!({})).await;
    let server = Arc::new(server);
    let mut people = JoinSet::new();
    for number in 0..16 {
        let (server, code) = (Arc::clone(&server), meeting.code.clone());
        people.spawn(async move {
            tokio::time::sleep(Duration::from_millis(number * 90)).await;
            fidget(&server, &code, number).await
        });
    }
    let mut all = people.join_all().await;
    let state = meeting.hanna.done("sync", json!({})).await;
    let truth = Known::anew(&mut meeting.hanna, &state).people;
    assert!(truth.len() >= 17, "{truth:?}");
    // All stay until the last has been looked at: whoever goes is away.
    for (socket, known) in &mut all {
        loop {
            let patience = if known.people == truth { QUIET } else { PATIENCE };
            if !socket.hears("presence", patience).await {
                assert_eq!(known.people, truth, "as of {}", known.seq);
                break;
            }
            if known.hear(&socket.event("presence").await) {
                let state = socket.done("sync", json!({})).await;
                *known = Known::anew(socket, &state);
            }
        }
    }
    sound::check(&server).await;
    drop(meeting);
    Arc::into_inner(server).expect("nobody else has it").stop().await;
}

/// What somebody may be told who joins a room in which anything happens.
fn is_lawful(refused: &Value) -> bool {
    let refused = (refused["statusCode"].as_u64(), refused["message"].as_str().unwrap_or_default());
    matches!(
        refused,
        (Some(400), "Room is full" | "Room is no longer active")
            | (Some(403), "Room is locked" | "You are not in this room")
            | (Some(503), _)
    )
}

/// Comes and goes a few times, now politely, now not.
async fn come_and_go(server: &Server, code: &str, number: usize) {
    let name = format!("user{number}");
    for round in 0..3 {
        let mut socket = server.socket(Some(&server.user_token(&name, &name))).await.patient(PATIENCE);
        let data = json!({"code": code});
        match socket.try_ask("join-room", data).await {
            Some(Err(refused)) => assert!(is_lawful(&refused), "{refused}"),
            // The session has ended before he was answered.
            None => continue,
            Some(Ok(_)) => {}
        }
        match (number + round) % 3 {
            0 => socket.cut(),
            1 => {
                let _ = socket.try_ask("leave-room", json!({})).await;
            }
            // Somebody else's turn, by a second connection while the first one stands.
            _ => {
                let mut second =
                    server.socket(Some(&server.user_token(&name, &name))).await.patient(PATIENCE);
                let _ = second.try_ask("join-room", json!({"code": code})).await;
                second.close().await;
            }
        }
    }
}

/// Locks and opens the room, as whoever is host at the moment.
async fn lock_and_open(server: &Server, code: &str) {
    let token = server.user_token("hanna", "Hanna");
    for round in 0..10 {
        let mut hanna = server.socket(Some(&token)).await.patient(PATIENCE);
        if let Some(Ok(_)) = hanna.try_ask("join-room", json!({"code": code})).await {
            let _ = hanna.try_ask("lock-room", json!({"locked": round % 2 == 0})).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        let _ = hanna.try_ask("lock-room", json!({"locked": false})).await;
        drop::<Socket>(hanna);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joins_leaves_locks_and_ends_race_where_calls_fail_and_the_table_is_sound() {
    let server = Server::start(|options| {
        options.simulate = Some(Profile::Faults);
        options.seed = 11;
    })
    .await;
    let (id, code) = server.room_by_code("hanna", &json!({"maxParticipants": 8})).await;
    let server = Arc::new(server);
    let mut people = JoinSet::new();
    for number in 0..16 {
        let (server, code) = (Arc::clone(&server), code.clone());
        people.spawn(async move { come_and_go(&server, &code, number).await });
    }
    let host = (Arc::clone(&server), code.clone());
    people.spawn(async move { lock_and_open(&host.0, &host.1).await });
    let (api, room_id) = (Arc::clone(&server), id.clone());
    people.spawn(async move {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            api.signed("/auth/room/endRoom", &json!({ "room_id": room_id })).await;
        }
    });
    people.join_all().await;
    sound::check(&server).await;
    let host = server.user_token("hanna", "Hanna");
    let settings = format!("/rooms/{id}/settings");
    // An answer may be lost, as any.
    while server.call("PATCH", &settings, Some(&host), Some(&json!({"isLocked": false}))).await.status != 200
    {
    }
    let history = server.history(&format!("ROOM#main/{id}"), "STATE").await;
    let seen =
        |is_it: &dyn Fn(&testing::history::Step) -> bool| history.iter().filter(|step| is_it(step)).count();
    assert!(seen(&|step| step.new["locked"]["BOOL"] == true) > 0, "it was locked at times");
    assert!(seen(&|step| step.old["sid"] != step.new["sid"]) > 1, "it was ended at times, and began again");
    assert!(seen(&|step| step.number_after("seats") > step.number_before("seats")) > 10, "people came");
    Arc::into_inner(server).expect("nobody else has it").stop().await;
}

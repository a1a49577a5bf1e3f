//! Two sweeps at once, and people who come and go while sessions become due and are ended, with and without a DynamoDB
//! that fails: what is told fits what the calls were told, and the seats are those who are in.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use local::simulate::Profile;
use models::{RoomKey, Status, Tenant};
use serde_json::json;
use store::Page;
use testing::Server;
use testing::receiver::Receiver;
use tokio::task::JoinSet;

use super::{EVERYWHERE, Told, create, start, text, told_at};

const SEATS: u32 = 3;
const PEOPLE: u64 = 5;

/// What becomes of a session while people come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is due when the first ones come.
    Unused,
    /// Whoever comes leaves.
    Left,
    /// Its duration is over.
    Over,
    /// It is ended.
    Ended,
    /// Nothing.
    Lives,
}

const FATES: [Fate; 10] = [
    Fate::Unused,
    Fate::Left,
    Fate::Over,
    Fate::Ended,
    Fate::Lives,
    Fate::Unused,
    Fate::Left,
    Fate::Over,
    Fate::Ended,
    Fate::Unused,
];

/// How often each of a session's people was let in; none where the answer does not say.
type Visits = BTreeMap<String, Option<usize>>;

fn room_key(room_id: &str) -> RoomKey {
    RoomKey { tenant: Tenant::main(), room: room_id.try_into().expect("an id") }
}

/// Comes about when the session becomes due, and leaves soon, or stays.
async fn visit(server: Arc<Server>, token: String, fate: Fate, person: u64) -> Option<usize> {
    tokio::time::sleep(Duration::from_millis(800 + 100 * person)).await;
    let seated = server.redeem(&token).await;
    match seated.status {
        201 => {}
        400 => return Some(0),
        status => {
            assert!(status >= 500, "{:?}", seated.body);
            return None;
        }
    }
    if fate == Fate::Left || person == 2 {
        tokio::time::sleep(Duration::from_millis(30 * person)).await;
        let session = text(&seated.body["session"]["token"]);
        let left = server.call("POST", "/api/leaveRoom", Some(&session), None).await;
        assert!(left.status == 200 || left.status >= 500, "{:?}", left.body);
    }
    Some(1)
}

/// Brings about what becomes of a session.
async fn meet(server: Arc<Server>, room_id: String, fate: Fate) {
    let due_within = async |within: i64| {
        let due_at = server.store().now().millis() + within;
        server.change(&format!("ROOM#main/{room_id}"), "STATE", &[("due_at", due_at)]).await;
    };
    match fate {
        Fate::Unused => due_within(1000).await,
        Fate::Over => {
            tokio::time::sleep(Duration::from_secs(1)).await;
            due_within(50).await;
        }
        Fate::Ended => {
            tokio::time::sleep(Duration::from_millis(1050)).await;
            end(&server, &room_id).await;
        }
        Fate::Left | Fate::Lives => {}
    }
}

/// Ends a session that may be over already.
async fn end(server: &Server, room_id: &str) {
    while server.signed("/auth/room/endRoom", &json!({ "room_id": room_id })).await.status >= 500 {}
}

/// Two sweeps at once, again and again.
async fn sweep(server: Arc<Server>) {
    for _ in 0..15 {
        tokio::join!(server.stack.tick(), server.stack.tick());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The session's seats are its people. Says whether it runs.
async fn check_seats(server: &Server, room_id: &str) -> bool {
    let whole = server.store().whole_room(&room_key(room_id)).await.expect("readable");
    let Some(state) = whole.room.filter(|room| room.status == Status::Open) else { return false };
    let active = whole.participants.iter().filter(|person| person.is_in(&state)).count();
    assert_eq!(usize::try_from(state.seats).expect("few"), active, "{room_id}");
    true
}

/// What was told is what the calls were told, and what is remembered.
async fn check_told(server: &Server, room_id: &str, told: &[Told], visits: &Visits) {
    let most = told.iter().map(|told| told.people).max().unwrap_or(0);
    assert!(most <= u64::from(SEATS), "{told:#?}");
    let mut joined = HashSet::new();
    for (user, visits) in visits {
        let comes = |told: &&Told| told.event == "participant_joined" && told.user.as_ref() == Some(user);
        let count = told.iter().filter(comes).count();
        assert!(visits.is_none_or(|visits| visits == count), "{user}: {visits:?}: {told:#?}");
        joined.extend((count > 0).then_some(user));
    }
    let page = Page { from: 0, limit: 10, ascending: true };
    let past = server.store().history_of(&[room_key(room_id)].into(), page).await.expect("readable");
    assert_eq!(past.sessions.len(), 1, "{room_id} is remembered once");
    let remembered = (past.sessions[0].joined as usize, past.sessions[0].peak.map(u64::from));
    assert_eq!(remembered, (joined.len(), Some(most)), "{room_id}: {told:#?}");
}

async fn race(simulate: Option<Profile>) {
    let receiver = Receiver::start();
    let server = start(receiver.url(EVERYWHERE), |options| {
        options.simulate = simulate;
        options.overrides.push(("DepartureTimeoutSeconds".to_owned(), "0".to_owned()));
    })
    .await;
    let server = Arc::new(server);
    let mut rooms = Vec::new();
    for (number, fate) in FATES.into_iter().enumerate() {
        let room_id = format!("room-{number}");
        let sid = create(&server, &room_id, None, json!({"max_participants": SEATS})).await;
        let mut tokens = Vec::new();
        for person in 0..PEOPLE {
            tokens.push(server.mint(&room_id, &format!("user{person}")).await);
        }
        rooms.push((room_id, sid, fate, tokens));
    }
    let (mut visits, mut others) = (JoinSet::new(), JoinSet::new());
    for (room_id, _, fate, tokens) in &mut rooms {
        others.spawn(meet(Arc::clone(&server), room_id.clone(), *fate));
        for (person, token) in (0..).zip(std::mem::take(tokens)) {
            let (visit, room_id) = (visit(Arc::clone(&server), token, *fate, person), room_id.clone());
            visits.spawn(async move { (room_id, format!("user{person}"), visit.await) });
        }
    }
    others.spawn(sweep(Arc::clone(&server)));
    let mut visited: BTreeMap<String, Visits> = BTreeMap::new();
    for (room_id, user, visit) in visits.join_all().await {
        visited.entry(room_id).or_default().insert(user, visit);
    }
    others.join_all().await;
    server.stack.tick().await;

    let mut lives = false;
    for (room_id, ..) in &rooms {
        if check_seats(&server, room_id).await {
            lives = true;
            end(&server, room_id).await;
        }
    }
    assert!(lives, "nothing has ended it");
    for (_, sid, ..) in &rooms {
        receiver.finished(EVERYWHERE, sid).await;
    }
    server.stack.settled().await;
    for (room_id, sid, ..) in &rooms {
        check_told(&server, room_id, &told_at(&receiver, EVERYWHERE, sid), &visited[room_id]).await;
    }
    Arc::into_inner(server).expect("all calls are over").stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_races_its_end_a_session_is_told_whole_and_its_seats_are_its_people() {
    race(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_is_where_the_database_fails() {
    race(Some(Profile::Faults)).await;
}

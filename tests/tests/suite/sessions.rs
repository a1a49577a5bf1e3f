//! Sessions begin and end under the same id while people come, go and are given tokens: what one session was told never
//! shows in the next, with and without a DynamoDB that behaves as the one at AWS does under load, and fails.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use models::{EndReason, JoinToken, Random as _, Refusal, RoomKey, Sid, SystemRandom, UserId};
use store::{Admission, Ending, Halt, Retention};
use testing::TestTable;
use testing::rooms::{CODE_RETENTION, PAST_ROOMS, Rooms, new_room, new_token, session_of, user_id};
use tokio::task::JoinSet;

use crate::races::{DEPARTURE, tables};

const ROOM: &str = "phoenix";
const SEATS: u32 = 6;
const PEOPLE: u64 = 10;

/// How far a race has come.
#[derive(Default)]
struct Race {
    begun: AtomicUsize,
    visits: AtomicUsize,
}

impl Race {
    /// Whether enough has happened.
    fn is_over(&self) -> bool {
        self.begun.load(Ordering::Relaxed) >= 6 && self.visits.load(Ordering::Relaxed) >= 50
    }
}

/// Somebody was let in, and whether he left again.
type Visit = (Admission, bool);

/// What the calls of a race were told.
struct Told {
    /// Who was let in, in the order in which he was.
    visits: HashMap<UserId, Vec<Visit>>,
    /// The sessions that a create began.
    begun: HashSet<Sid>,
    /// How many sessions an end ended.
    ended: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_under_one_id_share_nothing_however_their_calls_race() {
    for (name, table) in tables().await {
        let key = new_room(ROOM).key;
        let told = race(&table.rooms(), &key).await;
        let sids = check_state(name, &table, &key, &told).await;
        check_people(name, &table, &key, &told, &sids).await;
    }
}

/// Everybody comes and goes, gets tokens late, and the session ends and begins, until enough has happened.
async fn race(rooms: &Rooms, key: &RoomKey) -> Told {
    let race = Arc::new(Race::default());
    let (mut creates, mut ends, mut mints, mut people) =
        (JoinSet::new(), JoinSet::new(), JoinSet::new(), JoinSet::new());
    for number in 0..2 {
        creates.spawn(begin_sessions(rooms.clone(), number, Arc::clone(&race)));
        ends.spawn(end_sessions(rooms.clone(), key.clone(), number, Arc::clone(&race)));
    }
    for number in 0..PEOPLE {
        people.spawn(visit(rooms.clone(), key.clone(), number, Arc::clone(&race)));
        mints.spawn(mint_late(rooms.clone(), key.clone(), number, Arc::clone(&race)));
    }
    let visits = people.join_all().await.into_iter().collect();
    mints.join_all().await;
    let begun: Vec<Sid> = creates.join_all().await.into_iter().flatten().collect();
    let told =
        Told { visits, begun: begun.iter().copied().collect(), ended: ends.join_all().await.iter().sum() };
    assert_eq!(told.begun.len(), begun.len(), "no session begins twice");
    told
}

async fn begin_sessions(rooms: Rooms, number: u64, race: Arc<Race>) -> Vec<Sid> {
    let mut begun = Vec::new();
    while !race.is_over() {
        let new = store::NewRoom { max_participants: Some(SEATS), ..new_room(ROOM) };
        let sid = Sid(SystemRandom.uuid());
        let created = rooms.store().create_room(&new, sid, rooms.store().now(), PAST_ROOMS, None).await;
        let created = created.expect("created or found");
        if created.fresh {
            assert_eq!(created.room.sid, sid);
            begun.push(sid);
            race.begun.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(Duration::from_millis(5 + number)).await;
    }
    begun
}

async fn end_sessions(rooms: Rooms, key: RoomKey, number: u64, race: Arc<Race>) -> usize {
    let ending = Ending::Session(Retention { past_rooms: PAST_ROOMS, code: CODE_RETENTION });
    let mut ended = 0;
    while !race.is_over() {
        // When some have come; and if nobody does, for the seats may all be taken, after a while.
        let enough = race.visits.load(Ordering::Relaxed) + 5;
        for _ in 0..20 {
            if race.visits.load(Ordering::Relaxed) >= enough || race.is_over() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20 + 2 * number)).await;
        }
        match rooms.store().end(&key, ending, EndReason::Api, |_| Ok(()), None).await {
            Ok(()) => ended += 1,
            Err(Halt::Refused(Refusal::RoomNotActive | Refusal::RoomNotFound)) => {}
            Err(halt) => panic!("lost: {halt:?}"),
        }
    }
    ended
}

/// Comes again and again, each time with a token that he uses twice at once, and leaves every other time.
async fn visit(rooms: Rooms, key: RoomKey, number: u64, race: Arc<Race>) -> (UserId, Vec<Visit>) {
    let user = format!("user{number}");
    let mut visits = Vec::new();
    for round in 0.. {
        if race.is_over() {
            break;
        }
        tokio::time::sleep(Duration::from_millis((7 * number + 13 * round) % 30)).await;
        let Some(token) = mint(&rooms, &key, &user, || ()).await else { continue };
        let (one, other) = tokio::join!(rooms.redeem(&token), rooms.redeem(&token));
        let refusals = [&one, &other].into_iter().filter_map(|redeemed| redeemed.as_ref().err());
        for refusal in refusals {
            let lawful = matches!(refusal, Refusal::RoomNotActive | Refusal::UsedToken | Refusal::RoomFull);
            assert!(lawful, "{refusal:?}");
        }
        assert!(one.is_err() || other.is_err(), "a token admits once");
        let Ok(admission) = one.or(other) else { continue };
        assert_eq!(admission.sid, token.id.sid, "the token's session, and no other");
        let mut left = false;
        if round % 2 == 1 {
            tokio::time::sleep(Duration::from_millis(number % 4)).await;
            left = rooms.store().leave(&session_of(&admission), DEPARTURE, None).await.expect("answered");
        }
        visits.push((admission, left));
        race.visits.fetch_add(1, Ordering::Relaxed);
    }
    (user_id(&user), visits)
}

/// Mints tokens that nobody uses: slowly, so that the session that was read may be over when they are stored.
async fn mint_late(rooms: Rooms, key: RoomKey, number: u64, race: Arc<Race>) {
    let between = || {
        tokio::task::block_in_place(|| std::thread::sleep(Duration::from_millis(40 + 10 * (number % 5))));
    };
    while !race.is_over() {
        mint(&rooms, &key, &format!("user{number}"), between).await;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

/// A token; none when there is no session just now.
async fn mint(rooms: &Rooms, key: &RoomKey, user: &str, between: impl Fn() + Sync) -> Option<JoinToken> {
    match rooms.try_mint(key, new_token(user, rooms.store().now()), between).await {
        Ok(token) => Some(token),
        Err(Halt::Refused(Refusal::RoomNotActive)) => None,
        Err(halt) => panic!("lost: {halt:?}"),
    }
}

/// Checks every version of the room's state against the rules and against what the calls were told. Gives the sessions in
/// their order.
async fn check_state(name: &str, table: &TestTable, key: &RoomKey, told: &Told) -> Vec<String> {
    let mut changes: HashMap<String, usize> = HashMap::new();
    let (mut sids, mut ended) = (Vec::new(), 0);
    for step in table.history(key).await.iter().filter(|step| step.old != step.new) {
        let sid = step.new["sid"]["S"].as_str().expect("a session").to_owned();
        let seats = (step.number_before("seats"), step.number_after("seats"));
        if step.old["sid"] != step.new["sid"] {
            assert!(
                step.old.is_null() || step.old["status"]["S"] == "ended",
                "{name}: the one before is over"
            );
            let fresh = (step.number_after("seats"), step.number_after("seq"), step.number_after("hooks"));
            assert_eq!(fresh, (0, 1, 2), "{name}: a session begins with nothing");
            assert!(step.new["started_at"].is_null(), "{name}: nobody has come yet");
            assert!(!sids.contains(&sid), "{name}: no session is revived");
            sids.push(sid);
            continue;
        }
        assert_eq!(step.old["status"]["S"], "open", "{name}: nothing happens in an ended session");
        assert_eq!(step.number_after("seq"), step.number_before("seq") + 1, "{name}: the next number");
        assert!(seats.0.abs_diff(seats.1) <= 1, "{name}: one seat at a time: {seats:?}");
        assert!(seats.1 <= i64::from(SEATS), "{name}: {seats:?}");
        if step.new["status"]["S"] == "ended" {
            assert_eq!(seats.0, seats.1, "{name}");
            ended += 1;
        } else {
            *changes.entry(sid).or_default() += 1;
        }
    }
    let mut expected: HashMap<String, usize> = HashMap::new();
    for (admission, left) in told.visits.values().flatten() {
        *expected.entry(admission.sid.to_string()).or_default() += 1 + usize::from(*left);
    }
    assert_eq!(changes, expected, "{name}: each session changed as often as callers were told");
    let begun: HashSet<String> = told.begun.iter().map(Sid::to_string).collect();
    assert_eq!(sids.iter().cloned().collect::<HashSet<_>>(), begun, "{name}: every session has its create");
    assert_eq!(ended, told.ended, "{name}: every end ended one session");
    assert!(expected.len() >= 3, "{name}: people were in {} sessions", expected.len());
    sids
}

/// Checks every version of every person: nobody falls back into an earlier session, nor out of his seat but by leaving; and
/// who is in at the end is who was told so.
async fn check_people(name: &str, table: &TestTable, key: &RoomKey, told: &Told, sids: &[String]) {
    let place = |item: &serde_json::Value| {
        let sid = item["sid"]["S"].as_str();
        sids.iter().position(|known| Some(known.as_str()) == sid).expect("a session of this room")
    };
    for user in told.visits.keys() {
        for step in table.history_of(key, user).await.iter().filter(|step| !step.old.is_null()) {
            assert!(place(&step.old) <= place(&step.new), "{name}: {user} fell back: {step:?}");
            let was_in = step.old["status"]["S"] == "active" && step.old["sid"] == step.new["sid"];
            let status = step.new["status"]["S"].as_str().unwrap_or_default();
            assert!(
                !was_in || ["active", "left"].contains(&status),
                "{name}: {user} lost his seat: {step:?}"
            );
            let kept = status != "active" || step.new["expires_at"].is_null();
            assert!(kept, "{name}: TTL would take a seat: {step:?}");
        }
    }
    let whole = table.calm_store().whole_room(key).await.expect("readable");
    let state = whole.room.expect("a room");
    let last = told.visits.values().filter_map(|visits| visits.last());
    let expected: HashMap<_, _> = last
        .filter(|(admission, left)| admission.sid == state.sid && !left)
        .map(|(admission, _)| (admission.user.clone(), Some(admission.session)))
        .collect();
    let active = whole.participants.into_iter().filter(|person| person.is_in(&state));
    let active: HashMap<_, _> = active.map(|person| (person.user, person.session)).collect();
    assert_eq!(active, expected, "{name}: who is in, and by which sitting");
    assert_eq!(
        usize::try_from(state.seats).expect("few"),
        active.len(),
        "{name}: seats are those who are in"
    );
}

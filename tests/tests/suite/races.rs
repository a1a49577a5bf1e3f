//! Many people at one door: the invariants of admission under concurrency, with and without a DynamoDB that behaves as
//! the one at AWS does under load, and fails.
//!
//! What the calls were told is compared with what the table holds, and with every version that the room's state went
//! through, as its stream has them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use local::simulate::Profile;
use models::{
    ApiKeyId, JoinToken, Locks, Refusal, Role, Room, RoomKey, SessionToken, Settings, Sid, Standing, Tenant,
    UserId,
};
use store::{Admission, Change, Credential, Door, Halt, NewCodeRoom, NewRoom, NewToken, Store};
use testing::TestTable;
use tokio::task::JoinSet;

const UNATTACHED: Duration = Duration::from_mins(1);
const DEPARTURE: Duration = Duration::from_mins(10);

/// What one call did to the session, as its caller was told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Admitted(UserId),
    Left,
    Changed,
    Refused(Refusal),
}

async fn open_room(store: &Store, name: &str, seats: Option<u32>) -> Room {
    let new = NewRoom {
        key: RoomKey { tenant: Tenant::main(), room: name.try_into().expect("an id") },
        api_key: ApiKeyId::try_from("local").expect("an id"),
        empty_timeout: Duration::from_mins(30),
        duration: None,
        max_participants: seats,
        waiting_room: false,
        auto_gen_user_id: false,
        default_locks: Locks::new(),
        title: name.to_owned(),
        webhook_url: None,
        metadata: "{}".to_owned(),
    };
    let sid = Sid(models::Random::uuid(&models::SystemRandom));
    store.create_room(&new, sid, store.now(), None).await.expect("created").room
}

async fn mint(store: &Store, room: &RoomKey, user: &str) -> JoinToken {
    let user = UserId::try_from(user).expect("an id");
    let now = store.now();
    let token = NewToken {
        user: user.clone(),
        name: user.to_string(),
        role: Role::Participant,
        hidden: false,
        locks: Locks::new(),
        metadata: "{}".to_owned(),
        expires_at: now.plus(Duration::from_mins(10)),
    };
    let minted = store.mint(room, Some(&user), now, |_| Ok(token.clone()), None).await.expect("minted");
    JoinToken {
        api_key: ApiKeyId::try_from("local").expect("an id"),
        room: room.clone(),
        id: minted.id,
        name: user.to_string(),
        user,
        role: Role::Participant,
    }
}

async fn join(store: &Store, token: &JoinToken) -> Result<Admission, Refusal> {
    let door = Door { room: &token.room, credential: Credential::Token(token), unattached: UNATTACHED };
    match store.admit(&door, None).await {
        Ok(admission) => Ok(admission),
        Err(Halt::Refused(refusal)) => Err(refusal),
        Err(halt) => panic!("lost: {halt:?}"),
    }
}

fn session_of(admission: &Admission) -> SessionToken {
    SessionToken {
        room: admission.room.clone(),
        sid: admission.sid,
        user: admission.user.clone(),
        participant: admission.id,
        session: admission.session,
        expires_at: admission.expires_at,
    }
}

/// A table of each kind: as it is, as at AWS under load, and failing.
async fn tables() -> [(&'static str, TestTable); 3] {
    [
        ("plain", TestTable::with_real_time().await),
        ("aws", TestTable::simulated(Profile::Aws, 7).await),
        ("faults", TestTable::simulated(Profile::Faults, 7).await),
    ]
}

/// Checks what the table says against itself: seats are people, and every change of the state was a lawful one.
async fn check(name: &str, table: &TestTable, room: &RoomKey, told: &[Told]) -> Room {
    let whole = table.calm_store().whole_room(room).await.expect("readable");
    let state = whole.room.expect("a room");
    let active = whole.participants.iter().filter(|person| person.is_in(&state)).count();
    assert_eq!(usize::try_from(state.seats).expect("few"), active, "{name}: seats are those who are in");

    let changes = told.iter().filter(|told| !matches!(told, Told::Refused(_))).count();
    let history = table.history(room).await;
    let history: Vec<_> = history.iter().filter(|step| step.old != step.new).collect();
    let same_session = history.iter().filter(|step| step.old["sid"] == step.new["sid"]).count();
    assert_eq!(same_session, changes, "{name}: as many changes as callers were told of");
    for step in history {
        let seats = (step.number_before("seats"), step.number_after("seats"));
        let most = step.number_after("max_participants");
        if step.old["sid"] == step.new["sid"] {
            assert_eq!(step.number_after("seq"), step.number_before("seq") + 1, "{name}: the next number");
            assert!(seats.0.abs_diff(seats.1) <= 1, "{name}: one seat at a time: {seats:?}");
        }
        if seats.1 > seats.0 {
            assert!(seats.1 <= most, "{name}: {seats:?} of {most}");
            assert_eq!(step.old["locked"]["BOOL"], false, "{name}: nobody enters a locked room");
            assert_ne!(step.old["status"]["S"], "ended", "{name}: nobody enters an ended room");
        }
    }
    state
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_as_there_are_seats_get_in_and_the_others_are_told_full() {
    for (name, table) in tables().await {
        let store = table.store();
        let room = open_room(&store, "crowd", Some(25)).await;
        let mut joins = JoinSet::new();
        for number in 0..80 {
            let token = mint(&store, &room.key, &format!("user{number}")).await;
            let store = store.clone();
            joins.spawn(async move { join(&store, &token).await });
        }
        let told: Vec<Told> = joins.join_all().await.into_iter().map(admitted).collect();
        let count = |wanted: &Told| told.iter().filter(|told| *told == wanted).count();
        assert_eq!(count(&Told::Refused(Refusal::RoomFull)), 55, "{name}: {told:?}");
        assert_eq!(check(name, &table, &room.key, &told).await.seats, 25, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_admits_once_however_often_it_is_used_at_once() {
    for (name, table) in tables().await {
        let store = table.store();
        let room = open_room(&store, "once", None).await;
        let mut joins = JoinSet::new();
        for number in 0..12 {
            let token = Arc::new(mint(&store, &room.key, &format!("user{number}")).await);
            for _ in 0..6 {
                let (store, token) = (store.clone(), Arc::clone(&token));
                joins.spawn(async move { join(&store, &token).await });
            }
        }
        let told: Vec<Told> = joins.join_all().await.into_iter().map(admitted).collect();
        let used = told.iter().filter(|told| **told == Told::Refused(Refusal::UsedToken)).count();
        assert_eq!(used, 60, "{name}: {told:?}");
        assert_eq!(check(name, &table, &room.key, &told).await.seats, 12, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_user_has_one_seat_and_the_newest_sitting() {
    for (name, table) in tables().await {
        let store = table.store();
        let room = open_room(&store, "same", Some(1)).await;
        let mut tokens = Vec::new();
        for _ in 0..16 {
            tokens.push(mint(&store, &room.key, "alice").await);
        }
        let mut joins = JoinSet::new();
        for token in tokens {
            let store = store.clone();
            joins.spawn(async move { join(&store, &token).await });
        }
        let admissions: Vec<Admission> =
            joins.join_all().await.into_iter().map(|joined| joined.expect("a seat of her own")).collect();
        let ids: std::collections::HashSet<_> = admissions.iter().map(|admission| admission.id).collect();
        assert_eq!(ids.len(), 1, "{name}: the same participant");
        let told: Vec<Told> = admissions.iter().cloned().map(|admission| admitted(Ok(admission))).collect();
        assert_eq!(check(name, &table, &room.key, &told).await.seats, 1, "{name}");

        let mut live = Vec::new();
        for admission in &admissions {
            if table.calm_store().leave(&session_of(admission), DEPARTURE, None).await.expect("answered") {
                live.push(admission.session);
            }
        }
        assert_eq!(live.len(), 1, "{name}: one sitting was live");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_come_and_go_and_no_seat_is_lost_or_counted_twice() {
    for (name, table) in tables().await {
        let store = table.store();
        let room = open_room(&store, "busy", Some(6)).await;
        let mut people = JoinSet::new();
        for number in 0..20 {
            let store = store.clone();
            let key = room.key.clone();
            people.spawn(async move {
                let user = format!("user{number}");
                let mut told = Vec::new();
                for round in 0..3 {
                    let token = mint(&store, &key, &user).await;
                    match join(&store, &token).await {
                        Ok(admission) => {
                            let session = session_of(&admission);
                            told.push(admitted(Ok(admission)));
                            // Some stay after their last round.
                            if round < 2 || number % 2 == 0 {
                                assert!(store.leave(&session, DEPARTURE, None).await.expect("answered"));
                                told.push(Told::Left);
                                // Leaving again changes nothing.
                                assert!(!store.leave(&session, DEPARTURE, None).await.expect("answered"));
                            }
                        }
                        Err(refusal) => told.push(Told::Refused(refusal)),
                    }
                }
                told
            });
        }
        let told: Vec<Told> = people.join_all().await.into_iter().flatten().collect();
        let full = |told: &Told| matches!(told, Told::Refused(refusal) if *refusal != Refusal::RoomFull);
        assert!(!told.iter().any(full), "{name}: {told:?}");
        check(name, &table, &room.key, &told).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_lands_between_joins_keeps_everybody_else_out() {
    for (name, table) in tables().await {
        let store = table.store();
        let room = code_room(&store, 100).await;
        let mut calls = JoinSet::new();
        for number in 0..40 {
            let (store, key) = (store.clone(), room.key.clone());
            calls.spawn(async move { join_as_user(&store, &key, &format!("user{number}")).await });
        }
        for round in 0..8 {
            let (store, key) = (store.clone(), room.key.clone());
            calls.spawn(async move {
                tokio::time::sleep(Duration::from_millis(5 * round)).await;
                lock(&store, &key, round % 2 == 0).await;
                Told::Changed
            });
        }
        let told = calls.join_all().await;
        let lawful = |told: &Told| !matches!(told, Told::Refused(refusal) if *refusal != Refusal::RoomLocked);
        assert!(told.iter().all(lawful), "{name}: {told:?}");
        // The first of all starts the session, which is a change of another kind: it is a new sid.
        let starts = usize::from(told.iter().any(|told| matches!(told, Told::Admitted(_))));
        let mut changes = told.clone();
        if starts == 1 {
            let first = changes.iter().position(|told| matches!(told, Told::Admitted(_))).expect("one");
            changes.remove(first);
        }
        check(name, &table, &room.key, &changes).await;

        lock(&store, &room.key, true).await;
        let late = join_as_user(&store, &room.key, "late").await;
        assert_eq!(late, Told::Refused(Refusal::RoomLocked), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_room_starts_one_session_for_all_who_come_at_once() {
    for (name, table) in tables().await {
        let store = table.store();
        let room = code_room(&store, 10).await;
        let mut calls = JoinSet::new();
        for number in 0..30 {
            let (store, key) = (store.clone(), room.key.clone());
            calls.spawn(async move { join_as_user(&store, &key, &format!("user{number}")).await });
        }
        let told = calls.join_all().await;
        let whole = table.calm_store().whole_room(&room.key).await.expect("readable");
        let state = whole.room.expect("a room");
        let sids: HashMap<_, usize> = whole
            .participants
            .iter()
            .filter(|person| person.standing == Standing::Active)
            .fold(HashMap::new(), |mut sids, person| {
                *sids.entry(person.sid).or_default() += 1;
                sids
            });
        assert_eq!(sids, HashMap::from([(state.sid, 10)]), "{name}: one session with ten people");
        let full = told.iter().filter(|told| **told == Told::Refused(Refusal::RoomFull)).count();
        assert_eq!(full, 20, "{name}: {told:?}");
        assert_eq!((state.seq, state.hooks), (10, 12), "{name}: ten changes; created, started, ten joins");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_creates_at_once_open_one_session() {
    for (name, table) in tables().await {
        let store = table.store();
        let mut creates = JoinSet::new();
        for _ in 0..10 {
            let store = store.clone();
            creates.spawn(async move { open_room(&store, "twin", None).await.sid });
        }
        let sids: std::collections::HashSet<_> = creates.join_all().await.into_iter().collect();
        assert_eq!(sids.len(), 1, "{name}");
    }
}

fn admitted(joined: Result<Admission, Refusal>) -> Told {
    match joined {
        Ok(admission) => Told::Admitted(admission.user),
        Err(refusal) => Told::Refused(refusal),
    }
}

async fn code_room(store: &Store, seats: u32) -> Room {
    let new = NewCodeRoom {
        host: UserId::try_from("host").expect("an id"),
        host_name: "Host".to_owned(),
        host_avatar_url: None,
        title: "Room".to_owned(),
        settings: Settings::default(),
        max_participants: seats,
        duration: None,
        empty_timeout: Duration::from_mins(30),
        retention: Duration::from_hours(1),
    };
    store.create_code_room(&new, store.now(), None).await.expect("created").room
}

async fn join_as_user(store: &Store, room: &RoomKey, user: &str) -> Told {
    let id = UserId::try_from(user).expect("an id");
    let profile = models::Profile { name: user.to_owned(), avatar_url: None };
    let door =
        Door { room, credential: Credential::User { id: &id, profile: &profile }, unattached: UNATTACHED };
    match store.admit(&door, None).await {
        Ok(admission) => admitted(Ok(admission)),
        Err(Halt::Refused(refusal)) => Told::Refused(refusal),
        Err(halt) => panic!("lost: {halt:?}"),
    }
}

async fn lock(store: &Store, room: &RoomKey, locked: bool) {
    let change = Change { locked: Some(locked), ..Change::default() };
    store.change_settings(room, |_| Ok(change.clone()), None).await.expect("changed");
}

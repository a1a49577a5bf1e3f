//! Many people at one door: the invariants of admission under concurrency, with and without a DynamoDB that behaves as
//! the one at AWS does under load, and fails.
//!
//! What the calls were told is compared with what the table holds, and with every version that the room's state went
//! through, as its stream has them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use local::simulate::Profile;
use models::{EndReason, Participant, Refusal, Room, RoomKey, Standing, Tenant, UserId};
use store::{Admission, Ending, Halt, Page, Retention};
use testing::TestTable;
use testing::rooms::session_of;
use tokio::task::JoinSet;

/// How long a session lasts after its last participant has left: longer than any of these tests.
pub(crate) const DEPARTURE: Duration = Duration::from_mins(10);

/// What one call did to the session, as its caller was told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Admitted(UserId),
    Left,
    Changed,
    Refused(Refusal),
}

/// A table of each kind: as it is, as at AWS under load, and failing.
pub(crate) async fn tables() -> [(&'static str, TestTable); 3] {
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

    let came = |person: &&Participant| person.sid == state.sid && person.joined_at.is_some();
    let joined = whole.participants.iter().filter(came).count();
    assert_eq!(usize::try_from(state.joined).expect("few"), joined, "{name}: everybody is counted once");

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
        let rooms = table.rooms();
        let room = rooms.open("crowd", Some(25)).await;
        let mut joins = JoinSet::new();
        for number in 0..80 {
            let token = rooms.mint(&room.key, &format!("user{number}")).await;
            let rooms = rooms.clone();
            joins.spawn(async move { rooms.redeem(&token).await });
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
        let rooms = table.rooms();
        let room = rooms.open("once", None).await;
        let mut joins = JoinSet::new();
        for number in 0..12 {
            let token = Arc::new(rooms.mint(&room.key, &format!("user{number}")).await);
            for _ in 0..6 {
                let (rooms, token) = (rooms.clone(), Arc::clone(&token));
                joins.spawn(async move { rooms.redeem(&token).await });
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
        let rooms = table.rooms();
        let room = rooms.open("same", Some(1)).await;
        let mut tokens = Vec::new();
        for _ in 0..16 {
            tokens.push(rooms.mint(&room.key, "alice").await);
        }
        let mut joins = JoinSet::new();
        for token in tokens {
            let rooms = rooms.clone();
            joins.spawn(async move { rooms.redeem(&token).await });
        }
        let admissions: Vec<Admission> =
            joins.join_all().await.into_iter().map(|joined| joined.expect("a seat of her own")).collect();
        let ids: std::collections::HashSet<_> = admissions.iter().map(|admission| admission.id).collect();
        assert_eq!(ids.len(), 1, "{name}: the same participant");
        let told: Vec<Told> = admissions.iter().cloned().map(|admission| admitted(Ok(admission))).collect();
        assert_eq!(check(name, &table, &room.key, &told).await.seats, 1, "{name}");

        // In the order in which they took her seat, each once: the last one is who sits there.
        let history = table.history_of(&room.key, &admissions[0].user).await;
        let sittings = history.iter().map(|step| (&step.old["session"]["S"], &step.new["session"]["S"]));
        let sittings: Vec<_> =
            sittings.filter(|(old, new)| old != new).filter_map(|(_, new)| new.as_str()).collect();
        let mut told: Vec<_> = admissions.iter().map(|admission| admission.session.to_string()).collect();
        let newest = sittings.last().map(|newest| (*newest).to_owned());
        let mut each = sittings.clone();
        each.sort_unstable();
        told.sort_unstable();
        assert_eq!(each, told, "{name}: every sitting began once");
        let whole = table.calm_store().whole_room(&room.key).await.expect("readable");
        assert_eq!(whole.participants[0].session.map(|session| session.to_string()), newest, "{name}");

        let mut live = Vec::new();
        for admission in &admissions {
            if table.calm_store().leave(&session_of(admission), DEPARTURE, None).await.expect("answered") {
                live.push(admission.session.to_string());
            }
        }
        assert_eq!(live, Vec::from_iter(newest), "{name}: one sitting was live, the newest");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_come_and_go_and_no_seat_is_lost_or_counted_twice() {
    for (name, table) in tables().await {
        let rooms = table.rooms();
        let room = rooms.open("busy", Some(6)).await;
        let mut people = JoinSet::new();
        for number in 0..20 {
            let rooms = rooms.clone();
            let key = room.key.clone();
            people.spawn(async move {
                let user = format!("user{number}");
                let mut told = Vec::new();
                for round in 0..3 {
                    let token = rooms.mint(&key, &user).await;
                    match rooms.redeem(&token).await {
                        Ok(admission) => {
                            let session = session_of(&admission);
                            told.push(admitted(Ok(admission)));
                            // Some stay after their last round.
                            if round < 2 || number % 2 == 0 {
                                assert!(
                                    rooms.store().leave(&session, DEPARTURE, None).await.expect("answered")
                                );
                                told.push(Told::Left);
                                // Leaving again changes nothing.
                                assert!(
                                    !rooms.store().leave(&session, DEPARTURE, None).await.expect("answered")
                                );
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
        let rooms = table.rooms();
        let room = rooms.by_code(100).await;
        let mut calls = JoinSet::new();
        for number in 0..40 {
            let (rooms, key) = (rooms.clone(), room.key.clone());
            calls.spawn(async move { admitted(rooms.join(&key, &format!("user{number}")).await) });
        }
        for round in 0..8 {
            let (rooms, key) = (rooms.clone(), room.key.clone());
            calls.spawn(async move {
                tokio::time::sleep(Duration::from_millis(5 * round)).await;
                rooms.lock(&key, round % 2 == 0).await;
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

        rooms.lock(&room.key, true).await;
        let late = admitted(rooms.join(&room.key, "late").await);
        assert_eq!(late, Told::Refused(Refusal::RoomLocked), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_room_starts_one_session_for_all_who_come_at_once() {
    for (name, table) in tables().await {
        let rooms = table.rooms();
        let room = rooms.by_code(10).await;
        let mut calls = JoinSet::new();
        for number in 0..30 {
            let (rooms, key) = (rooms.clone(), room.key.clone());
            calls.spawn(async move { admitted(rooms.join(&key, &format!("user{number}")).await) });
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
        let rooms = table.rooms();
        let mut creates = JoinSet::new();
        for _ in 0..10 {
            let rooms = rooms.clone();
            creates.spawn(async move { rooms.open("twin", None).await.sid });
        }
        let sids: std::collections::HashSet<_> = creates.join_all().await.into_iter().collect();
        assert_eq!(sids.len(), 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_ends_among_joins_is_remembered_once_with_all_who_came() {
    for (name, table) in tables().await {
        let rooms = table.rooms();
        let room = rooms.open("over", None).await;
        let mut calls = JoinSet::new();
        for number in 0..30 {
            let token = rooms.mint(&room.key, &format!("user{number}")).await;
            let rooms = rooms.clone();
            calls.spawn(async move { rooms.redeem(&token).await.is_ok() });
        }
        let ends = (0..3).map(|round| {
            let (rooms, key) = (rooms.clone(), room.key.clone());
            async move {
                tokio::time::sleep(Duration::from_millis(15 * round)).await;
                let ending = Ending::Session(Retention { past_rooms: DEPARTURE, code: DEPARTURE });
                rooms.store().end(&key, ending, EndReason::Api, |_| Ok(()), None).await
            }
        });
        let ends: JoinSet<_> = ends.collect();
        let joined = calls.join_all().await.into_iter().filter(|joined| *joined).count();
        for ended in ends.join_all().await {
            // The answer of an end that took effect may be lost, and then it finds nothing to end any more.
            assert!(
                matches!(ended, Ok(()) | Err(Halt::Refused(Refusal::RoomNotActive))),
                "{name}: {ended:?}"
            );
        }
        let page = Page { from: 0, limit: 100, ascending: false };
        let history = table.calm_store().history(&Tenant::main(), page).await.expect("readable");
        let told: Vec<_> = history.sessions.iter().map(|session| (session.sid, session.joined)).collect();
        assert_eq!(told, [(room.sid, u32::try_from(joined).expect("few"))], "{name}");
        assert!(history.sessions[0].ended_at.is_some(), "{name}: it is over");
    }
}

fn admitted(joined: Result<Admission, Refusal>) -> Told {
    match joined {
        Ok(admission) => Told::Admitted(admission.user),
        Err(refusal) => Told::Refused(refusal),
    }
}

//! Random operations against the store and against a small reference model of the rules; both must agree on every
//! answer and, after each step, on who is in.

mod reference;

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use models::{EndReason, JoinToken, Refusal, RoomKey, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::{Admission, Ending, Halt, NewCodeRoom, NewRoom, Page, Retention, SettingsChange};
use testing::TestTable;
use testing::rooms::{Rooms, new_code_room, new_room, new_token};

use reference::{Reference, Status};

/// How long a session waits for its first participant, in seconds.
const EMPTY: u64 = 100;
/// How long it lasts from the first join.
const LASTS: u64 = 300;
/// TTL leaves a running session alone until this long after it is due.
const AFTER_DUE: Duration = Duration::from_hours(7 * 24);
/// Seats at first.
const SEATS: u32 = 2;

const USERS: [&str; 3] = ["ann", "bob", "cy"];

/// What can be done. Tokens and sittings are named by their place among those made so far.
#[derive(Clone, Debug)]
enum Operation {
    Create,
    End,
    Mint(usize),
    JoinByToken(usize),
    JoinByCode(usize),
    JoinAsGuest,
    Leave(usize),
    Lock(bool),
    Seats(u32),
    Wait(u64),
}

fn operation(by_code: bool) -> impl Strategy<Value = Operation> {
    let common = prop_oneof![
        3 => (0..USERS.len()).prop_map(Operation::Mint),
        5 => (0..12_usize).prop_map(Operation::JoinByToken),
        4 => (0..12_usize).prop_map(Operation::Leave),
        1 => Just(Operation::End),
        1 => prop_oneof![Just(1), Just(25), Just(101), Just(301)].prop_map(Operation::Wait),
    ];
    let own = if by_code {
        prop_oneof![
            4 => (0..USERS.len()).prop_map(Operation::JoinByCode),
            2 => Just(Operation::JoinAsGuest),
            1 => any::<bool>().prop_map(Operation::Lock),
            1 => (1..4_u32).prop_map(Operation::Seats),
        ]
        .boxed()
    } else {
        Just(Operation::Create).boxed()
    };
    prop_oneof![3 => common, 1 => own]
}

/// The store, driven by the same operations.
struct Real<'a> {
    table: &'a TestTable,
    rooms: Rooms,
    room: RoomKey,
    tokens: Vec<JoinToken>,
    sittings: Vec<Admission>,
}

impl Real<'_> {
    async fn apply(&mut self, operation: &Operation) -> Result<(), Refusal> {
        let store = self.rooms.store().clone();
        match operation {
            Operation::Create => {
                let new = NewRoom { key: self.room.clone(), ..new_room("any") };
                self.rooms
                    .create(&NewRoom {
                        max_participants: Some(SEATS),
                        duration: Some(Duration::from_secs(LASTS)),
                        empty_timeout: Duration::from_secs(EMPTY),
                        ..new
                    })
                    .await;
            }
            Operation::End => {
                let day = Duration::from_hours(24);
                let ending = Ending::Session(Retention { past_rooms: day, code: day });
                told(store.end(&self.room, ending, EndReason::Api, |_| Ok(()), None).await)?;
            }
            Operation::Mint(user) => {
                let now = store.now();
                let new = new_token(USERS[*user], now);
                let room = store.room(&self.room).await.expect("readable");
                if room.is_some_and(|room| room.is_open(now)) {
                    self.tokens.push(self.rooms.mint_as(&self.room, new).await);
                } else {
                    told(store.mint(&self.room, Some(&new.user), now, |_| Ok(new.clone()), None).await)?;
                }
            }
            Operation::JoinByToken(token) => {
                let joined = self.rooms.redeem(&self.tokens[*token]).await?;
                self.sittings.push(joined);
            }
            Operation::JoinByCode(user) => {
                let joined = self.rooms.join(&self.room, USERS[*user]).await?;
                self.sittings.push(joined);
            }
            Operation::JoinAsGuest => {
                let joined = self.rooms.join_as_guest(&self.room, "Guest").await?;
                self.sittings.push(joined);
            }
            Operation::Leave(sitting) => {
                self.rooms.leave(&self.sittings[*sitting]).await;
            }
            Operation::Lock(locked) => self.rooms.lock(&self.room, *locked).await,
            Operation::Seats(seats) => {
                let change = SettingsChange { max_participants: Some(*seats), ..SettingsChange::default() };
                self.rooms.change(&self.room, change).await;
            }
            Operation::Wait(seconds) => self.table.clock.advance(Duration::from_secs(*seconds)),
        }
        Ok(())
    }

    /// Compares what is stored with the reference: whether a session runs, until when, and who is in.
    async fn compare(&self, reference: &Reference) {
        let store = self.rooms.store();
        let whole = store.whole_room(&self.room).await.expect("readable");
        let Some(room) = whole.room else {
            assert_eq!(reference.status, Status::Absent);
            return;
        };
        let now = store.now();
        assert_eq!(room.is_open(now), reference.is_open(), "{room:?}");
        if !reference.is_open() {
            return;
        }
        assert!(room.expires_at >= room.due_at.plus(AFTER_DUE), "TTL is the last resort: {room:?}");
        let active = whole.participants.iter().filter(|person| person.is_in(&room));
        let active: BTreeSet<_> = active.map(|person| person.session.expect("who is in sits")).collect();
        let expected = reference.inside.values().map(|sitting| self.sittings[*sitting].session).collect();
        assert_eq!(active, expected, "who is in, and in which sitting");
        assert_eq!(usize::try_from(room.seats).expect("few"), reference.inside.len());
        assert_eq!(room.due_at.since(now), Duration::from_secs(reference.due - reference.now));
    }

    /// Compares the room's history with the reference's, whose clock began at `beginning`.
    async fn compare_history(&self, reference: &Reference, beginning: Timestamp) {
        let page = Page { from: 0, limit: 100, ascending: true };
        let history = self.rooms.store().history_of(&HashSet::from([self.room.clone()]), page).await;
        let seconds = |at: Timestamp| at.since(beginning).as_secs();
        let told = history.expect("readable").sessions.into_iter().map(|session| {
            let joined = usize::try_from(session.joined).expect("few");
            (joined, seconds(session.created_at), session.ended_at.map(seconds))
        });
        let mut told: Vec<_> = told.collect();
        // Several may have begun in the same second.
        told.sort_unstable();
        let mut expected = reference.history();
        expected.sort_unstable();
        assert_eq!(told, expected);
    }
}

fn told<T>(result: Result<T, Halt>) -> Result<T, Refusal> {
    match result {
        Ok(done) => Ok(done),
        Err(Halt::Refused(refusal)) => Err(refusal),
        Err(halt) => panic!("lost: {halt:?}"),
    }
}

/// Drives both by the same operations, as far as these name what there is.
async fn drive(table: &TestTable, room: RoomKey, by_code: bool, operations: &[Operation]) {
    let mut reference = Reference::new(by_code);
    let (rooms, beginning) = (table.rooms(), table.now());
    let mut real = Real { table, rooms, room, tokens: vec![], sittings: vec![] };
    for (place, operation) in operations.iter().enumerate() {
        let named = match operation {
            Operation::JoinByToken(token) => *token < reference.tokens.len(),
            Operation::Leave(sitting) => *sitting < reference.sittings.len(),
            _ => true,
        };
        if named {
            let expected = reference.apply(operation);
            assert_eq!(real.apply(operation).await, expected, "step {place}: {operation:?}");
            real.compare(&reference).await;
        }
    }
    real.compare_history(&reference, beginning).await;
}

/// Runs the property with a table of its own; each case has its own room in it.
fn check(by_code: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let table = runtime.block_on(TestTable::new());
    let number = std::cell::Cell::new(0);
    let operations = prop::collection::vec(operation(by_code), 1..40);
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&operations, |operations| {
        number.set(number.get() + 1);
        runtime.block_on(async {
            let room = if by_code {
                let new = NewCodeRoom {
                    max_participants: SEATS,
                    duration: Some(Duration::from_secs(LASTS)),
                    empty_timeout: Duration::from_secs(EMPTY),
                    ..new_code_room()
                };
                table.rooms().create_by_code(&new).await.key
            } else {
                new_room(&format!("model-{}", number.get())).key
            };
            drive(&table, room, by_code, &operations).await;
        });
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn rooms_of_the_server_api_do_what_the_rules_say() {
    check(false);
}

#[test]
fn rooms_by_code_do_what_the_rules_say() {
    check(true);
}

//! DynamoDB and the rules agree: a write is accepted where its needs hold and refused elsewhere, and what is stored then
//! is what the rules make of what was there.

mod people;

use std::collections::HashSet;
use std::fmt::Debug;
use std::time::Duration;

use models::transition::{Becomes, Change, Effect, Need, RoomTransition};
use models::{
    CodeRoom, Event, Features, Happened, Lock, LockChange, Locks, Presenter, Room, RoomCode, RoomKey,
    SessionId, Settings, Sid, Status, Timestamp, UserId, Word, Words,
};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use testing::TestTable;
use uuid::Uuid;

use self::people::{person, person_transition, token_record};
use crate::commit::Outcome;
use crate::items::{Item, ParticipantItem, RoomItem, token_attribute};
use crate::step::{Step, m};
use crate::{Connection, Store};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Enough that every need is met and missed with every change.
const CASES: u32 = 800;

fn key() -> RoomKey {
    "main/room".parse().expect("a room")
}

fn user() -> UserId {
    "ann".try_into().expect("an id")
}

/// One of few moments about the present, so that needs meet the stored ones often.
fn moment() -> impl Strategy<Value = Timestamp> {
    (-1..=1_i64).prop_map(|seconds| Timestamp::from_seconds(NOW.seconds() + seconds))
}

fn sid() -> impl Strategy<Value = Sid> {
    (1..=2_u128).prop_map(|id| Sid(Uuid::from_u128(id)))
}

fn session() -> impl Strategy<Value = SessionId> {
    (1..=2_u128).prop_map(|id| SessionId(Uuid::from_u128(id)))
}

fn token() -> impl Strategy<Value = Uuid> {
    (1..=2_u128).prop_map(Uuid::from_u128)
}

fn status() -> impl Strategy<Value = Status> {
    select(vec![Status::Open, Status::Idle, Status::Ended])
}

fn settings() -> impl Strategy<Value = Settings> {
    any::<(bool, bool)>().prop_map(|(allow_guest_access, waiting_room)| Settings {
        allow_guest_access,
        waiting_room,
        ..Settings::default()
    })
}

fn by_code() -> impl Strategy<Value = CodeRoom> {
    settings().prop_map(|settings| CodeRoom {
        code: RoomCode::try_from("abc-def-ghi").expect("a code"),
        host: user(),
        settings,
        created_at: NOW,
    })
}

fn room() -> impl Strategy<Value = Room> {
    let clock =
        (moment(), prop::option::of(moment()), prop_oneof![moment(), Just(Timestamp::NEVER)], moment());
    let lasts = (prop::option::of(1..3_u64), prop_oneof![moment(), Just(Timestamp::NEVER)]);
    let counts = (0..3_u32, 1..4_u32, prop::option::of(1..3_u32), 1..3_u64, 2..5_u32);
    let has = (prop::option::of(by_code()), any::<(bool, bool, bool)>(), words());
    (sid(), status(), clock, lasts, counts, has).prop_map(
        |(
            sid,
            status,
            (created, started, due, revoked),
            (lasts, expires),
            counts,
            (by_code, flags, said),
        )| {
            let (seats, joined, max_participants, seq, hooks) = counts;
            let (locked, waiting_room, presents) = flags;
            Room {
                key: key(),
                sid,
                status,
                locked,
                seats,
                joined,
                max_participants,
                seq,
                hooks,
                presenter: presents.then(|| Presenter { user: Some(user()), since: created }),
                created_at: created,
                started_at: started,
                ended_at: None,
                duration: lasts.map(Duration::from_secs),
                empty_timeout: Duration::from_secs(2),
                due_at: due,
                revoked_before: revoked,
                waiting_room,
                auto_gen_user_id: false,
                features: Features::default(),
                default_locks: Locks::new(),
                said,
                api_key: None,
                by_code,
                expires_at: expires,
            }
        },
    )
}

fn lock() -> impl Strategy<Value = Lock> {
    select(Lock::ALL.to_vec())
}

fn word() -> impl Strategy<Value = Word> {
    (any::<bool>(), 1..9_u64).prop_map(|(locked, number)| Word { locked, number })
}

/// One that changes nothing is not written.
fn lock_change() -> impl Strategy<Value = LockChange> {
    prop::collection::btree_map(lock(), any::<bool>(), 1..3)
}

fn words() -> impl Strategy<Value = Words> {
    prop::collection::btree_map(lock(), word(), 0..3)
}

fn need() -> impl Strategy<Value = Need> {
    let plain = vec![
        Need::Absent,
        Need::Vacant,
        Need::NotEnded,
        Need::NotDue,
        Need::Unlocked,
        Need::FreeSeat,
        Need::OthersSeated,
        Need::OneSeated,
        Need::WaitingRoom(true),
        Need::WaitingRoom(false),
        Need::GuestsAllowed,
    ];
    prop_oneof![
        12 => select(plain),
        2 => sid().prop_map(Need::Session),
        2 => status().prop_map(Need::Status),
        1 => (1..3_u64).prop_map(Need::Version),
        1 => prop_oneof![moment(), Just(Timestamp::NEVER)].prop_map(Need::DueAt),
        1 => moment().prop_map(Need::NotRevoked),
        1 => settings().prop_map(Need::Settings),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let presenter = || prop::option::of(Just(user()));
    let begin = (sid(), any::<bool>(), presenter()).prop_map(|(sid, seated, presenter)| Effect::Begin {
        sid,
        seated,
        presenter,
    });
    let end = (select(vec![Status::Idle, Status::Ended]), moment())
        .prop_map(|(becomes, at)| Effect::End { becomes, at });
    let seat = any::<bool>().prop_map(|counted| Effect::TakeSeat { counted });
    let update = prop_oneof![
        1 => Just(vec![]),
        2 => (seat, presenter()).prop_map(|(seat, user)| {
            [seat].into_iter().chain(user.map(Effect::Present)).collect()
        }),
        1 => presenter().prop_map(|user| vec![Effect::Switch(user)]),
        2 => lock_change().prop_map(|change| {
            change.into_iter().map(|(lock, locked)| Effect::Say { lock, locked }).collect()
        }),
        1 => moment().prop_map(|at| vec![Effect::FreeSeat, Effect::DueAt(at)]),
        2 => begin.prop_map(|begin| vec![begin]),
        2 => end.prop_map(|end| vec![end]),
        1 => (any::<bool>(), settings()).prop_map(|(locked, settings)| {
            vec![Effect::Lock(locked), Effect::Seats(2), Effect::Decide(settings), Effect::Revoke]
        }),
    ];
    let expires = prop::option::of(prop_oneof![moment(), Just(Timestamp::NEVER)]);
    prop_oneof![
        9 => (update, expires).prop_map(|(mut effects, expires)| {
            effects.extend(expires.map(Effect::ExpiresAt));
            Change::Update(effects)
        }),
        1 => room().prop_map(|room| Change::Create(Box::new(room))),
    ]
}

fn room_transition() -> impl Strategy<Value = RoomTransition> {
    (prop::collection::vec(need(), 0..3), change()).prop_map(|(mut needs, change)| {
        // No seat is given up where none is taken.
        if matches!(&change, Change::Update(effects) if effects.contains(&Effect::FreeSeat)) {
            needs.insert(0, Need::OthersSeated);
        }
        once_each(&mut needs);
        let happened = Happened { event: Event::Updated, at: NOW };
        RoomTransition { now: NOW, needs, change, happened }
    })
}

/// No write needs the same of two values.
fn once_each<T>(needs: &mut Vec<T>) {
    let mut kinds = HashSet::new();
    needs.retain(|need| kinds.insert(std::mem::discriminant(need)));
}

/// A table with nothing in it but what the test puts there.
struct Bench {
    _table: TestTable,
    store: Store,
}

impl Bench {
    async fn new() -> Self {
        let table = TestTable::new().await;
        let connection = Connection {
            table: table.template.tables[0].name.clone(),
            region: local::stack::REGION.to_owned(),
            endpoint: Some(table.endpoint().to_owned()),
            credentials: local::secrets::aws_credentials(),
        };
        let store = Store::connect(connection, table.clock.clone(), table.parts().random.clone());
        Self { _table: table, store }
    }

    /// Puts `before` there, takes the step, and says whether that was possible, and what is there then.
    async fn take(&self, before: Option<Item>, step: Step) -> (bool, Option<Item>) {
        let there = match before {
            Some(item) => Step::put(step.key.clone(), item, "", vec![]),
            None => Step::delete(step.key.clone(), "", vec![]),
        };
        self.store.commit_one(&there).await.expect("written");
        let outcome = self.store.commit(|_| vec![step.clone()], None).await.expect("decided");
        let after = self.store.get(&step.key).await.expect("readable");
        (matches!(outcome, Outcome::Committed(_)), after)
    }
}

/// Tries many cases on one table.
fn every<C: Debug>(cases: impl Strategy<Value = C>, check: impl AsyncFn(&Bench, C)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let bench = runtime.block_on(Bench::new());
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&cases, |case| {
        runtime.block_on(check(&bench, case));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn a_write_of_a_room_is_made_where_its_needs_hold_and_makes_what_the_rules_say() {
    every((prop::option::of(room()), room_transition()), async |bench, (before, transition)| {
        let after = transition.apply(before.as_ref());
        // Nothing is changed without a need that it is there.
        let Some(after) = after else { return };
        let created = Happened { event: Event::Created, at: NOW };
        let item = before.as_ref().map(|room| RoomItem::encode(room, &created));
        let holds = transition.holds(before.as_ref());
        let (taken, stored) = bench.take(item, Step::of_room(&key(), &transition)).await;
        assert_eq!(taken, holds);
        if taken {
            let stored = stored.expect("there");
            let expected = RoomItem::encode(&after, &transition.happened);
            for attribute in ["event", "due_shard", "tenant_shard", "tenant_time"] {
                assert_eq!(stored.get(attribute), expected.get(attribute), "{attribute}");
            }
            assert_eq!(RoomItem::decode(&key(), stored).expect("readable"), after);
        }
    });
}

#[test]
fn a_write_of_a_person_is_made_where_its_needs_hold_and_makes_what_the_rules_say() {
    every((prop::option::of(person()), person_transition()), async |bench, (before, transition)| {
        let makes = matches!(transition.becomes, Becomes::New(_) | Becomes::Gone);
        if before.is_none() && !makes {
            return;
        }
        let item = before.as_ref().map(|person| {
            let tokens = person.tokens.iter().map(|(id, _)| (token_attribute(*id), m(token_record(person))));
            let mut item = ParticipantItem::encode(&key(), person);
            item.extend(tokens);
            item
        });
        let (holds, after) = (transition.holds(before.as_ref()), transition.apply(before.as_ref()));
        let mut step = Step::of_person(&key(), &user(), &transition);
        if let (Becomes::Invited { token, .. }, Some(person)) = (&transition.becomes, &before) {
            step = step.bringing(*token, m(token_record(person)));
        }
        let (taken, stored) = bench.take(item, step).await;
        assert_eq!(taken, holds);
        if taken {
            assert_eq!(stored.map(|item| ParticipantItem::decode(item).expect("readable")), after);
        }
    });
}

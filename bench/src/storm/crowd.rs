//! One storm: a room, a crowd with a token each, and what became of them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use local::simulate::Profile;
use models::{Clock, JoinToken, Refusal, RoomKey, SystemRandom, Timestamp};
use store::{Connection, Credential, Door, Halt, Store, Usage};
use testing::TestTable;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::single_update::SingleUpdate;

/// How long a seat without a connection is kept.
const UNATTACHED: Duration = Duration::from_mins(1);

/// How many tokens are minted at the same time, before the storm.
const CLERKS: usize = 16;

/// The designs of an admission that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Candidate {
    /// One transaction over state and participant
    Transaction,
    /// One conditional update of the state, with a follow-up write on the participant
    SingleUpdate,
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transaction => "transaction",
            Self::SingleUpdate => "single update",
        })
    }
}

/// A storm to be.
#[derive(Clone, Copy)]
pub(super) struct Storm {
    pub(super) profile: Profile,
    pub(super) candidate: Candidate,
    pub(super) seed: u64,
    pub(super) people: usize,
    pub(super) seats: u32,
}

/// What became of everybody, as they were told, and as the table has it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) admitted: usize,
    pub(super) full: usize,
    /// Of those who were refused for another reason, which.
    pub(super) other: Vec<String>,
    /// Of those who were told nothing, why.
    pub(super) lost: Vec<String>,
    pub(super) seats: usize,
    pub(super) active: usize,
    /// Until the last answer.
    pub(super) took: Duration,
    pub(super) times: Vec<Duration>,
    pub(super) usage: Usage,
    capacity: usize,
}

impl Outcome {
    /// What came of a storm at `capacity` seats.
    pub(super) fn of(
        answers: Vec<(Told, Duration)>,
        took: Duration,
        seats: usize,
        active: usize,
        capacity: usize,
    ) -> Self {
        let mut outcome = Self { seats, active, took, capacity, ..Self::default() };
        for (told, time) in answers {
            outcome.times.push(time);
            match told {
                Told::Admitted => outcome.admitted += 1,
                Told::Full => outcome.full += 1,
                Told::Other(why) => outcome.other.push(why),
                Told::Lost(why) => outcome.lost.push(why),
            }
        }
        outcome
    }

    /// Whether the seats are those who are in, no more than there are, and everybody who was told so is in. Somebody who
    /// was told nothing may be in.
    pub(super) fn is_exact(&self) -> bool {
        let (told, lost) = (self.admitted, self.lost.len());
        self.seats == self.active
            && self.seats <= self.capacity
            && (told..=told + lost).contains(&self.active)
            && self.other.is_empty()
            // Nobody is told "full" of a room that is not.
            && (self.full == 0 || self.seats == self.capacity)
    }
}

/// Where the database and the simulation run: on a thread of their own, so that a crowd that keeps this machine's cores
/// busy delays itself, but not the answers of a service that is elsewhere.
struct Database(Option<Runtime>);

impl Database {
    fn start() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self(Some(runtime.expect("a thread")))
    }

    /// Runs `work` over there; what it spawns stays there.
    async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        let runtime = self.0.as_ref().expect("it runs until it is dropped");
        runtime.spawn(work).await.expect("it does not panic")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A runtime may not be dropped within another one, which waits for no thread.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What one of them was told.
pub(super) enum Told {
    Admitted,
    Full,
    /// Refused for another reason, which in a storm is wrong.
    Other(String),
    /// Nothing, or that something failed.
    Lost(String),
}

/// Everybody before the door.
pub(super) struct Crowd {
    room: RoomKey,
    tokens: Vec<JoinToken>,
}

impl Storm {
    /// Runs the storm as fast as the machine does.
    pub(super) async fn run_in_real_time(&self) -> Outcome {
        let database = Database::start();
        let table = database.run(TestTable::simulated(self.profile, self.seed)).await;
        let crowd = self.gather(&table).await;
        self.run(&table, crowd).await
    }

    /// Opens the room, and gives everybody a token.
    pub(super) async fn gather(&self, table: &TestTable) -> Crowd {
        let rooms = table.rooms();
        let room = rooms.open("storm", Some(self.seats)).await.key;
        let mut mints = JoinSet::new();
        for clerk in 0..CLERKS {
            let (rooms, room) = (rooms.clone(), room.clone());
            let numbers = (clerk..self.people).step_by(CLERKS);
            mints.spawn(async move {
                let mut tokens = Vec::new();
                for number in numbers {
                    tokens.push(rooms.mint(&room, &format!("user{number}")).await);
                }
                tokens
            });
        }
        Crowd { room, tokens: mints.join_all().await.into_iter().flatten().collect() }
    }

    /// Lets all of them come at once.
    pub(super) async fn run(&self, table: &TestTable, crowd: Crowd) -> Outcome {
        let store = store(table);
        let single = Arc::new(SingleUpdate::new(table, &store));
        let mut joins = JoinSet::new();
        let begun = Instant::now();
        for token in crowd.tokens {
            let (store, single, candidate) =
                (store.of_another_process(), Arc::clone(&single), self.candidate);
            joins.spawn(async move {
                let credential = Credential::Token(&token);
                let past_rooms = Duration::ZERO;
                let door = Door { room: &token.room, credential, unattached: UNATTACHED, past_rooms };
                let joined = match candidate {
                    Candidate::Transaction => store.admit(&door, None).await.map(|_| ()),
                    Candidate::SingleUpdate => single.admit(&door, &token).await,
                };
                (told(joined), begun.elapsed())
            });
        }
        let answers = joins.join_all().await;
        let took = begun.elapsed();
        let whole = table.calm_store().whole_room(&crowd.room).await.expect("readable");
        let state = whole.room.expect("the room is there");
        let active = whole.participants.iter().filter(|person| person.is_in(&state)).count();
        let outcome = Outcome::of(answers, took, state.seats as usize, active, self.seats as usize);
        Outcome { usage: single.usage(), ..outcome }
    }
}

/// The time by Tokio's clock, which can be slowed down.
struct TokioClock {
    at_start: Timestamp,
    started: Instant,
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        self.at_start.plus(self.started.elapsed())
    }
}

/// The store behind the simulation, by that clock.
fn store(table: &TestTable) -> Store {
    let env = table.env("redeem_join_token");
    let connection = Connection {
        table: table.template.tables[0].name.clone(),
        region: local::stack::REGION.to_owned(),
        endpoint: env.optional("AWS_ENDPOINT_URL_DYNAMODB").map(str::to_owned),
        credentials: local::secrets::aws_credentials(),
    };
    let clock = TokioClock { at_start: table.now(), started: Instant::now() };
    Store::connect(connection, Arc::new(clock), Arc::new(SystemRandom))
}

fn told(joined: Result<(), Halt>) -> Told {
    match joined {
        Ok(()) => Told::Admitted,
        Err(Halt::Refused(Refusal::RoomFull)) => Told::Full,
        Err(Halt::Refused(refusal)) => Told::Other(refusal.to_string()),
        Err(halt) => Told::Lost(format!("{halt:?}")),
    }
}

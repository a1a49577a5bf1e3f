//! Random operations against the store and against a small reference model of the rules; both must agree on every
//! answer and, after each step, on who is in.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use models::{EndReason, JoinToken, Profile, Refusal, RoomKey, SessionToken, UserId};
use proptest::prelude::*;
use store::{Credential, Door, Ending, Halt, Store};
use testing::TestTable;

use crate::rooms::{self, DEPARTURE, UNATTACHED};

/// How long a session waits for its first participant, in seconds.
const EMPTY: u64 = 100;
/// How long it lasts from the first join.
const LASTS: u64 = 300;
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Absent,
    Open,
    Idle,
    Ended,
}

/// The rules, once more and as simply as can be: no conditions, no writes, whole seconds.
#[derive(Clone, Debug)]
struct Reference {
    by_code: bool,
    now: u64,
    status: Status,
    session: u32,
    due: u64,
    started: Option<u64>,
    locked: bool,
    seats: u32,
    /// Who is in, and in which sitting.
    inside: BTreeMap<String, usize>,
    /// Session, user, and whether it is used.
    tokens: Vec<(u32, String, bool)>,
    /// Session and user.
    sittings: Vec<(u32, String)>,
}

impl Reference {
    fn new(by_code: bool) -> Self {
        Self {
            by_code,
            now: 0,
            status: if by_code { Status::Idle } else { Status::Absent },
            session: 0,
            due: 0,
            started: None,
            locked: false,
            seats: SEATS,
            inside: BTreeMap::new(),
            tokens: vec![],
            sittings: vec![],
        }
    }

    fn is_open(&self) -> bool {
        self.status == Status::Open && self.due > self.now
    }

    fn begin(&mut self) {
        self.session += 1;
        self.status = Status::Open;
        self.due = self.now + EMPTY;
        self.started = None;
        self.inside.clear();
    }

    fn seat(&mut self, user: &str) {
        let started = *self.started.get_or_insert(self.now);
        self.due = started + LASTS;
        self.sit(user);
    }

    fn sit(&mut self, user: &str) {
        self.sittings.push((self.session, user.to_owned()));
        self.inside.insert(user.to_owned(), self.sittings.len() - 1);
    }

    /// Somebody who may come in as far as his credential goes.
    fn enter(&mut self, user: &str) -> Result<(), Refusal> {
        if self.is_open() && self.inside.contains_key(user) {
            self.sit(user);
            return Ok(());
        }
        if self.locked {
            return Err(Refusal::RoomLocked);
        }
        if !self.is_open() {
            self.begin();
        } else if self.inside.len() >= self.seats as usize {
            return Err(Refusal::RoomFull);
        }
        self.seat(user);
        Ok(())
    }

    fn apply(&mut self, operation: &Operation) -> Result<(), Refusal> {
        match operation {
            Operation::Create => {
                if !self.is_open() {
                    self.begin();
                }
                Ok(())
            }
            Operation::End => {
                if self.status == Status::Absent {
                    return Err(Refusal::RoomNotFound);
                }
                if !self.is_open() {
                    return Err(Refusal::RoomNotActive);
                }
                self.status = if self.by_code { Status::Idle } else { Status::Ended };
                Ok(())
            }
            Operation::Mint(user) => {
                if !self.is_open() {
                    return Err(Refusal::RoomNotActive);
                }
                self.tokens.push((self.session, USERS[*user].to_owned(), false));
                Ok(())
            }
            Operation::JoinByToken(token) => {
                let (session, user, used) = self.tokens[*token].clone();
                if !self.is_open() || session != self.session {
                    return Err(Refusal::RoomNotActive);
                }
                if used {
                    return Err(Refusal::UsedToken);
                }
                self.enter(&user)?;
                self.tokens[*token].2 = true;
                Ok(())
            }
            Operation::JoinByCode(user) => self.enter(USERS[*user]),
            Operation::JoinAsGuest => self.enter(&format!("guest {}", self.sittings.len())),
            Operation::Leave(sitting) => {
                let (session, user) = self.sittings[*sitting].clone();
                let live = self.status == Status::Open && session == self.session;
                if live && self.inside.get(&user) == Some(sitting) {
                    self.inside.remove(&user);
                    if self.inside.is_empty() {
                        let ends = self.started.expect("somebody was in") + LASTS;
                        self.due = ends.min(self.now + DEPARTURE.as_secs());
                    }
                }
                Ok(())
            }
            Operation::Lock(locked) => {
                self.locked = *locked;
                Ok(())
            }
            Operation::Seats(seats) => {
                self.seats = *seats;
                Ok(())
            }
            Operation::Wait(seconds) => {
                self.now += seconds;
                Ok(())
            }
        }
    }
}

/// The store, driven by the same operations.
struct Real<'a> {
    table: &'a TestTable,
    store: Store,
    room: RoomKey,
    tokens: Vec<JoinToken>,
    sittings: Vec<SessionToken>,
}

impl Real<'_> {
    async fn enter(&mut self, credential: Credential<'_>) -> Result<(), Halt> {
        let door = Door { room: &self.room, credential, unattached: UNATTACHED };
        let dry = self.store.would_admit(&door).await;
        let admitted = self.store.admit(&door, None).await;
        match (&dry, &admitted) {
            (Ok(_), Ok(_)) => {}
            (Err(Halt::Refused(dry)), Err(Halt::Refused(told))) => assert_eq!(dry, told, "the dry run"),
            _ => panic!("the dry run said {dry:?}, the join {admitted:?}"),
        }
        self.sittings.push(rooms::session_of(&admitted?));
        Ok(())
    }

    async fn apply(&mut self, operation: &Operation) -> Result<(), Halt> {
        match operation {
            Operation::Create => {
                let mut new = rooms::new_room(&self.room, Some(SEATS));
                new.duration = Some(Duration::from_secs(LASTS));
                new.empty_timeout = Duration::from_secs(EMPTY);
                rooms::create(&self.store, &new).await?;
            }
            Operation::End => {
                let day = Duration::from_hours(24);
                let ending = Ending::Session { past_rooms: day, code: day };
                self.store.end(&self.room, ending, EndReason::Api, |_| Ok(()), None).await?;
            }
            Operation::Mint(user) => {
                self.tokens.push(rooms::mint(&self.store, &self.room, USERS[*user]).await?);
            }
            Operation::JoinByToken(token) => {
                let token = self.tokens[*token].clone();
                self.enter(Credential::Token(&token)).await?;
            }
            Operation::JoinByCode(user) => {
                let id = UserId::try_from(USERS[*user]).expect("an id");
                let profile = Profile { name: USERS[*user].to_owned(), avatar_url: None };
                self.enter(Credential::User { id: &id, profile: &profile }).await?;
            }
            Operation::JoinAsGuest => {
                let profile = Profile { name: "Guest".to_owned(), avatar_url: None };
                self.enter(Credential::Guest(&profile)).await?;
            }
            Operation::Leave(sitting) => {
                self.store.leave(&self.sittings[*sitting], DEPARTURE, None).await?;
            }
            Operation::Lock(locked) => rooms::lock(&self.store, &self.room, *locked).await?,
            Operation::Seats(seats) => rooms::set_seats(&self.store, &self.room, *seats).await?,
            Operation::Wait(seconds) => self.table.clock.advance(Duration::from_secs(*seconds)),
        }
        Ok(())
    }

    /// Compares what is stored with the reference: the clock, the seats, and who is in.
    async fn compare(&self, reference: &Reference, after: &Operation) {
        let whole = self.store.whole_room(&self.room).await.expect("readable");
        let Some(room) = whole.room else {
            assert_eq!(reference.status, Status::Absent, "{after:?}");
            return;
        };
        let now = self.store.now();
        assert_eq!(room.is_open(now), reference.is_open(), "{after:?}: {room:?}");
        if !reference.is_open() {
            return;
        }
        let active: BTreeSet<_> = whole.participants.iter().filter(|person| person.is_in(&room)).collect_names();
        let expected: BTreeSet<_> = reference.inside.keys().map(|user| shown(user)).collect();
        assert_eq!(room.seats as usize, reference.inside.len(), "{after:?}");
        assert_eq!(active, expected, "{after:?}");
        assert_eq!(room.due_at.since(now), Duration::from_secs(reference.due - reference.now), "{after:?}");
    }
}

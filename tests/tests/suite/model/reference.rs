//! The reference model of the rules.

use std::collections::{BTreeMap, BTreeSet};

use models::Refusal;
use testing::rooms::DEPARTURE;

use super::{EMPTY, LASTS, Operation, SEATS, USERS};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Absent,
    Open,
    Idle,
    Ended,
}

/// The rules, once more and as simply as can be: no conditions, no writes, whole seconds.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    by_code: bool,
    pub(super) now: u64,
    pub(super) status: Status,
    session: u32,
    pub(super) due: u64,
    started: Option<u64>,
    locked: bool,
    seats: u32,
    /// Who is in, and in which sitting.
    pub(super) inside: BTreeMap<String, usize>,
    /// Session, user, and whether it is used.
    pub(super) tokens: Vec<(u32, String, bool)>,
    /// Session and user.
    pub(super) sittings: Vec<(u32, String)>,
    /// Who ever had a seat in the session.
    joined: BTreeSet<String>,
    /// When the session began.
    created: u64,
    /// The sessions that are over.
    past: Vec<Remembered>,
}

/// A session of the history: how many people it had, when it began, and when it ended.
pub(super) type Remembered = (usize, u64, Option<u64>);

impl Reference {
    pub(super) fn new(by_code: bool) -> Self {
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
            joined: BTreeSet::new(),
            created: 0,
            past: vec![],
        }
    }

    /// The session that runs is over, or was at its time.
    fn remember(&mut self) {
        let ended = self.due.min(self.now);
        self.past.push((self.joined.len(), self.created, Some(ended)));
    }

    /// All sessions, the oldest first.
    pub(super) fn history(&self) -> Vec<Remembered> {
        let ended = (!self.is_open()).then_some(self.due);
        let running = (self.status == Status::Open).then_some((self.joined.len(), self.created, ended));
        self.past.iter().copied().chain(running).collect()
    }

    pub(super) fn is_open(&self) -> bool {
        self.status == Status::Open && self.due > self.now
    }

    fn begin(&mut self) {
        if self.status == Status::Open {
            self.remember();
        }
        self.session += 1;
        self.created = self.now;
        self.joined.clear();
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
        self.joined.insert(user.to_owned());
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

    pub(super) fn apply(&mut self, operation: &Operation) -> Result<(), Refusal> {
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
                self.remember();
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
                let (session, user, spent) = self.tokens[*token].clone();
                if !self.is_open() || session != self.session {
                    return Err(Refusal::RoomNotActive);
                }
                if spent {
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

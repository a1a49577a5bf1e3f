//! What is stored in the model, how far its calls are, and what becomes of both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use models::relay::{News, Over, last_number, over, told};
use models::transition::{PersonTransition, RoomTransition};
use models::{
    Applicant, ConnectionId, EndReason, Event, Happened, Participant, Room, SessionId, Sid, Standing,
    Timestamp,
};

use crate::call::Phase;
use crate::setting::{self, User};
use crate::watch::{self, Fault};

/// One version of the state after another, as the table's stream has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    pub(crate) before: Option<Arc<Room>>,
    pub(crate) after: Option<Arc<Room>>,
    pub(crate) happened: Happened,
}

/// A session as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Remembered {
    pub(crate) sid: Sid,
    pub(crate) end: (Timestamp, EndReason),
    pub(crate) joined: u32,
}

/// What follows the end of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EndJob {
    pub(crate) over: Arc<Over>,
    pub(crate) told: bool,
    pub(crate) cleared: bool,
}

/// What one transaction writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Write {
    pub(crate) room: Option<RoomTransition>,
    pub(crate) person: Option<PersonTransition>,
    /// The session that ends by it.
    pub(crate) remembered: Option<Remembered>,
    /// The record of an earlier session whose place it takes.
    pub(crate) former: Option<Arc<Participant>>,
    /// The session that the caller is told.
    pub(crate) answer: Option<Sid>,
    /// Who comes in by it.
    pub(crate) applicant: Option<Applicant>,
    /// The sitting whose place is meant.
    pub(crate) sitting: Option<Sitting>,
    /// The connection that says it, or of which it is said.
    pub(crate) connection: Option<ConnectionId>,
}

/// A sitting that somebody says is his.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sitting {
    pub(crate) session: SessionId,
    /// Whether nobody has come back to it.
    pub(crate) lapsed: bool,
    /// Whether the one before the live one will do.
    pub(crate) resumes: bool,
    pub(crate) now: Timestamp,
}

impl Write {
    pub(crate) fn of_room(room: RoomTransition) -> Self {
        Self { room: Some(room), ..Self::default() }
    }

    pub(crate) fn of_person(person: PersonTransition) -> Self {
        Self { person: Some(person), ..Self::default() }
    }

    pub(crate) fn and(self, person: PersonTransition) -> Self {
        Self { person: Some(person), ..self }
    }

    /// The session of the room that was seen ends by it.
    pub(crate) fn remembering(self, seen: &Room, now: Timestamp, reason: EndReason) -> Self {
        let end = seen.ended(now, reason);
        Self { remembered: Some(Remembered { sid: seen.sid, end, joined: seen.joined }), ..self }
    }

    /// The record that was seen is kept, where it is of an earlier session than `sid`.
    pub(crate) fn keeping(self, sid: Sid, seen: Option<&Arc<Participant>>) -> Self {
        Self { former: seen.filter(|person| person.was_in_before(sid)).cloned(), ..self }
    }

    pub(crate) fn answering(self, sid: Sid) -> Self {
        Self { answer: Some(sid), ..self }
    }

    pub(crate) fn sitting(self, sitting: Sitting) -> Self {
        Self { sitting: Some(sitting), ..self }
    }

    pub(crate) fn of_connection(self, connection: ConnectionId) -> Self {
        Self { connection: Some(connection), ..self }
    }

    pub(crate) fn admitting(self, applicant: Applicant) -> Self {
        Self { applicant: Some(applicant), ..self }
    }
}

/// A state of the model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) tick: u8,
    pub(crate) room: Option<Arc<Room>>,
    pub(crate) people: Vec<Option<Arc<Participant>>>,
    /// Records of earlier sessions whose place others have taken.
    pub(crate) former: BTreeMap<(Sid, User), Arc<Participant>>,
    /// What is remembered of sessions that are over.
    pub(crate) past: BTreeMap<Sid, Remembered>,
    pub(crate) calls: Vec<Phase>,
    /// Records that the relay has not seen yet, in their order.
    pub(crate) stream: Vec<Record>,
    /// The last one that it has seen, which it may see again.
    pub(crate) relayed: Option<Record>,
    pub(crate) jobs: BTreeMap<Sid, EndJob>,
    /// The webhooks of each session by their numbers, from 1.
    pub(crate) hooks: BTreeMap<Sid, Vec<News>>,
    /// Tokens that have admitted somebody.
    pub(crate) spent: BTreeSet<uuid::Uuid>,
    /// What must not have happened.
    pub(crate) faults: BTreeSet<Fault>,
}

impl World {
    pub(crate) fn now(&self) -> Timestamp {
        setting::at(self.tick)
    }

    pub(crate) fn room(&self) -> Option<&Room> {
        self.room.as_deref()
    }

    pub(crate) fn person(&self, user: Option<User>) -> Option<&Arc<Participant>> {
        self.people[user?].as_ref()
    }

    /// The session that the call at this place was about, and when it began; none before it is done.
    pub(crate) fn answer(&self, place: usize) -> Option<(Sid, Timestamp)> {
        match &self.calls[place] {
            Phase::Done(answer) => *answer,
            Phase::Ready | Phase::Half(..) | Phase::Looked(_) => None,
        }
    }

    /// Whether the write's needs hold.
    pub(crate) fn allows(&self, write: &Write, user: Option<User>) -> bool {
        let person = self.person(user).map(Arc::as_ref);
        write.room.as_ref().is_none_or(|room| room.holds(self.room()))
            && write.person.as_ref().is_none_or(|transition| transition.holds(person))
    }

    /// Makes the write's changes. What it writes of the room goes on the stream.
    pub(crate) fn take(&mut self, write: &Write, user: Option<User>) {
        self.faults.extend(watch::of_write(self, write, user));
        if let Some(transition) = &write.person {
            let user = user.expect("whoever is written of is somebody");
            self.people[user] = transition.apply(self.people[user].as_deref()).map(Arc::new);
        }
        if let Some(token) = write.applicant.and_then(|applicant| applicant.proof.token()) {
            self.spent.insert(token.id);
        }
        if let (Some(former), Some(user)) = (&write.former, user) {
            self.former.insert((former.sid, user), former.clone());
        }
        if let Some(remembered) = &write.remembered {
            self.past.insert(remembered.sid, remembered.clone());
        }
        if let Some(transition) = &write.room {
            let after = transition.apply(self.room()).map(Arc::new);
            self.becomes(after, transition.happened.clone());
        }
    }

    fn becomes(&mut self, after: Option<Arc<Room>>, happened: Happened) {
        let before = std::mem::replace(&mut self.room, after.clone());
        self.stream.push(Record { before, after, happened });
    }

    /// TTL removes the room.
    pub(crate) fn expire(&mut self) {
        self.becomes(None, Happened { event: Event::Updated, at: self.now() });
    }

    /// The relay sees the next record.
    pub(crate) fn relay(&mut self) {
        if self.stream.is_empty() {
            return;
        }
        let record = self.stream.remove(0);
        self.faults.extend(watch::of_record(&record));
        self.pass_on(&record, true);
        self.relayed = Some(record);
    }

    /// It sees the last one again.
    pub(crate) fn relay_again(&mut self) {
        if let Some(record) = self.relayed.take() {
            self.pass_on(&record, false);
        }
    }

    fn pass_on(&mut self, record: &Record, fresh: bool) {
        let (before, after) = (record.before.as_deref(), record.after.as_deref());
        if let Some(room) = after {
            for told in told(before, after, &record.happened) {
                self.webhook(room.sid, told.number, told.news, fresh);
            }
        }
        if let Some(over) = over(before, after, &record.happened) {
            let sid = over.room.sid;
            let job = EndJob { over: Arc::new(over), told: false, cleared: false };
            match self.jobs.get(&sid) {
                None => {
                    self.jobs.insert(sid, job);
                }
                Some(known) if known.over == job.over && !fresh => {}
                Some(_) => {
                    self.faults.insert(Fault::Revived);
                }
            }
        }
    }

    /// Each number is given to one thing only, in their order; what was told before may be told again.
    fn webhook(&mut self, sid: Sid, number: u32, news: News, fresh: bool) {
        let hooks = self.hooks.entry(sid).or_default();
        let place = number as usize - 1;
        if fresh && place == hooks.len() {
            hooks.push(news);
        } else if fresh || hooks.get(place) != Some(&news) {
            self.faults.insert(Fault::Numbers);
        }
    }

    /// The end job tells of the end; it may be cut off and do so again.
    pub(crate) fn tell_end(&mut self, sid: Sid) {
        let Some(job) = self.jobs.get(&sid).filter(|job| !job.cleared).cloned() else { return };
        let mut present: Vec<_> = self.present(sid);
        present.sort_by_key(|person| (person.joined_at, person.id));
        let users: Vec<_> = present.into_iter().map(|person| person.user.clone()).collect();
        if users.len() != job.over.room.seats as usize {
            self.faults.insert(Fault::Seats);
        }
        for told in job.over.told(&users) {
            self.webhook(sid, told.number, told.news, !job.told);
        }
        let told = self.hooks.get(&sid).map_or(0, Vec::len);
        if told != last_number(&job.over.room, Timestamp::NEVER) as usize {
            self.faults.insert(Fault::Numbers);
        }
        self.jobs.insert(sid, EndJob { told: true, ..job });
    }

    fn present(&self, sid: Sid) -> Vec<Arc<Participant>> {
        let former = self.former.iter().filter(|((of, _), _)| *of == sid).map(|(_, person)| person);
        let people = self.people.iter().flatten().chain(former);
        let present = people.filter(|person| person.sid == sid && person.standing == Standing::Active);
        present.cloned().collect()
    }

    /// The end job archives the session and removes what belonged to it.
    pub(crate) fn clear(&mut self, sid: Sid) {
        let Some(job) = self.jobs.get_mut(&sid) else { return };
        job.cleared = true;
        let Over { room, ended_at, reason } = &*job.over;
        let archived = Remembered { sid, end: (*ended_at, *reason), joined: room.joined };
        if self.past.entry(sid).or_insert_with(|| archived.clone()).end != archived.end {
            self.faults.insert(Fault::Remembered);
        }
        let stays = |person: &Participant| room.by_code.is_some() && person.standing == Standing::Banned;
        let forget = PersonTransition::forget(sid, *ended_at);
        for record in &mut self.people {
            record.take_if(|person| forget.holds(Some(person)) && !stays(person));
        }
        self.former.retain(|(of, _), _| *of != sid);
    }
}

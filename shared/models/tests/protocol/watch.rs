//! What must not happen, in words of its own: a watcher of every write who knows the invariants and no needs.

use std::collections::BTreeSet;

use models::relay::over;
use models::{Applicant, EndReason, Event, Participant, Role, Room, Standing, Status, Timestamp};

use crate::setting::User;
use crate::world::{Record, World, Write};

/// A breach of an invariant; the numbers are those of the design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fault {
    /// 1: an admission took a seat that there was not.
    Overfull,
    /// 2: somebody came into a locked, ended or expired room, or one that he is barred from.
    Shut,
    /// 2: somebody came past the waiting room, waits where there is none, or came as a guest where none may.
    Uninvited,
    /// 3: a token admitted twice, after its revocation, or to another session than its own.
    Token,
    /// 4: a sitting that was replaced, or a lease that somebody came back to, did something with the place.
    Sitting,
    /// 4: a connection that was replaced did something, or somebody lost his by what a moderator did.
    Connection,
    /// 4: somebody was away, or back, and others were not told.
    Untold,
    /// 5: the seats at the end of a session were not those of people.
    Seats,
    /// 6: a change was not the next one, or a webhook's number was not the next one or given twice.
    Numbers,
    /// 7: a session that was over changed, ended again or was another's beginning.
    Revived,
    /// 7: what is remembered of a session is not how it ended.
    Remembered,
}

/// Where faults are noted.
struct Watcher(BTreeSet<Fault>);

impl Watcher {
    fn expect(&mut self, fine: bool, fault: Fault) {
        self.0.extend((!fine).then_some(fault));
    }
}

/// What is wrong about a write that the table takes.
pub(crate) fn of_write(world: &World, write: &Write, user: Option<User>) -> BTreeSet<Fault> {
    let mut watcher = Watcher(BTreeSet::new());
    let person = world.person(user).map(AsRef::as_ref);
    let after = write.room.as_ref().and_then(|room| room.apply(world.room()));
    if let (Some(before), Some(after), Some(transition)) = (world.room(), &after, &write.room) {
        watcher.watch_session(before, after, &transition.happened.event, transition.now);
        watcher.watch_end(world, after, write);
        if matches!(transition.happened.event, Event::Admitted { .. }) {
            watcher.watch_admission(before, person, transition.now);
        }
        if matches!(transition.happened.event, Event::Admitted { .. } | Event::SentBack { .. }) {
            let becomes = write.person.as_ref().and_then(|transition| transition.apply(person));
            let has = |person: &Participant| person.connection.clone();
            watcher.expect(person.map(has) == becomes.as_ref().map(has), Fault::Connection);
        }
        if let Some(applicant) = write.applicant {
            let becomes = write.person.as_ref().and_then(|transition| transition.apply(person));
            let entry = Entering { before, after, person, becomes: becomes.as_ref(), applicant };
            watcher.watch_entry(&entry, transition.now);
            let spent = applicant.proof.token().is_some_and(|token| world.spent.contains(&token.id));
            watcher.expect(!spent, Fault::Token);
        }
    }
    if let Some(sitting) = write.sitting {
        let sits = |person: &Participant| {
            let lapsed = person.lease.is_some_and(|lease| lease <= sitting.now) || !sitting.lapsed;
            let resumes = person.previous_session == Some(sitting.session) && sitting.resumes;
            lapsed && (person.session == Some(sitting.session) || resumes)
        };
        watcher.expect(person.is_some_and(sits), Fault::Sitting);
    }
    if let Some(connection) = &write.connection {
        let his = |person: &Participant| person.connection.as_ref().is_some_and(|his| his.id == *connection);
        watcher.expect(person.is_some_and(his), Fault::Connection);
    }
    if let (Some(before), Some(transition)) = (person, &write.person) {
        let after = transition.apply(Some(before));
        let seated = |person: &&Participant| person.sid == before.sid && person.standing == Standing::Active;
        let stays = Some(before).filter(seated).zip(after.as_ref().filter(seated));
        let told = |(before, after): (&Participant, &Participant)| {
            write.room.is_some() || before.is_away() == after.is_away() && before.media == after.media
        };
        watcher.expect(stays.is_none_or(told), Fault::Untold);
    }
    watcher.0
}

/// What is wrong about two versions of the state, one after the other.
pub(crate) fn of_record(record: &Record) -> BTreeSet<Fault> {
    let mut watcher = Watcher(BTreeSet::new());
    if let Some(after) = &record.after {
        let before = record.before.as_ref().filter(|before| before.sid == after.sid);
        watcher.expect(after.seq == before.map_or(0, |before| before.seq) + 1, Fault::Numbers);
    }
    watcher.0
}

/// Somebody who comes in.
struct Entering<'a> {
    before: &'a Room,
    after: &'a Room,
    person: Option<&'a Participant>,
    becomes: Option<&'a Participant>,
    applicant: Applicant,
}

impl Entering<'_> {
    /// Whether he stands there now in the session, and did not before.
    fn begins_to_be(&self, standing: Standing) -> bool {
        let is = |person: &Participant| person.sid == self.after.sid && person.standing == standing;
        self.becomes.is_some_and(is) && !self.person.is_some_and(is)
    }
}

impl Watcher {
    fn watch_session(&mut self, before: &Room, after: &Room, event: &Event, now: Timestamp) {
        let same = before.sid == after.sid;
        let seats_before = if same { before.seats } else { 0 };
        let room_for_all = after.max_participants.is_none_or(|most| after.seats <= most);
        self.expect(after.seats <= seats_before || room_for_all, Fault::Overfull);
        let of_room = matches!(event, Event::Locked { .. } | Event::Updated | Event::Ended { .. });
        let may_change = before.is_open(now) || of_room && before.status != Status::Ended;
        self.expect(!same || may_change, Fault::Revived);
        self.expect(!same || before.status == Status::Open || after.status != Status::Open, Fault::Revived);
    }

    fn watch_end(&mut self, world: &World, after: &Room, write: &Write) {
        let Some(transition) = &write.room else { return };
        let over = over(world.room(), Some(after), &transition.happened);
        let end = over.as_ref().map(|over| (over.room.sid, (over.ended_at, over.reason)));
        let remembered = write.remembered.as_ref();
        self.expect(end == remembered.map(|session| (session.sid, session.end)), Fault::Remembered);
        // Whoever ends a session before its time counts once more when it is over.
        let recounts = transition.happened.event == Event::Ended { reason: EndReason::Api };
        let joined = over.as_ref().map(|over| over.room.joined);
        self.expect(recounts || joined == remembered.map(|session| session.joined), Fault::Remembered);
        self.expect(end.is_none_or(|(sid, _)| !world.past.contains_key(&sid)), Fault::Revived);
    }

    /// Somebody is let in by another: he must wait there.
    fn watch_admission(&mut self, room: &Room, person: Option<&Participant>, now: Timestamp) {
        self.expect(room.is_open(now) && !room.locked, Fault::Shut);
        self.expect(person.is_some_and(|person| person.waits_in(room)), Fault::Uninvited);
    }

    fn watch_entry(&mut self, entry: &Entering<'_>, now: Timestamp) {
        let Entering { before, after, person, applicant, .. } = *entry;
        let (enters, waits) = (entry.begins_to_be(Standing::Active), entry.begins_to_be(Standing::Waiting));
        let open = if before.sid == after.sid {
            before.is_open(now)
        } else {
            before.is_active(now) && !before.is_open(now)
        };
        let barred = person.is_some_and(|person| person.is_banned_from(after));
        self.expect(open && !barred && !(before.locked && (enters || waits)), Fault::Shut);
        let admitted = person.is_some_and(|person| person.sid == after.sid && person.admitted);
        let passes = admitted || applicant.role != Role::Participant || !before.waiting_room;
        let guests = before.by_code.as_ref().is_none_or(|by_code| by_code.settings.allow_guest_access);
        let invited = (passes || !enters) && (before.waiting_room || !waits) && (guests || !applicant.guest);
        self.expect(invited, Fault::Uninvited);
        if let Some(token) = applicant.proof.token() {
            let lives = token.sid == after.sid && token.minted_at() > before.revoked_before;
            self.expect(lives, Fault::Token);
        }
    }
}

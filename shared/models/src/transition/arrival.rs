//! Somebody comes in.

use uuid::Uuid;

use super::person::as_seen;
use super::room::{running, unchanged};
use super::{Becomes, Effect, Held, Need, PersonNeed, PersonTransition, RoomTransition};
use crate::{
    Applicant, Entry, Event, Lasts, Participant, ParticipantId, Profile, Role, Room, SessionId, SessionToken,
    Sid, Standing, Status, Timestamp, UserId, waiter_expires_at,
};

/// What somebody brings who comes in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Brings {
    /// A join token, which holds his name, his role and the like.
    Token(Uuid),
    /// He came by the code.
    Account {
        /// His name and picture.
        profile: Profile,
        /// His role.
        role: Role,
    },
    /// The sitting of a place that was released: he stays who he was.
    Sitting(SessionId),
}

/// Somebody who is let in, by what was seen of the room and of him.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Who.
    pub user: UserId,
    /// His id as a participant.
    pub id: ParticipantId,
    /// What the rules were asked about.
    pub applicant: Applicant,
    /// What he brings.
    pub brings: Brings,
    /// How he comes in.
    pub entry: Entry,
    /// The session that was seen, or that his token is of.
    pub seen: Sid,
    /// The session that he will be in: another one where his entry begins it.
    pub sid: Sid,
    /// The sitting that begins.
    pub session: SessionId,
    /// How long the session lasts, as far as what he brings tells; by code that is the room's.
    pub lasts: Option<Lasts>,
    /// The room, if it was looked at.
    pub room: Option<Room>,
    /// His record, if it was looked at and he has one.
    pub person: Option<Participant>,
}

impl Entry {
    /// Whether this entry begins a session of the room by code.
    pub fn begins_session(self, room: Option<&Room>, now: Timestamp) -> bool {
        match self {
            Self::Session => true,
            Self::Wait => room.is_some_and(|room| !room.is_open(now)),
            Self::Seat | Self::Same => false,
        }
    }
}

impl Arrival {
    /// `person` comes back with the token of a sitting whose place was released, as `entry` says, and begins another one.
    pub fn back(
        token: &SessionToken,
        (room, person): (&Room, &Participant),
        entry: Entry,
        session: SessionId,
    ) -> Self {
        Self {
            user: person.user.clone(),
            id: person.id,
            applicant: Applicant::returning(person),
            brings: Brings::Sitting(token.session),
            entry,
            seen: token.sid,
            sid: token.sid,
            session,
            lasts: room.by_code.is_none().then(|| room.lasts()),
            room: Some(room.clone()),
            person: Some(person.clone()),
        }
    }

    /// Whether his entry begins a session.
    pub fn begins_session(&self) -> bool {
        self.sid != self.seen
    }

    /// The session that ran out unnoticed and in whose place his begins.
    pub fn over(&self) -> Option<&Room> {
        self.room.as_ref().filter(|room| self.begins_session() && room.status == Status::Open)
    }

    /// What is known of him in the session that he will be in.
    fn known(&self) -> Option<&Participant> {
        self.person.as_ref().filter(|person| person.sid == self.sid)
    }

    /// Whether he had a seat in this session before. What is known of that may be too little: a need is about it.
    fn came_before(&self) -> bool {
        self.known().is_some_and(|person| person.joined_at.is_some())
    }

    /// Whether he waits already.
    fn waits(&self) -> bool {
        self.known().is_some_and(|person| person.standing == Standing::Waiting)
    }

    /// Whether he goes on to wait in a room that was locked since: he keeps his place, and no newcomer gets one.
    fn waits_on(&self) -> bool {
        self.entry == Entry::Wait && self.waits() && self.room.as_ref().is_some_and(|room| room.locked)
    }

    fn takes_seat(&self) -> bool {
        matches!(self.entry, Entry::Seat | Entry::Session)
    }

    fn has_rights(&self) -> bool {
        self.applicant.role != Role::Participant
    }

    /// Whether TTL may still remove the room with somebody in, since its session ends at a time (`models::expiry`). One by
    /// code never expires while a session runs.
    fn may_expire(&self) -> bool {
        self.lasts.is_some_and(|lasts| lasts != Lasts::Unlimited)
    }

    /// The room's part.
    pub fn state(&self, now: Timestamp) -> RoomTransition {
        let user = self.user.clone();
        let event = match self.entry {
            Entry::Seat | Entry::Session => Event::Joined { user },
            Entry::Same => Event::Replaced { user },
            Entry::Wait => Event::Waiting { user },
        };
        RoomTransition::update(self.room_needs(), self.effects(), event, now)
    }

    fn room_needs(&self) -> Vec<Need> {
        let mut needs = match (self.begins_session(), self.over()) {
            (false, _) => running(self.seen).to_vec(),
            (true, Some(over)) => unchanged(over).to_vec(),
            (true, None) => vec![Need::Session(self.seen), Need::Status(Status::Idle)],
        };
        needs.extend(self.applicant.proof.token().map(|token| Need::NotRevoked(token.minted_at())));
        needs.extend(self.applicant.guest.then_some(Need::GuestsAllowed));
        needs.extend((self.entry != Entry::Same && !self.waits_on()).then_some(Need::Unlocked));
        needs.extend((self.entry == Entry::Seat).then_some(Need::FreeSeat));
        needs.extend((self.entry == Entry::Wait).then_some(Need::WaitingRoom(true)));
        let passes = self.has_rights() || self.known().is_some_and(|person| person.admitted);
        needs.extend((self.takes_seat() && !passes).then_some(Need::WaitingRoom(false)));
        needs
    }

    fn effects(&self) -> Vec<Effect> {
        let presents = self.has_rights().then(|| self.user.clone());
        if self.begins_session() {
            let presenter = presents.filter(|_| self.takes_seat());
            let begin = Effect::Begin { sid: self.sid, seated: self.takes_seat(), presenter };
            return vec![begin, Effect::ExpiresAt(Timestamp::NEVER)];
        }
        let seat = (self.entry == Entry::Seat).then_some(Effect::TakeSeat { counted: !self.came_before() });
        let stays =
            (self.entry == Entry::Seat && !self.may_expire()).then_some(Effect::ExpiresAt(Timestamp::NEVER));
        let presents = presents.filter(|_| self.entry != Entry::Wait).map(Effect::Present);
        [seat, presents, stays].into_iter().flatten().collect()
    }

    /// The person's part: he becomes active (or waits, or stays) in a new sitting, and his token is spent. `held` says by
    /// what he keeps his place: by the connection that he came over, or for a while.
    pub fn person(&self, held: Held, now: Timestamp) -> PersonTransition {
        if let (None, Brings::Account { profile, role }) = (self.known(), &self.brings) {
            let newcomer = self.newcomer(profile, *role, held, now);
            let needs = as_seen(self.person.as_ref());
            return PersonTransition { now, needs, becomes: Becomes::New(Box::new(newcomer)) };
        }
        let mut needs = vec![PersonNeed::Of(self.sid), PersonNeed::StandsNot(Standing::Banned)];
        // The state counts him or not, by what is believed here; and TTL may not take the record of who is counted.
        let enters = self.entry != Entry::Same;
        needs.extend(enters.then_some(PersonNeed::CameBefore(self.came_before())));
        needs.extend(match self.brings {
            Brings::Token(token) => Some(PersonNeed::Token(token)),
            Brings::Sitting(session) => Some(PersonNeed::SitsOrSat(session)),
            Brings::Account { .. } => None,
        });
        needs.push(match (self.entry, &self.brings) {
            // Who has come back by now has a place, and whoever left of his own has no sitting.
            (_, Brings::Sitting(_)) => PersonNeed::Stands(Standing::Left),
            (Entry::Same, _) => PersonNeed::Stands(Standing::Active),
            (Entry::Wait, _) if self.waits_on() => PersonNeed::Stands(Standing::Waiting),
            (Entry::Seat | Entry::Session | Entry::Wait, _) => PersonNeed::StandsNot(Standing::Active),
        });
        let becomes = Becomes::In {
            entry: self.entry,
            id: self.id,
            session: self.session,
            held,
            came_before: self.came_before(),
            waits: self.waits(),
            brings: self.brings.clone(),
        };
        PersonTransition { now, needs, becomes }
    }

    fn newcomer(&self, profile: &Profile, role: Role, held: Held, now: Timestamp) -> Participant {
        let waits = self.entry == Entry::Wait;
        let standing = if waits { Standing::Waiting } else { Standing::Active };
        let mut newcomer = Participant {
            id: self.id,
            session: Some(self.session),
            profile: profile.clone(),
            role,
            guest: self.applicant.guest,
            joined_at: (!waits).then_some(now),
            waiting_since: waits.then_some(now),
            expires_at: waits.then(|| waiter_expires_at(now)),
            ..Participant::new(self.sid, self.user.clone(), standing)
        };
        held.apply(&mut newcomer);
        newcomer
    }
}

//! Writes of somebody in a room.

use uuid::Uuid;

use super::Brings;
use crate::{
    Connection, ConnectionId, Denial, Entry, LockChange, Locks, Media, MediaChange, MutedBy, Participant,
    ParticipantId, SessionId, Sid, Standing, Timestamp, UserId, Word, waiter_expires_at,
};

/// A condition on somebody's record at the moment at which a write takes effect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PersonNeed {
    /// Nothing is stored of him.
    Unknown,
    /// His record is of this session.
    Of(Sid),
    /// He stands there.
    Stands(Standing),
    /// He stands anywhere but there.
    StandsNot(Standing),
    /// He has this unused join token.
    Token(Uuid),
    /// Whether he has had a seat in the session.
    CameBefore(bool),
    /// This is his live sitting.
    Sits(SessionId),
    /// It is, or was before the live one, and that one has not been used yet.
    SitsOrSat(SessionId),
    /// He has this connection.
    Connected(ConnectionId),
    /// He has none.
    Unconnected,
    /// Nobody is connected to his place, which may be released from then on.
    Lease(Timestamp),
    /// TTL may remove him by then.
    ExpiresBy(Timestamp),
}

impl PersonNeed {
    /// Whether it holds for him.
    pub fn holds(&self, person: Option<&Participant>) -> bool {
        let Some(person) = person else {
            return matches!(
                self,
                Self::Unknown | Self::StandsNot(_) | Self::CameBefore(false) | Self::Unconnected
            );
        };
        match self {
            Self::Unknown => false,
            Self::Of(sid) => person.sid == *sid,
            Self::Stands(standing) => person.standing == *standing,
            Self::StandsNot(standing) => person.standing != *standing,
            Self::Token(token) => person.tokens.iter().any(|(id, _)| id == token),
            Self::CameBefore(came) => person.joined_at.is_some() == *came,
            Self::Sits(session) => person.session == Some(*session),
            Self::SitsOrSat(session) => person.sits_or_sat(*session),
            Self::Connected(id) => person.connection.as_ref().is_some_and(|connection| connection.id == *id),
            Self::Unconnected => person.connection.is_none(),
            Self::Lease(at) => person.lease == Some(*at),
            Self::ExpiresBy(at) => person.expires_at.is_some_and(|expires_at| expires_at <= *at),
        }
    }
}

/// By what somebody keeps his place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Held {
    /// He is connected to it.
    By(Connection),
    /// Nobody is: it may be released from then on.
    Until(Timestamp),
}

impl Held {
    pub(super) fn apply(&self, person: &mut Participant) {
        (person.connection, person.lease) = match self {
            Self::By(connection) => (Some(connection.clone()), None),
            Self::Until(at) => (None, Some(*at)),
        };
    }
}

/// What a write makes of somebody.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Becomes {
    /// This one, in the place of what is there.
    New(Box<Participant>),
    /// He comes in (or waits, or stays) in a new sitting.
    In {
        /// How.
        entry: Entry,
        /// His id.
        id: ParticipantId,
        /// The sitting.
        session: SessionId,
        /// By what he keeps his place.
        held: Held,
        /// Whether he has had a seat in the session: he is counted, and nothing takes his record before its end.
        came_before: bool,
        /// Whether he waits already.
        waits: bool,
        /// What he brings.
        brings: Brings,
    },
    /// He has no place any more.
    Out {
        /// Where he stands then.
        standing: Standing,
        /// His join tokens that die with it.
        tokens: Vec<Uuid>,
        /// What he is told; nothing where nobody puts him out.
        message: Option<String>,
    },
    /// He has no place any more, since nobody was connected to it; with its sitting he may come back.
    Released,
    /// He waited, and waits no longer.
    Denied(Denial),
    /// He waited, and has a seat, in the same sitting.
    Admitted {
        /// From when on it may be released; none where somebody is connected to it.
        lease: Option<Timestamp>,
        /// Whether he has had a seat in the session before.
        came_before: bool,
    },
    /// He had a seat, and waits for one, in the same sitting.
    Waits {
        /// From when on his place may be released; none where somebody is connected to it.
        lease: Option<Timestamp>,
    },
    /// He held no place, and is barred, or no longer, or gives up the one that was released.
    Stands {
        /// Where he stands then.
        standing: Standing,
        /// His join tokens that die with it.
        tokens: Vec<Uuid>,
    },
    /// His place is that of a new sitting.
    Sits {
        /// The sitting whose token it was begun with.
        previous: SessionId,
        /// The new one.
        session: SessionId,
        /// By what he keeps it.
        held: Held,
    },
    /// His connection is gone, and his place may be released from then on.
    Lost(Timestamp),
    /// He shows himself otherwise.
    Shows(MediaChange),
    /// This moderator has muted him.
    Muted(ParticipantId),
    /// The sitting before is over for good.
    Settled,
    /// He has one more join token.
    Invited {
        /// The token.
        token: Uuid,
        /// When it runs out.
        token_expires_at: Timestamp,
        /// From when on TTL may remove him; none where that stays as it is.
        expires_at: Option<Timestamp>,
        /// His join tokens that make room for it.
        dropped: Vec<Uuid>,
    },
    /// He is told this of locks.
    Told {
        /// What.
        change: LockChange,
        /// The number of each word of it ([`Word::number`]).
        number: u64,
    },
    /// These join tokens of his are dead.
    Loses(Vec<Uuid>),
    /// Nobody: his record goes.
    Gone,
}

impl Becomes {
    /// Whether others may see him otherwise after it, who is in then. What can be told from how he is shown need not count,
    /// if what takes it back does: nobody comes back from being away, but who has gone away.
    pub const fn counts(&self) -> bool {
        match self {
            Self::In { entry, .. } => !matches!(entry, Entry::Wait),
            Self::Sits { held, .. } => matches!(held, Held::Until(_)),
            Self::Admitted { .. } | Self::Lost(_) | Self::Shows(_) | Self::Muted(_) => true,
            _ => false,
        }
    }
}

/// A write of somebody's record for the moment `now`: where all its needs hold, he becomes what it says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PersonTransition {
    /// The moment that it is about.
    pub now: Timestamp,
    /// What must hold.
    pub needs: Vec<PersonNeed>,
    /// What changes.
    pub becomes: Becomes,
}

impl PersonTransition {
    /// The first use of a new sitting.
    pub fn settle(session: SessionId, now: Timestamp) -> Self {
        Self { now, needs: vec![PersonNeed::Sits(session)], becomes: Becomes::Settled }
    }

    /// `user` is barred from the session `sid`.
    pub fn ban(sid: Sid, user: &UserId, seen: Option<&Participant>, now: Timestamp) -> Self {
        let becomes = match seen {
            // Who was only invited goes with his last token; who is barred stays.
            Some(person) if person.sid == sid => stands(person, Standing::Banned),
            _ => Becomes::New(Box::new(Participant::new(sid, user.clone(), Standing::Banned))),
        };
        Self { now, needs: as_seen(seen), becomes }
    }

    /// He may come again. Who was barred in the session `sid` counts as somebody who left it; the record of an earlier one
    /// goes.
    pub fn unblock(sid: Sid, person: &Participant, now: Timestamp) -> Self {
        // A token that was minted in the moment of the ban is as dead as the others, and stays so.
        let becomes = if person.sid == sid { stands(person, Standing::Left) } else { Becomes::Gone };
        let needs = vec![PersonNeed::Of(person.sid), PersonNeed::Stands(Standing::Banned)];
        Self { now, needs, becomes }
    }

    /// These join tokens of a session are dead.
    pub fn revoke(sid: Sid, tokens: Vec<Uuid>, now: Timestamp) -> Self {
        Self { now, needs: vec![PersonNeed::Of(sid)], becomes: Becomes::Loses(tokens) }
    }

    /// What is left of him after the session `sid` goes. He may have come to the next one by now: his record is that one's.
    pub fn forget(sid: Sid, now: Timestamp) -> Self {
        Self { now, needs: vec![PersonNeed::Of(sid)], becomes: Becomes::Gone }
    }

    /// `invited`, of whom nothing is stored in his session, has his first join token there; `seen` is the record that his
    /// takes the place of.
    pub fn invite(invited: Participant, seen: Option<&Participant>, now: Timestamp) -> Self {
        Self { now, needs: as_seen(seen), becomes: Becomes::New(Box::new(invited)) }
    }

    /// Somebody known has one more join token, and the expired ones and a surplus of them are `dropped`.
    pub fn invite_again(
        person: &Participant,
        (token, token_expires_at): (Uuid, Timestamp),
        dropped: Vec<Uuid>,
        now: Timestamp,
    ) -> Self {
        let mut needs = as_seen(Some(person));
        // Only who is merely invited goes with his last token. The need of his standing keeps that expiry from somebody
        // who has taken his seat in between: TTL would remove him.
        let expires_at = (person.standing == Standing::Invited).then(|| {
            person.tokens.iter().map(|(_, expires_at)| *expires_at).fold(token_expires_at, Timestamp::max)
        });
        needs.extend(expires_at.map(PersonNeed::ExpiresBy));
        Self { now, needs, becomes: Becomes::Invited { token, token_expires_at, expires_at, dropped } }
    }

    /// Whether all needs hold.
    pub fn holds(&self, person: Option<&Participant>) -> bool {
        self.needs.iter().all(|need| need.holds(person))
    }

    /// Somebody after the change; none where his record goes, or where there is none to change.
    ///
    /// What a join token brings (name, role, …) is stored with it and not known here: it changes nothing that a need is
    /// about.
    pub fn apply(&self, person: Option<&Participant>) -> Option<Participant> {
        if let Becomes::New(new) = &self.becomes {
            return Some(Participant::clone(new));
        }
        let mut person = person?.clone();
        match &self.becomes {
            Becomes::New(_) | Becomes::Gone => return None,
            Becomes::In { entry, id, session, held, came_before, waits, brings } => {
                enter(&mut person, (*entry, *came_before, *waits), *id, self.now);
                person.session = Some(*session);
                held.apply(&mut person);
                brings.apply(&mut person);
            }
            Becomes::Out { standing, tokens, message } => {
                go(&mut person, *standing);
                person.removed = message.is_some();
                lose(&mut person, tokens);
            }
            Becomes::Released => vacate(&mut person, Standing::Left),
            Becomes::Denied(_) => go(&mut person, Standing::Left),
            waits @ (Becomes::Admitted { .. } | Becomes::Waits { .. }) => {
                waits.wait_or_enter(&mut person, self.now);
            }
            Becomes::Stands { standing, tokens } => {
                (person.standing, person.expires_at) = (*standing, None);
                (person.session, person.previous_session) = (None, None);
                lose(&mut person, tokens);
            }
            Becomes::Sits { previous, session, held } => {
                (person.previous_session, person.session) = (Some(*previous), Some(*session));
                held.apply(&mut person);
            }
            Becomes::Lost(lease) => Held::Until(*lease).apply(&mut person),
            Becomes::Shows(change) => {
                (person.media, person.muted_by) = (change.of(person.media), None);
            }
            Becomes::Muted(by) => {
                (person.media, person.muted_by) =
                    (MediaChange::MUTED.of(person.media), Some(MutedBy { id: *by, at: self.now }));
            }
            Becomes::Settled => person.previous_session = None,
            Becomes::Invited { token, token_expires_at, expires_at, dropped } => {
                person.tokens.push((*token, *token_expires_at));
                person.expires_at = expires_at.or(person.expires_at);
                lose(&mut person, dropped);
                person.tokens.sort_unstable();
            }
            Becomes::Told { change, number } => {
                let word = |(lock, locked): (&_, &_)| (*lock, Word { locked: *locked, number: *number });
                person.said.extend(change.iter().map(word));
            }
            Becomes::Loses(tokens) => lose(&mut person, tokens),
        }
        person.version += u32::from(self.becomes.counts());
        Some(person)
    }
}

/// Only what was seen is changed or replaced: meanwhile he may have come in, or left, or another session have begun.
pub(super) fn as_seen(person: Option<&Participant>) -> Vec<PersonNeed> {
    person.map_or_else(
        || vec![PersonNeed::Unknown],
        |person| vec![PersonNeed::Of(person.sid), PersonNeed::Stands(person.standing)],
    )
}

/// Where he stands without a place, his join tokens dead.
fn stands(person: &Participant, standing: Standing) -> Becomes {
    Becomes::Stands { standing, tokens: person.tokens.iter().map(|(id, _)| *id).collect() }
}

fn lose(person: &mut Participant, tokens: &[Uuid]) {
    person.tokens.retain(|(id, _)| !tokens.contains(id));
}

fn go(person: &mut Participant, standing: Standing) {
    vacate(person, standing);
    (person.session, person.previous_session) = (None, None);
}

fn vacate(person: &mut Participant, standing: Standing) {
    (person.standing, person.removed) = (standing, false);
    (person.waiting_since, person.lease, person.expires_at) = (None, None, None);
    (person.connection, person.media, person.muted_by) = (None, Media::default(), None);
}

fn enter(
    person: &mut Participant,
    (entry, came_before, waits): (Entry, bool, bool),
    id: ParticipantId,
    now: Timestamp,
) {
    match entry {
        Entry::Seat | Entry::Session => {
            if came_before {
                person.joined_before = person.joined_at;
            }
            (person.standing, person.id, person.joined_at) = (Standing::Active, id, Some(now));
            (person.previous_session, person.waiting_since, person.expires_at) = (None, None, None);
            (person.media, person.muted_by) = (Media::default(), None);
        }
        Entry::Same => (person.previous_session, person.expires_at) = (person.session, None),
        Entry::Wait => {
            (person.standing, person.id) = (Standing::Waiting, id);
            person.previous_session = person.session.filter(|_| waits);
            person.waiting_since.get_or_insert(now);
            person.expires_at = (!came_before).then(|| waiter_expires_at(now));
        }
    }
}

impl Brings {
    fn apply(&self, person: &mut Participant) {
        match self {
            Self::Token(token) => lose(person, &[*token]),
            // A lost answer locks nobody out: until the new sitting is used, this one is as good.
            Self::Sitting(session) => person.previous_session = Some(*session),
            Self::Account { profile, role } => {
                (person.profile, person.role, person.hidden) = (profile.clone(), *role, false);
                (person.locks, person.metadata) = (Locks::new(), None);
            }
        }
    }
}

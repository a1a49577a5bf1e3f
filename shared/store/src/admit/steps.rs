//! The writes of an admission, and its answer.

use models::transition::{Arrival, Held};
use models::{Entry, Participant, Profile, SITTING, Standing, Timestamp};

use super::{Admission, Credential, Door};
use crate::items::{Binding, Connected, kept_from_before};
use crate::step::Step;

/// One attempt at an admission: all that its writes and its answer are made of.
pub(super) struct Plan<'a> {
    pub(super) door: &'a Door<'a>,
    pub(super) arrival: Arrival,
    /// What remembers the session before, where that one ran out unnoticed.
    pub(super) over: Option<Step>,
    /// The connection that he comes over, as it was read.
    pub(super) connected: Option<&'a Connected>,
}

impl Plan<'_> {
    /// Whether an earlier attempt of ours did it already.
    pub(super) fn is_done(&self) -> bool {
        let Arrival { person, session, .. } = &self.arrival;
        person.as_ref().is_some_and(|person| person.session == Some(*session))
    }

    /// What the person is told, and what a success means.
    pub(super) fn admission(&self, now: Timestamp) -> Admission {
        let arrival = &self.arrival;
        let known = arrival.person.as_ref().filter(|person| person.sid == arrival.sid);
        let joined_before = known.filter(|_| arrival.entry == Entry::Same);
        let profile = match self.door.credential {
            Credential::Token(token) => Profile { name: token.name.clone(), avatar_url: None },
            Credential::User { profile, .. } | Credential::Guest(profile) => profile.clone(),
        };
        Admission {
            room: self.door.room.clone(),
            sid: arrival.sid,
            user: arrival.user.clone(),
            guest: matches!(self.door.credential, Credential::Guest(_)),
            profile,
            id: arrival.id,
            session: arrival.session,
            role: arrival.applicant.role,
            active: match arrival.entry {
                Entry::Same => joined_before.is_some_and(|person| person.standing == Standing::Active),
                Entry::Seat | Entry::Session => true,
                Entry::Wait => false,
            },
            here_since: match arrival.entry {
                Entry::Same => joined_before.and_then(Participant::here_since),
                Entry::Seat | Entry::Session => Some(now),
                Entry::Wait => known.and_then(|person| person.waiting_since).or(Some(now)),
            },
            expires_at: now.plus(SITTING).min(self.session_end(now)),
        }
    }

    /// When the session ends by its duration.
    fn session_end(&self, now: Timestamp) -> Timestamp {
        let Arrival { room, lasts, .. } = &self.arrival;
        match room {
            Some(room) if self.arrival.begins_session() => {
                room.duration.map_or(Timestamp::NEVER, |duration| now.plus(duration))
            }
            Some(room) => room.ends_at(now),
            None => lasts.map_or(Timestamp::NEVER, |lasts| lasts.end(now)),
        }
    }

    /// The writes, conditions and all, for the moment `now`.
    pub(super) fn steps(&self, now: Timestamp) -> Vec<Step> {
        let (room, arrival) = (self.door.room, &self.arrival);
        let unattached = || Held::Until(now.plus(self.door.unattached));
        let person = arrival.person(self.connected.map_or_else(unattached, Connected::held), now);
        let steps = [Step::of_room(room, &arrival.state(now)), Step::of_person(room, &arrival.user, &person)];
        let before = kept_from_before(room, arrival.sid, arrival.person.as_ref(), now);
        let bind = self.connected.map(|connected| self.binding().step(connected));
        steps.into_iter().chain(self.over.clone()).chain(before).chain(bind).collect()
    }

    fn binding(&self) -> Binding {
        let Arrival { sid, user, id, session, entry, .. } = &self.arrival;
        let (room, user) = (self.door.room.clone(), user.clone());
        let waits = *entry == Entry::Wait;
        Binding { room, sid: *sid, user, participant: *id, session: *session, waits }
    }
}

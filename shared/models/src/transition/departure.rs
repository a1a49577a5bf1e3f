//! Somebody gives up his place, or loses it.

use std::time::Duration;

use super::room::running;
use super::{Becomes, Effect, Need, PersonNeed, PersonTransition, RoomTransition};
use crate::{Event, Participant, Room, SessionId, Sid, Standing, Timestamp, UserId};

/// Whose place becomes free, and under which conditions.
#[derive(Clone, Debug)]
pub struct Departure {
    /// The session.
    pub sid: Sid,
    /// What is told.
    pub event: Event,
    /// What else must be true of him, beside his session and his standing.
    pub needs: Vec<PersonNeed>,
    /// What becomes of him.
    pub becomes: Becomes,
}

/// What is left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leaving {
    /// Others are in.
    Others,
    /// He is the last: the session's clock starts.
    Last {
        /// When it runs out.
        due_at: Timestamp,
        /// From when on TTL may remove the room.
        expires_at: Timestamp,
    },
    /// He held no seat, he waited.
    Waiter,
}

impl Leaving {
    /// What somebody leaves behind whose seat is one of those that are taken in `room`. An empty room ends after the
    /// `pause` in which somebody may come back, never later than by its duration.
    pub fn seat(room: &Room, pause: Duration, now: Timestamp) -> Self {
        if room.seats > 1 {
            return Self::Others;
        }
        let due_at = now.plus(pause).min(room.ends_at(now));
        let emptied = Room { seats: 0, due_at, ..room.clone() };
        Self::Last { due_at, expires_at: emptied.expires_in_session() }
    }
}

impl Departure {
    /// Somebody leaves of his own.
    pub fn leave(sid: Sid, user: &UserId, needs: Vec<PersonNeed>) -> Self {
        let event = Event::Left { user: user.clone() };
        let becomes = Becomes::Out { standing: Standing::Left, tokens: vec![], message: None };
        Self { sid, event, needs, becomes }
    }

    /// Nobody came back to the place of this sitting, which nobody has been connected to until its lease lapsed. Whose it was
    /// may still come back, where there is a place for him.
    pub fn release(sid: Sid, user: &UserId, session: SessionId, lease: Timestamp) -> Self {
        let event = Event::Left { user: user.clone() };
        let needs = vec![PersonNeed::Sits(session), PersonNeed::Lease(lease)];
        Self { sid, event, needs, becomes: Becomes::Released }
    }

    /// `person` is put out with a message, and his unused join tokens die.
    pub fn remove(person: &Participant, ban: bool, message: &str) -> Self {
        Self {
            sid: person.sid,
            event: Event::Removed { user: person.user.clone(), banned: ban },
            needs: vec![],
            becomes: Becomes::Out {
                standing: if ban { Standing::Banned } else { Standing::Left },
                tokens: person.tokens.iter().map(|(id, _)| *id).collect(),
                message: Some(message.to_owned()),
            },
        }
    }

    /// What else becomes of `person` where his place was released before he left it: he will not come back to it.
    pub fn give_up(&self, person: &Participant, now: Timestamp) -> Option<PersonTransition> {
        let leaves = matches!(self.becomes, Becomes::Out { message: None, .. });
        let needs = [PersonNeed::Of(self.sid), PersonNeed::Stands(Standing::Left)];
        let needs: Vec<_> = needs.into_iter().chain(self.needs.clone()).collect();
        let becomes = Becomes::Stands { standing: Standing::Left, tokens: vec![] };
        let given_up = PersonTransition { now, needs, becomes };
        (leaves && person.is_released() && given_up.holds(Some(person))).then_some(given_up)
    }

    /// What he is supposed to leave behind as long as nothing has been seen: who is denied waits.
    pub fn expected(&self) -> Leaving {
        if self.needs.contains(&PersonNeed::Stands(Standing::Waiting)) {
            Leaving::Waiter
        } else {
            Leaving::Others
        }
    }

    /// The room's part.
    pub fn state(&self, leaving: Leaving, now: Timestamp) -> RoomTransition {
        let (need, effects) = match leaving {
            Leaving::Others => (Some(Need::OthersSeated), vec![Effect::FreeSeat]),
            Leaving::Last { due_at, expires_at } => {
                let clock = [Effect::DueAt(due_at), Effect::ExpiresAt(expires_at)];
                (Some(Need::OneSeated), [Effect::FreeSeat].into_iter().chain(clock).collect())
            }
            Leaving::Waiter => (None, vec![]),
        };
        RoomTransition::update(running(self.sid).into_iter().chain(need), effects, self.event.clone(), now)
    }

    /// The person's part.
    pub fn person(&self, leaving: Leaving, now: Timestamp) -> PersonTransition {
        let seen = if leaving == Leaving::Waiter { Standing::Waiting } else { Standing::Active };
        let needs = [PersonNeed::Of(self.sid), PersonNeed::Stands(seen)];
        let needs = needs.into_iter().chain(self.needs.clone()).collect();
        PersonTransition { now, needs, becomes: self.becomes.clone() }
    }
}

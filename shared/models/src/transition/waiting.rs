//! Somebody who waits is admitted, or denied; somebody who is in is sent back to where he waits.
//!
//! An admission is a change of the room for one person, so that each has his own number. Many are made one after the
//! other, in order of arrival (`docs/decisions/0024`).

use super::room::running;
use super::{Becomes, Departure, Effect, Held, Need, PersonNeed, PersonTransition, RoomTransition};
use crate::{Denial, Event, Media, Participant, Room, Standing, Timestamp};

impl RoomTransition {
    /// `person`, who waits in the running session of `room`, gets a seat.
    pub fn admit(room: &Room, person: &Participant, now: Timestamp) -> Self {
        let needs = running(person.sid).into_iter().chain([Need::Unlocked, Need::FreeSeat]);
        let seat = Effect::TakeSeat { counted: person.joined_at.is_none() };
        let presents = person.has_rights().then(|| Effect::Present(person.user.clone()));
        // As for whoever comes in by himself: with somebody in, only an end by its duration may be left to TTL.
        let stays = room.by_code.is_some() || room.duration.is_none();
        let effects = [Some(seat), presents, stays.then_some(Effect::ExpiresAt(Timestamp::NEVER))];
        let event = Event::Admitted { user: person.user.clone() };
        Self::update(needs, effects.into_iter().flatten(), event, now)
    }
}

impl PersonTransition {
    /// He has it, in the sitting in which he waited. Where nobody is connected to his place, it may be released from
    /// `lease` on.
    pub fn admit(person: &Participant, lease: Timestamp, now: Timestamp) -> Self {
        let came_before = person.joined_at.is_some();
        let mut needs = vec![
            PersonNeed::Of(person.sid),
            PersonNeed::Stands(Standing::Waiting),
            // The state counts him or not, by what is believed here.
            PersonNeed::CameBefore(came_before),
        ];
        needs.extend(person.lease.map(PersonNeed::Lease));
        let lease = person.lease.map(|_| lease);
        Self { now, needs, becomes: Becomes::Admitted { lease, came_before } }
    }
}

impl Departure {
    /// `person` waits no longer, and may ask again.
    pub fn deny(person: &Participant, why: Denial) -> Self {
        Self {
            sid: person.sid,
            event: Event::Denied { user: person.user.clone() },
            needs: vec![PersonNeed::Stands(Standing::Waiting)],
            becomes: Becomes::Denied(why),
        }
    }

    /// `person` gives up his seat and waits, behind those who do; his sitting stays good. His place may be released from
    /// `lease` on, where nobody is connected to it.
    pub fn send_back(person: &Participant, lease: Timestamp) -> Self {
        // Who waits already keeps his place in the order.
        let needs = [PersonNeed::StandsNot(Standing::Waiting)];
        Self {
            sid: person.sid,
            event: Event::SentBack { user: person.user.clone() },
            needs: needs.into_iter().chain(person.lease.map(PersonNeed::Lease)).collect(),
            becomes: Becomes::Waits { lease: person.lease.map(|_| lease) },
        }
    }
}

impl Becomes {
    /// Makes of `person` what this says of somebody who is admitted, or sent back.
    pub(super) fn wait_or_enter(&self, person: &mut Participant, now: Timestamp) {
        match self {
            Self::Admitted { lease, came_before } => {
                if *came_before {
                    person.joined_before = person.joined_at;
                }
                (person.standing, person.joined_at, person.admitted) = (Standing::Active, Some(now), true);
                (person.waiting_since, person.expires_at) = (None, None);
                if let Some(lease) = lease {
                    Held::Until(*lease).apply(person);
                }
            }
            Self::Waits { lease } => {
                (person.standing, person.waiting_since) = (Standing::Waiting, Some(now));
                // TTL must not take who came before the session has ended: he is counted among those who joined.
                (person.admitted, person.expires_at) = (false, None);
                (person.media, person.muted_by) = (Media::default(), None);
                if let Some(lease) = lease {
                    Held::Until(*lease).apply(person);
                }
            }
            _ => {}
        }
    }
}

//! Somebody gives up his seat, or loses it.

use std::time::Duration;

use models::transition::{Departure, Leaving, PersonNeed};
use models::{RoomKey, SessionId, SessionToken, Sid, Standing, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::answer::Keep;
use crate::commit::{MOST_LOOKS, Outcome, Verdict};
use crate::error::Halt;
use crate::items::{ParticipantItem, RoomItem};
use crate::step::Step;
use crate::{Store, StoreError};

/// A seat, or a place in the waiting room, that nobody is connected to: from `due_at` on it may be released, unless
/// somebody has come back to it, which sets another time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The room.
    pub room: RoomKey,
    /// The session of the room.
    pub sid: Sid,
    /// Whose seat it is.
    pub user: UserId,
    /// The sitting.
    pub session: SessionId,
    /// When it lapses.
    pub due_at: Timestamp,
}

/// What became of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Released {
    /// The seat is free now.
    Freed,
    /// The lease has not lapsed yet.
    NotDue,
    /// There is nothing to release: somebody came back, or left, or the session is over.
    Gone,
}

impl Store {
    /// Gives up the seat, or the place in the waiting room, that `token` is of; of one that was released, the right to come
    /// back to it. A token that is not the live one of a running session changes nothing: leaving may be repeated, and a
    /// late leave of a replaced sitting throws nobody out. Says whether anything changed.
    pub async fn leave(
        &self,
        token: &SessionToken,
        pause: Duration,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<bool, Halt> {
        let departure = Departure::leave(token.sid, &token.user, vec![PersonNeed::Sits(token.session)]);
        self.depart(&token.room, &token.user, &departure, pause, keep.as_ref()).await
    }

    /// Frees the seat of a lease that has lapsed, if it is still the same lease. Whose it was may come back to it by
    /// [`Store::resume`] or [`Store::attach`].
    pub async fn release(&self, lease: &Lease, pause: Duration) -> Result<Released, Halt> {
        if lease.due_at > self.clock.now() {
            return Ok(Released::NotDue);
        }
        let departure = Departure::release(lease.sid, &lease.user, lease.session, lease.due_at);
        let freed = self.depart(&lease.room, &lease.user, &departure, pause, None).await?;
        Ok(if freed { Released::Freed } else { Released::Gone })
    }

    /// Frees a place in one step with the count of seats, if all that it needs holds; says whether it did. An empty room
    /// waits for `pause` for somebody to come back.
    pub(crate) async fn depart(
        &self,
        key: &RoomKey,
        user: &UserId,
        departure: &Departure,
        pause: Duration,
        keep: Option<&Keep<'_, ()>>,
    ) -> Result<bool, Halt> {
        let mut leaving = departure.expected();
        for _ in 0..MOST_LOOKS {
            let steps = |now| {
                vec![
                    Step::of_room(key, &departure.state(leaving, now)),
                    Step::of_person(key, user, &departure.person(leaving, now)),
                ]
            };
            let verdicts = match self.commit_keeping(keep, |_| (), steps).await? {
                Outcome::Committed(_) => return Ok(true),
                Outcome::Refused(verdicts) => verdicts,
            };
            let mut verdicts = verdicts.into_iter();
            let (state, participant) = (verdicts.next(), verdicts.next());
            if let Some(Verdict::Failed(item)) = participant {
                let person = item.map(ParticipantItem::decode).transpose()?;
                let person = person.filter(|person| person.sid == departure.sid);
                if let Some(given_up) =
                    person.as_ref().and_then(|person| departure.give_up(person, self.now()))
                {
                    let given_up = self.commit_one(&Step::of_person(key, user, &given_up)).await?;
                    return Ok(matches!(given_up, Outcome::Committed(_)));
                }
                leaving = match (person.map(|person| person.standing), leaving) {
                    (Some(Standing::Waiting), Leaving::Others | Leaving::Last { .. }) => Leaving::Waiter,
                    // He was admitted in between.
                    (Some(Standing::Active), Leaving::Waiter) => Leaving::Others,
                    _ => return Ok(false),
                };
                continue;
            }
            let Some(Verdict::Failed(Some(item))) = state else { return Ok(false) };
            let room = RoomItem::decode(key, item)?;
            // What ended at its time is not changed any more: who was in leaves with the session.
            if room.sid != departure.sid || !room.is_open(self.now()) {
                return Ok(false);
            }
            leaving = Leaving::seat(&room, pause, self.now());
        }
        Err(StoreError::kept_changing("the room").into())
    }
}

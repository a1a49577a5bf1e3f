//! The same seat again, after a refresh or a lost connection; and what else a session token proves.

use std::time::Duration;

use models::transition::{Held, PersonTransition, Resumption};
use models::{Participant, Refusal, Room, SessionId, SessionToken, Standing, Timestamp};

use crate::answer::Keep;
use crate::commit::{MOST_LOOKS, Outcome, is_refused};
use crate::connections::unbound;
use crate::error::Halt;
use crate::items::{Binding, Connected};
use crate::read::Seen;
use crate::step::Step;
use crate::{Store, StoreError};

/// A seat (or a place in the waiting room) in a new sitting.
#[derive(Clone, Debug)]
pub struct Resumed {
    /// The room.
    pub room: Room,
    /// The participant as he was before.
    pub participant: Participant,
    /// The new sitting.
    pub session: SessionId,
    /// Until when its token is good.
    pub expires_at: Timestamp,
}

/// Which sittings a call takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sittings {
    /// The live one only.
    Live,
    /// The one before, too.
    LiveAndPrevious,
}

impl Store {
    /// Begins a new sitting of the same seat. The one before stays good for this call alone until the new one is first
    /// used, so that a lost answer locks nobody out. The newest wins: a connection that the seat had is its no longer.
    ///
    /// Refused: session over ([`Refusal::RoomNotActive`]), banned, left or replaced ([`Refusal::InvalidToken`]).
    pub async fn resume(
        &self,
        token: &SessionToken,
        unattached: Duration,
        keep: Option<Keep<'_, Resumed>>,
    ) -> Result<Resumed, Halt> {
        let held = |now: Timestamp| Held::Until(now.plus(unattached));
        self.sit_again(token, held, None, keep.as_ref()).await
    }

    /// The same over a connection, as it was read: the seat, or the place in the waiting room, is kept by it, whatever
    /// became of the one before, and whatever lock and capacity say.
    ///
    /// Refused: as a resume is.
    pub async fn attach(
        &self,
        token: &SessionToken,
        connected: &Connected,
        keep: Option<Keep<'_, Resumed>>,
    ) -> Result<Resumed, Halt> {
        self.sit_again(token, |_| connected.held(), Some(connected), keep.as_ref()).await
    }

    async fn sit_again(
        &self,
        token: &SessionToken,
        held: impl Fn(Timestamp) -> Held,
        connected: Option<&Connected>,
        keep: Option<&Keep<'_, Resumed>>,
    ) -> Result<Resumed, Halt> {
        let session = SessionId(self.random.uuid());
        for _ in 0..MOST_LOOKS {
            let seen = self.look(&token.room, false, Some(&token.user)).await?;
            let now = self.clock.now();
            let (room, participant) = seated(&seen, token, Sittings::LiveAndPrevious, now)?;
            let resumed = Resumed {
                expires_at: room.sitting_expires_at(now),
                room: room.clone(),
                participant: participant.clone(),
                session,
            };
            let bind = connected.map(|connected| {
                let waits = participant.standing == Standing::Waiting;
                let SessionToken { room, sid, user, participant, .. } = token.clone();
                Binding { room, sid, user, participant, session, waits }.step(connected)
            });
            let steps = |now| {
                let sitting = Resumption { token, seen: participant, session, held: held(now) };
                let state = sitting.state(now).map(|state| Step::of_room(&token.room, &state));
                let person = Step::of_person(&token.room, &token.user, &sitting.person(now));
                state.into_iter().chain([person]).chain(bind.clone()).collect()
            };
            match self.commit_cheaply(keep, |_| resumed.clone(), steps).await? {
                Outcome::Committed(_) => return Ok(resumed),
                Outcome::Refused(verdicts)
                    if bind.is_some() && is_refused(&verdicts, steps(now).len() - 1) =>
                {
                    return Err(unbound().into());
                }
                // He lost his connection, or another one came: look again.
                Outcome::Refused(_) => {}
            }
        }
        Err(StoreError::kept_changing("the participant").into())
    }

    /// The room and the participant that a live session token is of. Its first use ends the sitting before for good.
    pub async fn sitting(&self, token: &SessionToken, document: bool) -> Result<Seen, Halt> {
        let seen = self.look(&token.room, document, Some(&token.user)).await?;
        let (_, participant) = seated(&seen, token, Sittings::Live, self.clock.now())?;
        if participant.previous_session.is_some() {
            let settle = PersonTransition::settle(token.session, self.clock.now());
            // A refusal means that a newer sitting has begun meanwhile, which has its own predecessor.
            self.commit_one(&Step::of_person(&token.room, &token.user, &settle)).await?;
        }
        Ok(seen)
    }
}

/// The room and the person of a session token, if it is good now.
fn seated<'a>(
    seen: &'a Seen,
    token: &SessionToken,
    sittings: Sittings,
    now: Timestamp,
) -> Result<(&'a Room, &'a Participant), Refusal> {
    let room = seen.room.as_ref().filter(|room| !room.is_gone(now)).ok_or(Refusal::RoomNotFound)?;
    if room.sid != token.sid || !room.is_open(now) {
        return Err(Refusal::RoomNotActive);
    }
    let person = seen.participant.as_ref().ok_or(Refusal::InvalidToken)?;
    if person.is_banned_from(room) {
        return Err(Refusal::Banned);
    }
    let sits = person.session == Some(token.session)
        || sittings == Sittings::LiveAndPrevious && person.previous_session == Some(token.session);
    let present = matches!(person.standing, Standing::Active | Standing::Waiting);
    if person.sid == token.sid && present && sits { Ok((room, person)) } else { Err(Refusal::InvalidToken) }
}

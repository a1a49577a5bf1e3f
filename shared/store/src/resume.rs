//! The same seat again, after a refresh or a lost connection; and what else a session token proves.

use std::time::Duration;

use models::transition::PersonTransition;
use models::{Participant, Refusal, Room, SessionId, SessionToken, Standing, Timestamp};

use crate::Store;
use crate::admit::SESSION_TOKEN_LIFE;
use crate::answer::Keep;
use crate::commit::Outcome;
use crate::error::Halt;
use crate::read::Seen;
use crate::step::Step;

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
    /// used, so that a lost answer locks nobody out.
    ///
    /// Refused: session over ([`Refusal::RoomNotActive`]), banned, left or replaced ([`Refusal::InvalidToken`]).
    pub async fn resume(
        &self,
        token: &SessionToken,
        unattached: Duration,
        keep: Option<Keep<'_, Resumed>>,
    ) -> Result<Resumed, Halt> {
        let seen = self.look(&token.room, false, Some(&token.user)).await?;
        let now = self.clock.now();
        let (room, participant) = seated(&seen, token, Sittings::LiveAndPrevious, now)?;
        let session = SessionId(self.random.uuid());
        let resumed = Resumed {
            expires_at: now.plus(SESSION_TOKEN_LIFE).min(room.ends_at(now)),
            room: room.clone(),
            participant: participant.clone(),
            session,
        };
        let resume =
            PersonTransition::resume(token, participant.standing, session, now.plus(unattached), now);
        let step = Step::of_person(&token.room, &token.user, &resume);
        let steps = |_| vec![step.clone()];
        match self.commit_cheaply(keep.as_ref(), |_| resumed.clone(), steps).await? {
            Outcome::Committed(_) => Ok(resumed),
            Outcome::Refused(_) => Err(Refusal::InvalidToken.into()),
        }
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

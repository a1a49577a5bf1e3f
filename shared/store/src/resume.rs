//! The same seat again, after a refresh or a lost connection; and what else a session token proves.

use std::time::Duration;

use models::transition::{Arrival, Held, PersonTransition, Resumption, RoomTransition};
use models::{
    Applicant, Entry, Participant, Record, Refusal, Room, SessionId, SessionToken, Standing, Timestamp, judge,
};

use crate::answer::Keep;
use crate::commit::{MOST_LOOKS, Outcome, is_refused};
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
    /// The participant, as he is in it.
    pub participant: Participant,
    /// The new sitting.
    pub session: SessionId,
    /// Until when its token is good.
    pub expires_at: Timestamp,
}

/// A sitting that begins with the token of one before.
struct Next<'a> {
    token: &'a SessionToken,
    room: &'a Room,
    /// Whose it is, as he was seen.
    seen: &'a Participant,
    /// How he comes in again whose place was released; none where it is still his.
    entry: Option<Entry>,
    session: SessionId,
}

impl Next<'_> {
    /// What it makes of the room, if anything, and of him.
    fn transitions(&self, held: Held, now: Timestamp) -> (Option<RoomTransition>, PersonTransition) {
        let Self { token, room, seen, entry, session } = *self;
        if let Some(entry) = entry {
            let arrival = Arrival::back(token, (room, seen), entry, session);
            return (Some(arrival.state(now)), arrival.person(held, now));
        }
        let sitting = Resumption { token, seen, session, held };
        (sitting.state(now), sitting.person(now))
    }

    /// What he is told.
    fn resumed(&self, held: Held, now: Timestamp) -> Resumed {
        let (_, person) = self.transitions(held, now);
        Resumed {
            expires_at: self.room.sitting_expires_at(now),
            room: self.room.clone(),
            participant: person.apply(Some(self.seen)).unwrap_or_else(|| self.seen.clone()),
            session: self.session,
        }
    }

    /// Whether his place is one in the waiting room.
    fn waits(&self) -> bool {
        match self.entry {
            Some(entry) => entry == Entry::Wait,
            None => self.seen.standing == Standing::Waiting,
        }
    }

    fn binding(&self) -> Binding {
        let SessionToken { room, sid, user, participant, .. } = self.token.clone();
        Binding { room, sid, user, participant, session: self.session, waits: self.waits() }
    }
}

impl Store {
    /// Begins a new sitting of the same seat. The one before stays good for this call alone until the new one is first
    /// used, so that a lost answer locks nobody out. The newest wins: a connection that the seat had is its no longer.
    ///
    /// Who lost his seat since nobody was connected to it is let in anew, as the same participant, where the room lets him.
    ///
    /// Refused: session over ([`Refusal::RoomNotActive`]), banned, left or replaced ([`Refusal::InvalidToken`]); and after
    /// his seat was released what a join is refused for.
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
    /// became of the one before; of one that is still his, whatever lock and capacity say.
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
            let found = self.look(&token.room, false, Some(&token.user)).await?;
            let now = self.clock.now();
            let (room, seen, entry) = resumable(&found, token, now)?;
            if entry == Some(Entry::Wait) {
                self.can_wait(room).await?;
            }
            let next = Next { token, room, seen, entry, session };
            let bind = connected.map(|connected| next.binding().step(connected));
            let steps = |now| {
                let (state, person) = next.transitions(held(now), now);
                let state = state.map(|state| Step::of_room(&token.room, &state));
                let person = Step::of_person(&token.room, &token.user, &person);
                state.into_iter().chain([person]).chain(bind.clone()).collect()
            };
            let resumed = |now| next.resumed(held(now), now);
            match self.commit_cheaply(keep, resumed, steps).await? {
                Outcome::Committed(at) => return Ok(resumed(at)),
                Outcome::Refused(verdicts)
                    if bind.is_some() && is_refused(&verdicts, steps(now).len() - 1) =>
                {
                    return Err(StoreError::Rebound.into());
                }
                // He lost his connection or his place, or somebody else came or took the last seat: look again.
                Outcome::Refused(_) => {}
            }
        }
        Err(StoreError::kept_changing("the participant").into())
    }

    /// The room and the participant that a live session token is of. Its first use ends the sitting before for good.
    pub async fn sitting(&self, token: &SessionToken, document: bool) -> Result<Seen, Halt> {
        let seen = self.look(&token.room, document, Some(&token.user)).await?;
        let (_, participant) = seated(&seen, token, self.clock.now())?;
        if participant.previous_session.is_some() {
            let settle = PersonTransition::settle(token.session, self.clock.now());
            // A refusal means that a newer sitting has begun meanwhile, which has its own predecessor.
            self.commit_one(&Step::of_person(&token.room, &token.user, &settle)).await?;
        }
        Ok(seen)
    }

    /// The room, and the moderator whose live session token this is; else [`Refusal::NotModerator`].
    pub async fn moderator(&self, token: &SessionToken) -> Result<(Room, Participant), Halt> {
        let seen = self.sitting(token, false).await?;
        let moderator = seen.participant.filter(Participant::may_moderate).ok_or(Refusal::NotModerator)?;
        Ok((seen.room.ok_or(Refusal::RoomNotFound)?, moderator))
    }
}

/// The room and the person of a session token, as far as its session runs.
fn sitter<'a>(
    seen: &'a Seen,
    token: &SessionToken,
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
    if person.sid == token.sid { Ok((room, person)) } else { Err(Refusal::InvalidToken) }
}

/// The same, if the token is of the live sitting of a place.
fn seated<'a>(
    seen: &'a Seen,
    token: &SessionToken,
    now: Timestamp,
) -> Result<(&'a Room, &'a Participant), Refusal> {
    let (room, person) = sitter(seen, token, now)?;
    let present = matches!(person.standing, Standing::Active | Standing::Waiting);
    let sits = person.session == Some(token.session);
    if present && sits { Ok((room, person)) } else { Err(Refusal::InvalidToken) }
}

/// The same, if the token is of that sitting or of the one before; and how he comes in again, if his place was released.
fn resumable<'a>(
    seen: &'a Seen,
    token: &SessionToken,
    now: Timestamp,
) -> Result<(&'a Room, &'a Participant, Option<Entry>), Refusal> {
    let (room, person) = sitter(seen, token, now)?;
    let present = matches!(person.standing, Standing::Active | Standing::Waiting);
    if !person.sits_or_sat(token.session) || !(present || person.is_released()) {
        return Err(Refusal::InvalidToken);
    }
    let applicant = Applicant::returning(person);
    let back = || judge(Some(room), Record::of(Some(person), Some(room), applicant), applicant, now);
    Ok((room, person, person.is_released().then(back).transpose()?))
}

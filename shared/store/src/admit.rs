//! Admission, the heart: seat, lock, expiry, capacity, token and participant move in one transaction or not at all.
//!
//! Two items take part: the room's state and the participant (a third, where an answer is kept). The conditions of the
//! two writes are the rules of `models::judge`; what the cancelled transaction brings back is judged by that function,
//! so a refusal is named by the same code that a dry run asks.

mod steps;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use models::transition::{Arrival, Brings};
use models::{
    Applicant, Entry, JoinToken, Participant, ParticipantId, Profile, Proof, Record, Refusal, Role, Room,
    RoomKey, SessionId, Sid, Timestamp, UserId, judge,
};

use self::steps::Plan;
use crate::answer::Keep;
use crate::commit::{MOST_LOOKS, Outcome, Verdict, is_refused};
use crate::error::Halt;
use crate::items::{Connected, ParticipantItem, RoomItem};
use crate::past::remember;
use crate::{Store, StoreError};

/// How somebody proves who he is.
#[derive(Clone, Copy, Debug)]
pub enum Credential<'a> {
    /// A join token; it is spent by the admission.
    Token(&'a JoinToken),
    /// A signed-in user of a room by code.
    User {
        /// Who.
        id: &'a UserId,
        /// His name and picture.
        profile: &'a Profile,
    },
    /// Nobody known; his name.
    Guest(&'a Profile),
}

/// Somebody at the door of a room.
#[derive(Clone, Copy, Debug)]
pub struct Door<'a> {
    /// The room.
    pub room: &'a RoomKey,
    /// Who asks.
    pub credential: Credential<'a>,
    /// How long a seat without a connection is kept.
    pub unattached: Duration,
    /// How long a session is remembered that ran out unnoticed, where this entry begins the next one. A token never does.
    pub past_rooms: Duration,
}

/// Somebody who was let in.
#[derive(Clone, Debug, PartialEq)]
pub struct Admission {
    /// The room.
    pub room: RoomKey,
    /// The session.
    pub sid: Sid,
    /// Who he is.
    pub user: UserId,
    /// Whether he came without an account.
    pub guest: bool,
    /// His name and picture.
    pub profile: Profile,
    /// His id as a participant.
    pub id: ParticipantId,
    /// The sitting that begins now.
    pub session: SessionId,
    /// His role.
    pub role: Role,
    /// Whether he has a seat; else he waits for admission.
    pub active: bool,
    /// When he took his seat (the first time, if he never left it), or came to wait.
    pub here_since: Option<Timestamp>,
    /// Until when the sitting's token is good.
    pub expires_at: Timestamp,
}

impl Door<'_> {
    fn user(&self) -> Option<&UserId> {
        match self.credential {
            Credential::Token(token) => Some(&token.user),
            Credential::User { id, .. } => Some(id),
            Credential::Guest(_) => None,
        }
    }

    /// What the rules are asked about; the host is known by the room.
    fn applicant(&self, room: Option<&Room>) -> Applicant {
        let hosts = |id: &UserId| room.is_some_and(|room| room.is_hosted_by(id));
        match self.credential {
            // An admin of the server API who is also the host (his id is the same person's) is the host.
            Credential::Token(token) => {
                Applicant { guest: false, role: token.role, proof: Proof::Token(token.id) }
            }
            Credential::User { id, .. } => Applicant {
                guest: false,
                role: if hosts(id) { Role::Host } else { Role::Participant },
                proof: Proof::Code,
            },
            Credential::Guest(_) => Applicant { guest: true, role: Role::Participant, proof: Proof::Code },
        }
    }
}

impl Door<'_> {
    /// His arrival in the session `sid`, in the sitting `session`; `guest` is his id if he is one.
    fn arrival(&self, known: Known, sid: Sid, session: SessionId, guest: ParticipantId) -> Arrival {
        let Known { sid: seen, entry, room, person } = known;
        let user = self.user().cloned().unwrap_or_else(|| UserId::guest(guest));
        let applicant = self.applicant(room.as_ref());
        let account = |profile: &Profile| Brings::Account { profile: profile.clone(), role: applicant.role };
        let (brings, lasts) = match self.credential {
            Credential::Token(token) => (Brings::Token(token.id.id), Some(token.lasts)),
            Credential::User { profile, .. } | Credential::Guest(profile) => (account(profile), None),
        };
        let id = if applicant.guest { guest } else { ParticipantId::of(sid, &user) };
        Arrival { user, id, applicant, brings, entry, seen, sid, session, lasts, room, person }
    }
}

/// Would this person get in now? Takes nothing.
pub(crate) fn would_admit(
    door: &Door<'_>,
    room: Option<&Room>,
    participant: Option<&Participant>,
    now: Timestamp,
) -> Result<Entry, Refusal> {
    let applicant = door.applicant(room);
    judge(room, Record::of(participant, room, applicant), applicant, now)
}

impl Store {
    /// Says how this person would come in now, or why not; takes nothing.
    pub async fn would_admit(&self, door: &Door<'_>) -> Result<Entry, Halt> {
        let seen = self.look(door.room, false, door.user()).await?;
        self.judge(door, seen.room.as_ref(), seen.participant.as_ref()).await
    }

    /// Lets somebody in, in one step, or says why not.
    ///
    /// A join token needs no read: the first attempt assumes that it is good and that there is a seat. A room by code is
    /// read first: it tells the host, and a full, locked or ended one refuses without a write.
    pub async fn admit(&self, door: &Door<'_>, keep: Option<Keep<'_, Admission>>) -> Result<Admission, Halt> {
        self.enter(door, None, keep.as_ref()).await
    }

    /// The same over a connection, as it was read: his place is kept by it, and it is bound to that in the same step. The
    /// place that it was bound to before is still to be left.
    pub async fn admit_on(
        &self,
        door: &Door<'_>,
        connected: &Connected,
        keep: Option<Keep<'_, Admission>>,
    ) -> Result<Admission, Halt> {
        self.enter(door, Some(connected), keep.as_ref()).await
    }

    async fn enter(
        &self,
        door: &Door<'_>,
        connected: Option<&Connected>,
        keep: Option<&Keep<'_, Admission>>,
    ) -> Result<Admission, Halt> {
        let session = SessionId(self.random.uuid());
        let guest = ParticipantId(self.random.uuid());
        let mut explained = match door.credential {
            Credential::Token(token) => {
                Some(Known { sid: token.id.sid, entry: Entry::Seat, room: None, person: None })
            }
            Credential::User { .. } | Credential::Guest(_) => None,
        };
        for _ in 0..MOST_LOOKS {
            let known = match explained.take() {
                Some(known) => known,
                None => self.decide(door, session).await?,
            };
            let now = self.clock.now();
            let begins = known.entry.begins_session(known.room.as_ref(), now);
            let sid = if begins { Sid(self.random.uuid()) } else { known.sid };
            let arrival = door.arrival(known, sid, session, guest);
            let over = match arrival.over() {
                Some(room) => {
                    let document = self.document(room).await?;
                    Some(remember(room, document.as_ref(), (now, room.due_reason()), door.past_rooms))
                }
                None => None,
            };
            let plan = Plan { door, arrival, over, connected };
            if plan.is_done() {
                return Ok(plan.admission(now));
            }
            // Whoever waits for his turn at a room that fills up in the meantime is told so without a write.
            let watch = || -> Pin<Box<dyn Future<Output = Result<(), Halt>> + Send + '_>> {
                Box::pin(async { self.would_admit(door).await.map(|_| ()) })
            };
            let outcome = self
                .commit_keeping_watched(keep, |now| plan.admission(now), |now| plan.steps(now), Some(&watch))
                .await;
            let verdicts = match outcome {
                Ok(Outcome::Committed(at)) => return Ok(plan.admission(at)),
                Ok(Outcome::Refused(verdicts))
                    if connected.is_some() && is_refused(&verdicts, plan.steps(now).len() - 1) =>
                {
                    return Err(StoreError::Rebound.into());
                }
                Ok(Outcome::Refused(verdicts)) => verdicts,
                // The answers of all attempts were lost: what happened is read from the participant.
                Err(Halt::Failed(StoreError::Unavailable(reason))) => {
                    let seen = self.look(door.room, false, Some(&plan.arrival.user)).await?;
                    return match seen.participant {
                        Some(person) if person.session == Some(session) => {
                            Ok(Admission { here_since: person.here_since(), ..plan.admission(now) })
                        }
                        _ => Err(StoreError::Unavailable(reason).into()),
                    };
                }
                Err(halt) => return Err(halt),
            };
            explained = explain(door, session, verdicts, self.clock.now())?;
        }
        Err(StoreError::kept_changing("the room").into())
    }

    /// Judges by what was read, and by how many wait, where he is to be one more of them.
    async fn judge(
        &self,
        door: &Door<'_>,
        room: Option<&Room>,
        person: Option<&Participant>,
    ) -> Result<Entry, Halt> {
        let entry = would_admit(door, room, person, self.clock.now())?;
        if entry == Entry::Wait
            && let Some(room) = room
            && !person.is_some_and(|person| person.waits_in(room))
        {
            self.can_wait(room).await?;
        }
        Ok(entry)
    }

    /// Reads the room and the person, and judges.
    async fn decide(&self, door: &Door<'_>, session: SessionId) -> Result<Known, Halt> {
        let seen = self.look(door.room, false, door.user()).await?;
        let (room, person) = (seen.room, seen.participant);
        if let (Some(room), Some(own)) = (&room, person.as_ref().filter(|own| own.session == Some(session))) {
            // An earlier attempt of ours took effect and its answer was lost.
            return Ok(Known { sid: own.sid, entry: Entry::Same, room: Some(room.clone()), person });
        }
        let entry = self.judge(door, room.as_ref(), person.as_ref()).await?;
        let sid = room.as_ref().map(|room| room.sid).ok_or(Refusal::RoomNotFound)?;
        Ok(Known { sid, entry, room, person })
    }
}

/// What is known before an attempt.
#[derive(Debug)]
struct Known {
    sid: Sid,
    entry: Entry,
    room: Option<Room>,
    person: Option<Participant>,
}

/// Maps the reasons of a cancelled admission to their refusal; nothing when they do not tell, and the room has to be
/// read.
fn explain(
    door: &Door<'_>,
    session: SessionId,
    verdicts: Vec<Verdict>,
    now: Timestamp,
) -> Result<Option<Known>, Halt> {
    let Credential::Token(token) = door.credential else { return Ok(None) };
    let mut verdicts = verdicts.into_iter();
    let (Some(state), Some(participant)) = (verdicts.next(), verdicts.next()) else { return Ok(None) };
    let person = match participant {
        Verdict::Failed(item) => item.map(ParticipantItem::decode).transpose()?,
        // Its condition held: an unused token of somebody who is neither in nor banned. Whether he must wait depends on
        // more than that, and is read.
        Verdict::Passed => {
            if let Verdict::Failed(item) = state {
                let room = item.map(|item| RoomItem::decode(door.room, item)).transpose()?;
                judge(room.as_ref(), Record::CLEAN, door.applicant(room.as_ref()), now)?;
            }
            return Ok(None);
        }
        Verdict::Unknown => return Ok(None),
    };
    if person.as_ref().is_some_and(|own| own.session == Some(session)) {
        // The write took effect and its answer was lost: reading finds it.
        return Ok(None);
    }
    let room = match state {
        Verdict::Failed(item) => {
            let room = item.map(|item| RoomItem::decode(door.room, item)).transpose()?;
            let entry = would_admit(door, room.as_ref(), person.as_ref(), now)?;
            return Ok((entry == Entry::Same).then_some(Known { sid: token.id.sid, entry, room, person }));
        }
        Verdict::Passed => None,
        // The room comes before the person in the order of refusals, and was not looked at.
        Verdict::Unknown => return Ok(None),
    };
    // With an unused token, and neither in nor banned: he came before, and is back.
    let entry = Record::of(person.as_ref(), None, door.applicant(None)).judge()?.unwrap_or(Entry::Seat);
    Ok(Some(Known { sid: token.id.sid, entry, room, person }))
}

//! Somebody is put out, barred, let back; and join tokens are revoked.

use std::time::Duration;

use models::transition::{Departure, PersonTransition, RoomTransition};
use models::{Event, Participant, Refusal, Room, RoomKey, Sid, Standing, Timestamp, TokenId, UserId};

use crate::answer::Keep;
use crate::commit::{MOST_LOOKS, Outcome};
use crate::error::Halt;
use crate::items::kept_from_before;
use crate::step::Step;
use crate::{Store, StoreError};

/// How somebody is to be put out.
#[derive(Clone, Copy, Debug)]
pub struct Removal<'a> {
    /// The room.
    pub room: &'a RoomKey,
    /// Who.
    pub user: &'a UserId,
    /// Whether he is barred, too: for the session, and in a room by code for the room's life.
    pub ban: bool,
    /// What he is told.
    pub message: &'a str,
    /// How long an empty room waits for somebody to come back.
    pub pause: Duration,
}

/// Which unused join tokens are to be revoked.
#[derive(Clone, Debug)]
pub enum Revoked {
    /// This one of this person.
    One(UserId, TokenId),
    /// All of this person.
    OfUser(UserId),
    /// All of the session.
    All,
}

impl Store {
    /// Puts somebody out: his seat, or his place in the waiting room, is free, and his sittings and unused join tokens
    /// are dead, in one step. `authorise` looks at the room and at him first.
    ///
    /// Refused: no such room, no session, what `authorise` refuses, and who is not in, unless he is to be barred
    /// ([`Refusal::ParticipantNotFound`]).
    pub async fn remove(
        &self,
        removal: Removal<'_>,
        authorise: impl Fn(&Room, Option<&Participant>) -> Result<(), Refusal>,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<(), Halt> {
        for _ in 0..MOST_LOOKS {
            let seen = self.look(removal.room, false, Some(removal.user)).await?;
            let room = self.running(seen.room)?;
            let record = seen.participant;
            let person =
                record.as_ref().filter(|person| person.sid == room.sid || person.is_banned_from(&room));
            authorise(&room, person)?;
            let present = person.filter(|person| {
                person.sid == room.sid && matches!(person.standing, Standing::Active | Standing::Waiting)
            });
            let done = match present {
                Some(person) => {
                    let departure = Departure::remove(person, removal.ban, removal.message);
                    let Removal { room, user, pause, .. } = removal;
                    self.depart(room, user, &departure, pause, keep.as_ref()).await?
                }
                None if !removal.ban => return Err(Refusal::ParticipantNotFound.into()),
                None if person.is_some_and(|person| person.is_banned_from(&room)) => true,
                None => {
                    let steps = |now| ban_steps(removal, &room, record.as_ref(), now);
                    let outcome = self.commit_keeping(keep.as_ref(), |_| (), steps).await?;
                    matches!(outcome, Outcome::Committed(_))
                }
            };
            if done {
                return Ok(());
            }
        }
        Err(StoreError::kept_changing("the participant").into())
    }

    /// Lets somebody come again who was barred. Says whether he was.
    ///
    /// Refused: no such room, no session.
    pub async fn unblock(
        &self,
        key: &RoomKey,
        user: &UserId,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<bool, Halt> {
        let seen = self.look(key, false, Some(user)).await?;
        let room = self.running(seen.room)?;
        let Some(person) = seen.participant.filter(|person| person.is_banned_from(&room)) else {
            return Ok(false);
        };
        let steps = |now| unblock_steps(&room, &person, now);
        let outcome = self.commit_keeping(keep.as_ref(), |_| (), steps).await?;
        Ok(matches!(outcome, Outcome::Committed(_)))
    }

    /// Makes unused join tokens worthless. Who is in stays in.
    ///
    /// Refused: no such room, no session.
    pub async fn revoke(
        &self,
        key: &RoomKey,
        revoked: &Revoked,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<(), Halt> {
        for _ in 0..MOST_LOOKS {
            let user = match revoked {
                Revoked::One(user, _) | Revoked::OfUser(user) => Some(user),
                Revoked::All => None,
            };
            let seen = self.look(key, false, user).await?;
            let room = self.running(seen.room)?;
            let person = seen.participant.filter(|person| person.sid == room.sid);
            let mut tokens = person.map(|person| person.tokens).unwrap_or_default();
            if let Revoked::One(_, token) = revoked {
                tokens.retain(|(id, _)| *id == token.id);
            }
            let tokens: Vec<_> = tokens.into_iter().map(|(id, _)| id).collect();
            if user.is_some() && tokens.is_empty() {
                return Ok(());
            }
            let steps = |now| match user {
                Some(user) => {
                    let revoke = PersonTransition::revoke(room.sid, tokens.clone(), now);
                    vec![Step::of_person(key, user, &revoke)]
                }
                None => vec![Step::of_room(key, &RoomTransition::revoke(room.sid, now))],
            };
            if let Outcome::Committed(_) = self.commit_keeping(keep.as_ref(), |_| (), steps).await? {
                return Ok(());
            }
        }
        Err(StoreError::kept_changing("the room").into())
    }

    /// The room, if a session runs in it.
    pub(crate) fn running(&self, room: Option<Room>) -> Result<Room, Refusal> {
        let now = self.clock.now();
        let room = room.filter(|room| !room.is_gone(now)).ok_or(Refusal::RoomNotFound)?;
        if room.is_open(now) { Ok(room) } else { Err(Refusal::RoomNotActive) }
    }

    /// The room, if this session runs in it.
    pub(crate) fn running_of(&self, room: Option<Room>, sid: Sid) -> Result<Room, Refusal> {
        let room = self.running(room)?;
        room.is_still(sid)?;
        Ok(room)
    }
}

/// Bars somebody who holds no place, while the session runs.
fn ban_steps(removal: Removal<'_>, room: &Room, record: Option<&Participant>, now: Timestamp) -> Vec<Step> {
    let Removal { room: key, user, .. } = removal;
    let tell = RoomTransition::tell(Some(room.sid), Event::Removed { user: user.clone(), banned: true }, now);
    let ban = PersonTransition::ban(room.sid, user, record, now);
    let steps = [Step::of_room(key, &tell), Step::of_person(key, user, &ban)];
    steps.into_iter().chain(kept_from_before(key, room.sid, record, now)).collect()
}

fn unblock_steps(room: &Room, person: &Participant, now: Timestamp) -> Vec<Step> {
    let unblock = PersonTransition::unblock(room.sid, person, now);
    let step = Step::of_person(&room.key, &person.user, &unblock);
    [step].into_iter().chain(kept_from_before(&room.key, room.sid, Some(person), now)).collect()
}

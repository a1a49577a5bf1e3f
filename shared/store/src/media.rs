//! What somebody shows of himself.

use models::transition::Showing;
use models::{ConnectionId, MediaChange, Participant, Refusal, RoomKey, Sid, UserId};

use crate::commit::{MOST_LOOKS, Outcome};
use crate::error::Halt;
use crate::step::Step;
use crate::{Store, StoreError};

/// Who is to show himself otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The room.
    pub room: &'a RoomKey,
    /// The session.
    pub sid: Sid,
    /// Who.
    pub user: &'a UserId,
    /// The connection that he says it by.
    pub by: &'a ConnectionId,
    /// What changes.
    pub change: MediaChange,
}

impl Store {
    /// Turns on or off what somebody shows who has a seat. What is as it is to be already is not written. Says whether
    /// anything changed.
    ///
    /// Refused: session over ([`Refusal::RoomNotActive`]), who is not in or says it by a connection that is not his any
    /// more ([`Refusal::NotInRoom`]), and what he may not show ([`Participant::may_show`]).
    pub async fn show(&self, shown: Shown<'_>) -> Result<bool, Halt> {
        let Shown { room: key, sid, user, by, change } = shown;
        let showing = Showing { sid, user: user.clone(), by: by.clone(), change };
        for _ in 0..MOST_LOOKS {
            let seen = self.look(key, false, Some(user)).await?;
            let room = self.running_of(seen.room, sid)?;
            let his = |person: &Participant| {
                person.connection.as_ref().is_some_and(|connection| connection.id == *by)
            };
            let person = seen.participant.filter(|person| person.is_in(&room) && his(person));
            let person = person.ok_or(Refusal::NotInRoom)?;
            person.may_show(change, &room)?;
            if change.of(person.media) == person.media {
                return Ok(false);
            }
            let steps = |now| {
                vec![
                    Step::of_room(key, &showing.state(now)),
                    Step::of_person(key, user, &showing.person(now)),
                ]
            };
            if let Outcome::Committed(_) = self.commit(steps, None).await? {
                return Ok(true);
            }
        }
        Err(StoreError::kept_changing("the participant").into())
    }
}

//! What moderators keep people from.

use models::transition::{PersonTransition, RoomTransition};
use models::{
    Event, LockChange, Participant, Refusal, Role, Room, RoomKey, Sid, Standing, Timestamp, UserId,
};

use crate::answer::Keep;
use crate::commit::{MOST_LOOKS, Outcome};
use crate::error::Halt;
use crate::step::Step;
use crate::{Store, StoreError};

/// A moderator's word on locks.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The room.
    pub room: &'a RoomKey,
    /// The session.
    pub sid: Sid,
    /// To whom; to all where it is nobody.
    pub whom: Option<&'a UserId>,
    /// Which locks it sets, and which it lifts; where there are none nothing is written.
    pub change: &'a LockChange,
}

impl Store {
    /// Sets or lifts locks of somebody, or of all who have no rights: those who are in, who wait, and who come later in the
    /// session. To all it is one write, however many they are (`models::Participant::present_locks`).
    ///
    /// Refused: no such room, another session or none; of one, who is not in and does not wait, or is seen by nobody
    /// ([`Refusal::ParticipantNotFound`]), and who has rights ([`Refusal::NotLockable`]).
    pub async fn change_locks(&self, told: Told<'_>, keep: Option<Keep<'_, ()>>) -> Result<(), Halt> {
        for _ in 0..MOST_LOOKS {
            let seen = self.look(told.room, false, told.whom).await?;
            let room = self.running_of(seen.room, told.sid)?;
            if told.whom.is_some() {
                lockable(&room, seen.participant.as_ref())?;
            }
            if told.change.is_empty() {
                return Ok(());
            }
            let steps = |now| steps(told, &room, now);
            if let Outcome::Committed(_) = self.commit_keeping(keep.as_ref(), |_| (), steps).await? {
                return Ok(());
            }
        }
        Err(StoreError::kept_changing("the participant").into())
    }
}

/// Whether somebody can be kept from anything.
fn lockable(room: &Room, person: Option<&Participant>) -> Result<(), Refusal> {
    let present = |person: &&Participant| {
        person.sid == room.sid && matches!(person.standing, Standing::Active | Standing::Waiting)
    };
    let person = person.filter(present).filter(|person| !person.hidden);
    match person.ok_or(Refusal::ParticipantNotFound)?.role {
        Role::Participant => Ok(()),
        Role::Host | Role::Moderator => Err(Refusal::NotLockable),
    }
}

fn steps(told: Told<'_>, room: &Room, now: Timestamp) -> Vec<Step> {
    let Told { room: key, sid, whom, change } = told;
    let Some(user) = whom else {
        return vec![Step::of_room(key, &RoomTransition::say_to_all(sid, change, now))];
    };
    let tell = RoomTransition::tell(Some(sid), Event::Locks { user: Some(user.clone()) }, now);
    let say = PersonTransition::say(room, change, now);
    vec![Step::of_room(key, &tell), Step::of_person(key, user, &say)]
}

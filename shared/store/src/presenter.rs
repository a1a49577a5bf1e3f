//! Who presents.

use models::transition::{RoomTransition, Switch};
use models::{Refusal, RoomKey, Sid, UserId};

use crate::answer::Keep;
use crate::commit::{MOST_LOOKS, Outcome};
use crate::error::Halt;
use crate::step::Step;
use crate::{Store, StoreError};

impl Store {
    /// Makes somebody the presenter of the session `sid`, or empties his place. Where that is so already, nothing changes.
    ///
    /// Refused: no such room, another session or none, and who is not in or is seen by nobody
    /// ([`Refusal::ParticipantNotFound`]).
    pub async fn switch_presenter(
        &self,
        key: &RoomKey,
        sid: Sid,
        user: &UserId,
        switch: Switch,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<(), Halt> {
        for _ in 0..MOST_LOOKS {
            let seen = self.look(key, false, Some(user)).await?;
            let room = self.running_of(seen.room, sid)?;
            let person = seen.participant.filter(|person| person.is_in(&room) && !person.hidden);
            let person = person.ok_or(Refusal::ParticipantNotFound)?;
            if person.presents_in(&room) == (switch == Switch::Promote) {
                return Ok(());
            }
            let steps = |now| {
                let transition = match switch {
                    Switch::Promote => RoomTransition::promote(sid, user, now),
                    Switch::Demote => RoomTransition::demote(&room, now),
                };
                vec![Step::of_room(key, &transition)]
            };
            if let Outcome::Committed(_) = self.commit_keeping(keep.as_ref(), |_| (), steps).await? {
                return Ok(());
            }
        }
        Err(StoreError::kept_changing("the room").into())
    }
}

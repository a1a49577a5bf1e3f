//! What the host of a room by code changes.

use models::transition::{RoomTransition, SettingsChange};
use models::{Refusal, Room, RoomKey, Status};

use crate::answer::Keep;
use crate::commit::{MOST_LOOKS, Outcome};
use crate::error::Halt;
use crate::items::RoomDocument;
use crate::step::Step;
use crate::{Store, StoreError};

impl Store {
    /// Changes a room by code as its host wants; `decide` makes the change of what is there. Answers with the room as
    /// it is then.
    ///
    /// Refused: what `decide` refuses, and a room that ended ([`Refusal::RoomNotActive`]).
    pub async fn change_settings(
        &self,
        key: &RoomKey,
        decide: impl Fn(&Room) -> Result<SettingsChange, Refusal>,
        keep: Option<Keep<'_, (Room, RoomDocument)>>,
    ) -> Result<(Room, RoomDocument), Halt> {
        for _ in 0..MOST_LOOKS {
            let seen = self.look(key, true, None).await?;
            let now = self.clock.now();
            let mut room = seen.room.filter(|room| !room.is_gone(now)).ok_or(Refusal::RoomNotFound)?;
            let change = decide(&room)?;
            if room.status == Status::Ended {
                return Err(Refusal::RoomNotActive.into());
            }
            // Of the server API's rooms, which nobody may change here, the metadata goes with the session.
            let document =
                seen.document.ok_or_else(|| StoreError::Corrupt("META", "the room has none".to_owned()))?;
            let settings_before = room.by_code.as_ref().map(|by_code| by_code.settings);
            for effect in change.effects() {
                effect.apply(&mut room, now);
            }
            let changed = (room, document);
            if change.is_empty() {
                return Ok(changed);
            }
            let steps =
                |now| vec![Step::of_room(key, &RoomTransition::settings(&change, settings_before, now))];
            let outcome = self.commit_keeping(keep.as_ref(), |_| changed.clone(), steps).await?;
            match outcome {
                Outcome::Committed(_) => return Ok(changed),
                // Somebody changed the settings, or ended the room, in between: look again.
                Outcome::Refused(_) => {}
            }
        }
        Err(StoreError::kept_changing("the room").into())
    }
}

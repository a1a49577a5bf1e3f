//! What those who wait are told while they do.

use models::transition::RoomTransition;
use models::{Event, Room};

use crate::Store;
use crate::StoreError;
use crate::answer::Keep;
use crate::commit::{MOST_LOOKS, Outcome};
use crate::error::Halt;
use crate::items::Key;
use crate::step::{Step, s};

impl Store {
    /// Those who wait are told something else, as long as the room's metadata is kept: in a room by code by all its
    /// sessions. Whoever waits and is connected hears it at once.
    ///
    /// Refused: the session that was seen is over ([`models::Refusal::RoomNotActive`]).
    pub async fn change_waiting_message(
        &self,
        room: &Room,
        message: &str,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<(), Halt> {
        for _ in 0..MOST_LOOKS {
            let steps = |now| {
                let tell = RoomTransition::tell(Some(room.sid), Event::WaitingMessage, now);
                let (update, there) = ("SET #waiting_message = :message", "attribute_exists(#pk)");
                let values = vec![("message", s(message))];
                vec![
                    Step::of_room(&room.key, &tell),
                    Step::update(Key::document(room), update, there, values),
                ]
            };
            if let Outcome::Committed(_) = self.commit_keeping(keep.as_ref(), |_| (), steps).await? {
                return Ok(());
            }
            self.running_of(self.room(&room.key).await?, room.sid)?;
        }
        Err(StoreError::kept_changing("the room").into())
    }
}

//! What the last round of presence has told those in a room.

use models::RoomKey;

use crate::items::{Key, LastRound};
use crate::step::{Step, n};
use crate::{Store, StoreError};

impl Store {
    /// What was told last, in whichever session; none where nothing was.
    pub async fn last_round(&self, room: &RoomKey) -> Result<Option<LastRound>, StoreError> {
        self.get(&Key::told(room)).await?.map(LastRound::decode).transpose()
    }

    /// Remembers what was told, unless more of the session has been told meanwhile.
    pub async fn note_round(&self, room: &RoomKey, told: &LastRound) -> Result<(), StoreError> {
        let condition = "attribute_not_exists(#pk) OR #sid <> :sid OR #seq <= :seq";
        let values = vec![("sid", crate::step::s(told.sid)), ("seq", n(told.seq))];
        // Refused, more is in the table already.
        self.commit_one(&Step::put(Key::told(room), told.encode(), condition, values)).await?;
        Ok(())
    }
}

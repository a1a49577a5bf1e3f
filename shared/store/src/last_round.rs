//! What rounds of presence tell those in a room.

use models::{RoomKey, Sid};

use crate::items::{Item, Key, LastRound, RoundBegun};
use crate::step::{Step, n, s};
use crate::{Store, StoreError};

impl Store {
    /// What was told last, in whichever session; none where nothing was.
    pub async fn last_round(&self, room: &RoomKey) -> Result<Option<LastRound>, StoreError> {
        self.get(&Key::told(room)).await?.map(LastRound::decode).transpose()
    }

    /// Remembers what was told, unless more of the session has been told meanwhile.
    pub async fn note_round(&self, room: &RoomKey, told: &LastRound) -> Result<(), StoreError> {
        self.note_progress(Key::told(room), told.encode(), (told.sid, told.seq)).await
    }

    /// Says that what happened in a session up to this change is about to be told: who is given the whole session now may
    /// hear that before what he is given.
    pub async fn begin_round(&self, room: &RoomKey, sid: Sid, seq: u64) -> Result<(), StoreError> {
        let begun = RoundBegun::new(sid, seq, self.now());
        self.note_progress(Key::telling(room, sid), begun.encode(), (sid, seq)).await
    }

    /// Up to which change of a session rounds have told, or begun to.
    pub async fn round_begun(&self, room: &RoomKey, sid: Sid) -> Result<u64, StoreError> {
        let begun = self.get(&Key::telling(room, sid)).await?.map(RoundBegun::decode).transpose()?;
        Ok(begun.map_or(0, |begun| begun.seq))
    }

    /// Refused, more is in the table already.
    async fn note_progress(&self, key: Key, item: Item, (sid, seq): (Sid, u64)) -> Result<(), StoreError> {
        let condition = "attribute_not_exists(#pk) OR #sid <> :sid OR #seq <= :seq";
        self.commit_one(&Step::put(key, item, condition, vec![("sid", s(sid)), ("seq", n(seq))])).await?;
        Ok(())
    }
}

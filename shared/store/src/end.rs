//! Sessions and rooms end.

use models::transition::{Ending, RoomTransition};
use models::{EndReason, Refusal, Room, RoomKey, Status};

use crate::answer::Keep;
use crate::commit::{MOST_LOOKS, Outcome};
use crate::error::Halt;
use crate::items::Key;
use crate::past::remember;
use crate::step::{Step, n};
use crate::{Seen, Store, StoreError};

impl Store {
    /// Ends what `ending` says, and remembers the session that ends by it. `authorise` looks at the room first.
    ///
    /// Refused: no such room, nothing there to end ([`Refusal::RoomNotActive`]), and what `authorise` refuses.
    pub async fn end(
        &self,
        key: &RoomKey,
        ending: Ending,
        reason: EndReason,
        authorise: impl Fn(&Room) -> Result<(), Refusal>,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<(), Halt> {
        for _ in 0..MOST_LOOKS {
            let Seen { room, document, .. } = self.room_with_document(key).await?;
            let now = self.clock.now();
            let room = room.filter(|room| !room.is_gone(now)).ok_or(Refusal::RoomNotFound)?;
            authorise(&room)?;
            if ending.is_done(&room, now) {
                return Err(Refusal::RoomNotActive.into());
            }
            let steps = |now| {
                // Between two sessions of a room by code there is nothing to remember.
                let session = (room.status == Status::Open)
                    .then(|| remember(&room, document.as_ref(), (now, reason), ending.past_rooms()));
                let end = RoomTransition::end(&room, ending, reason, now);
                [Step::of_room(key, &end)].into_iter().chain(session).collect()
            };
            let outcome = self.commit_keeping(keep.as_ref(), |_| (), steps).await?;
            match outcome {
                Outcome::Committed(_) => {
                    if room.status == Status::Open
                        && let Err(failure) = self.recount(&room).await
                    {
                        // The session is over, and remembered; only who came in the last moment may be missing in the count.
                        failure.log("count of who joined");
                    }
                    return Ok(());
                }
                // Another session began, or somebody else ended it: look again.
                Outcome::Refused(_) => {}
            }
        }
        Err(StoreError::kept_changing("the room").into())
    }

    /// Somebody may have come between the look at the room and its end; nobody comes after it. What is remembered of the
    /// session is corrected by what the state says now. A condition on the count would be exact without this, but in a
    /// crowd the end would never find the room as it was seen.
    async fn recount(&self, seen: &Room) -> Result<(), StoreError> {
        let now = self.room(&seen.key).await?.filter(|room| room.sid == seen.sid);
        let Some(joined) = now.map(|room| room.joined).filter(|joined| *joined != seen.joined) else {
            return Ok(());
        };
        let key = Key::past(&seen.key, seen.created_at, seen.sid);
        let values = vec![("joined", n(joined))];
        self.commit_one(&Step::update(key, "SET #joined = :joined", "attribute_exists(#pk)", values)).await?;
        Ok(())
    }
}

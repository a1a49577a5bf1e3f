//! The server API speaks to people of a session: the words are an item, and the session's stream of events names it.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use models::transition::RoomTransition;
use models::{Broadcast, Event, Refusal, RoomKey, Timestamp};
use uuid::Uuid;

use crate::answer::Keep;
use crate::commit::{MOST_LOOKS, Outcome, Verdict};
use crate::error::Halt;
use crate::items::{Item, Key, RoomItem, deflate, inflate};
use crate::step::{Step, n};
use crate::{Store, StoreError};

const KIND: &str = "BROADCAST";

/// The attribute of the words.
const WORDS: &str = "broadcast";

/// How long the words are kept, in seconds.
const KEPT_SECONDS: i64 = 24 * 3600;

impl Store {
    /// Puts `broadcast` on the stream of the room's running session.
    ///
    /// Refused: no such room, none active.
    pub async fn broadcast(
        &self,
        key: &RoomKey,
        broadcast: &Broadcast,
        keep: Option<Keep<'_, ()>>,
    ) -> Result<(), Halt> {
        let id = self.random.uuid_at(self.clock.now());
        for _ in 0..MOST_LOOKS {
            let steps = |now| {
                let tell = RoomTransition::tell(None, Event::Broadcast { id }, now);
                vec![Step::of_room(key, &tell), words_step(key, id, broadcast, now)]
            };
            let verdicts = match self.commit_keeping(keep.as_ref(), |_| (), steps).await? {
                Outcome::Committed(_) => return Ok(()),
                Outcome::Refused(verdicts) => verdicts,
            };
            let Some(Verdict::Failed(item)) = verdicts.into_iter().next() else { continue };
            let room = item.map(|item| RoomItem::decode(key, item)).transpose()?;
            let now = self.clock.now();
            let room = room.filter(|room| !room.is_gone(now)).ok_or(Refusal::RoomNotFound)?;
            if !room.is_open(now) {
                return Err(Refusal::RoomNotActive.into());
            }
        }
        Err(StoreError::kept_changing("the room").into())
    }

    /// What the stream names by `id`; none when a day has passed since.
    pub async fn words_of(&self, key: &RoomKey, id: Uuid) -> Result<Option<Broadcast>, StoreError> {
        let Some(mut item) = self.get(&Key::broadcast(key, id)).await? else { return Ok(None) };
        let corrupt = |what: &str| StoreError::Corrupt(KIND, what.to_owned());
        let Some(AttributeValue::B(words)) = item.remove(WORDS) else { return Err(corrupt("no words")) };
        let words = inflate(KIND, words.as_ref())?;
        serde_json::from_slice(&words).map(Some).map_err(|error| corrupt(&error.to_string()))
    }
}

fn words_step(key: &RoomKey, id: Uuid, broadcast: &Broadcast, now: Timestamp) -> Step {
    let words = serde_json::to_vec(broadcast).expect("a broadcast has text keys");
    let item = Item::from([
        (WORDS.to_owned(), AttributeValue::B(Blob::new(deflate(&words)))),
        ("expires_at".to_owned(), n(now.seconds() + KEPT_SECONDS)),
    ]);
    Step::put(Key::broadcast(key, id), item, "", vec![])
}

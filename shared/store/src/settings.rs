//! What the host of a room by code changes.

use models::{Event, Refusal, Room, RoomKey, Settings, Status, Timestamp};

use crate::answer::Keep;
use crate::commit::Outcome;
use crate::error::Halt;
use crate::items::{Key, RoomDocument, encode, event_text};
use crate::step::{Step, Values, n, s};
use crate::{Store, StoreError};

/// How often it looks again when the room changed under its hands.
const MOST_TRIES: usize = 20;

/// What is to be different; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// All settings as they will be.
    pub settings: Option<Settings>,
    /// The lock.
    pub locked: Option<bool>,
    /// Seats. Fewer than are taken throws nobody out.
    pub max_participants: Option<u32>,
}

impl Change {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn apply(&self, room: &mut Room) {
        if let (Some(settings), Some(by_code)) = (self.settings, room.by_code.as_mut()) {
            by_code.settings = settings;
            room.waiting_room = settings.waiting_room;
        }
        room.locked = self.locked.unwrap_or(room.locked);
        room.max_participants = self.max_participants.or(room.max_participants);
    }
}

impl Store {
    /// Changes a room by code as its host wants; `decide` makes the change of what is there. Answers with the room as
    /// it is then.
    ///
    /// Refused: what `decide` refuses, and a room that ended ([`Refusal::RoomNotActive`]).
    pub async fn change_settings(
        &self,
        key: &RoomKey,
        decide: impl Fn(&Room) -> Result<Change, Refusal>,
        keep: Option<Keep<'_, (Room, RoomDocument)>>,
    ) -> Result<(Room, RoomDocument), Halt> {
        for _ in 0..MOST_TRIES {
            let seen = self.look(key, true, None).await?;
            let now = self.clock.now();
            let mut room = seen.room.filter(|room| !room.is_gone(now)).ok_or(Refusal::RoomNotFound)?;
            let document =
                seen.document.ok_or_else(|| StoreError::Corrupt("META", "the room has none".to_owned()))?;
            let change = decide(&room)?;
            if room.status == Status::Ended {
                return Err(Refusal::RoomNotActive.into());
            }
            let settings_before = room.by_code.as_ref().map(|by_code| by_code.settings);
            change.apply(&mut room);
            let changed = (room, document);
            if change.is_empty() {
                return Ok(changed);
            }
            let steps = |now| vec![step(key, &change, settings_before, now)];
            let outcome = self.commit_keeping(keep.as_ref(), |_| changed.clone(), steps).await?;
            match outcome {
                Outcome::Committed(_) => return Ok(changed),
                // Somebody changed the settings, or ended the room, in between: look again.
                Outcome::Refused(_) => {}
            }
        }
        Err(StoreError::Busy("the room kept changing".to_owned()).into())
    }
}

fn step(key: &RoomKey, change: &Change, settings_before: Option<Settings>, now: Timestamp) -> Step {
    let only_lock = change.settings.is_none() && change.max_participants.is_none();
    let event = match change.locked {
        Some(locked) if only_lock => Event::Locked { locked },
        _ => Event::Updated,
    };
    let mut values: Values = vec![("one", n(1)), ("event", s(event_text(event, now))), ("ended", s("ended"))];
    let mut update = "SET #seq = #seq + :one, #event = :event".to_owned();
    let mut condition = "attribute_exists(#pk) AND #status <> :ended".to_owned();
    if let Some(settings) = change.settings {
        let map = |settings: &Settings| aws_sdk_dynamodb::types::AttributeValue::M(encode(settings));
        values.push(("settings", map(&settings)));
        values.push(("waiting_room", aws_sdk_dynamodb::types::AttributeValue::Bool(settings.waiting_room)));
        update.push_str(", #settings = :settings, #waiting_room = :waiting_room");
        // Two changes of different settings at once must not undo each other.
        if let Some(before) = settings_before {
            values.push(("before", map(&before)));
            condition.push_str(" AND #settings = :before");
        }
    }
    if let Some(locked) = change.locked {
        values.push(("locked", aws_sdk_dynamodb::types::AttributeValue::Bool(locked)));
        update.push_str(", #locked = :locked");
    }
    if let Some(most) = change.max_participants {
        values.push(("most", n(most)));
        update.push_str(", #max_participants = :most");
    }
    Step::update(Key::state(key), update, condition, values)
}

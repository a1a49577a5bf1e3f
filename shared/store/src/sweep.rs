//! What is due: sessions whose time has come, and seats whose lease has lapsed; and what is not due yet.

use std::time::Duration;

use models::transition::{Retention, RoomTransition};
use models::{RoomKey, Status};

use crate::commit::{MOST_LOOKS, Outcome};
use crate::depart::{Lease, Released};
use crate::error::Halt;
use crate::items::{BY_DUE, Item, Key, ParticipantItem, due_shards};
use crate::past::remember;
use crate::step::{Step, n, s};
use crate::{Store, StoreError};

/// An entry of the index of what is due: as it was a moment ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due(Key);

/// A page of what is due.
#[derive(Clone, Debug, Default)]
pub struct DuePage {
    /// What was due when the index was read.
    pub due: Vec<Due>,
    /// Where the next page begins; none after the last.
    pub next: Option<DueCursor>,
}

/// A page of the sessions that run.
#[derive(Clone, Debug, Default)]
pub struct RunningPage {
    /// Their rooms, as of a moment ago.
    pub rooms: Vec<RoomKey>,
    /// Where the next page begins; none after the last.
    pub next: Option<DueCursor>,
}

/// A place in the index of what is due.
#[derive(Clone, Debug)]
pub struct DueCursor(Item);

/// What was done about something that was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swept {
    /// A session was closed.
    Closed,
    /// A seat was freed.
    Freed,
    /// Nothing: somebody else was faster, or somebody came back.
    Nothing,
}

impl Store {
    /// The partitions of the index of what is due.
    pub fn due_shards() -> impl Iterator<Item = String> {
        due_shards()
    }

    /// What is due by now in a partition, the most overdue first.
    pub async fn due(&self, shard: &str, from: Option<DueCursor>) -> Result<DuePage, StoreError> {
        let (keys, next) = self.by_due(shard, "#due_at <= :now", from).await?;
        Ok(DuePage { due: keys.into_iter().map(Due).collect(), next })
    }

    /// The rooms of a partition whose session is not due yet.
    pub async fn not_due(&self, shard: &str, from: Option<DueCursor>) -> Result<RunningPage, StoreError> {
        let (keys, next) = self.by_due(shard, "#due_at > :now", from).await?;
        // The leases of people are there, too.
        let room = |key: Key| key.room().filter(|room| Key::state(room) == key);
        Ok(RunningPage { rooms: keys.into_iter().filter_map(room).collect(), next })
    }

    /// A page of the index of what is due.
    async fn by_due(
        &self,
        shard: &str,
        when: &str,
        from: Option<DueCursor>,
    ) -> Result<(Vec<Key>, Option<DueCursor>), StoreError> {
        let query = self
            .dynamo
            .query()
            .index_name(BY_DUE)
            .key_condition_expression(format!("#due_shard = :shard AND {when}"))
            .expression_attribute_names("#due_shard", "due_shard")
            .expression_attribute_names("#due_at", "due_at")
            .expression_attribute_values(":shard", s(shard))
            .expression_attribute_values(":now", n(self.now().millis()));
        let (items, next) = self.page(query, from.map(|cursor| cursor.0)).await?;
        Ok((items.iter().filter_map(Key::of).collect(), next.map(DueCursor)))
    }

    /// Does what is due: closes the session, or frees the seat. It may be done twice, and by two at once.
    pub async fn sweep(&self, due: &Due, pause: Duration, kept: Retention) -> Result<Swept, Halt> {
        let Some(room) = due.0.room() else { return Ok(Swept::Nothing) };
        if Key::state(&room) == due.0 {
            let closed = self.close_due(&room, kept).await?;
            return Ok(if closed { Swept::Closed } else { Swept::Nothing });
        }
        let Some(item) = self.get(&due.0).await? else { return Ok(Swept::Nothing) };
        let person = ParticipantItem::decode(item)?;
        let (Some(due_at), Some(session)) = (person.lease, person.session) else { return Ok(Swept::Nothing) };
        let lease = Lease { room, sid: person.sid, user: person.user, session, due_at };
        match self.release(&lease, pause).await? {
            Released::Freed => Ok(Swept::Freed),
            Released::NotDue | Released::Gone => Ok(Swept::Nothing),
        }
    }

    /// Closes the session of a room whose time has come, as of that time. Says whether there was one to close.
    async fn close_due(&self, key: &RoomKey, kept: Retention) -> Result<bool, Halt> {
        for _ in 0..MOST_LOOKS {
            let seen = self.room_with_document(key).await?;
            let now = self.now();
            let Some(room) = seen.room.filter(|room| room.status == Status::Open && room.due_at <= now)
            else {
                return Ok(false);
            };
            let steps = |now| {
                vec![
                    Step::of_room(key, &RoomTransition::close(&room, kept, now)),
                    remember(&room, seen.document.as_ref(), (now, room.due_reason()), kept.past_rooms),
                ]
            };
            if let Outcome::Committed(_) = self.commit(steps, None).await? {
                return Ok(true);
            }
        }
        Err(StoreError::kept_changing("the room").into())
    }
}

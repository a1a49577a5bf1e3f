//! Who is behind a WebSocket: from its `$connect` to its `$disconnect`.
//!
//! An item of its own is read with each message. What a connection is bound to is written by the very transaction that
//! gives somebody his place, under the condition that the item is there; and the item goes under the condition that it
//! is bound as it was seen. So no place is left with a connection that is gone, whichever of the two comes first.

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnValue;
use models::transition::{Held, Loss};
use models::{Connection, ConnectionId, Participant, RoomKey, Sid, Standing, Timestamp};

use crate::commit::{MOST_LOOKS, Outcome, Verdict};
use crate::error::Halt;
use crate::items::{
    Binding, Caller, Connected, ConnectionItem, Counted, Item, Key, Pace, ParticipantItem, encode,
};
use crate::retry::{Cause, Retries};
use crate::step::{Step, b, m, n};
use crate::{Store, StoreError};

/// How long a place is kept after its connection was lost.
#[derive(Clone, Copy, Debug)]
pub struct Grace {
    /// A seat.
    pub seat: Duration,
    /// A place in the waiting room.
    pub waiting: Duration,
}

impl Binding {
    /// The write that binds a connection, as it was seen, to this place: it must be there, and bound as it was.
    pub(crate) fn step(&self, seen: &Connected) -> Step {
        let values = seen.bound.iter().map(|bound| ("seen", m(encode(bound))));
        let moved = seen.moved_from(self).map(|before| ("before", m(encode(before))));
        let update = match moved {
            Some(_) => "SET #bound = :bound, #bound_before = :before",
            None => "SET #bound = :bound",
        };
        let values = values.chain(moved).chain([("bound", m(encode(self)))]).collect();
        Step::update(Key::connection(&seen.connection.id), update, as_bound(seen.bound.as_ref()), values)
    }
}

/// The condition that a connection is there and bound as it was seen.
fn as_bound(seen: Option<&Binding>) -> &'static str {
    match seen {
        Some(_) => "#bound = :seen",
        None => "attribute_exists(#pk) AND attribute_not_exists(#bound)",
    }
}

impl Connected {
    /// What keeps a place that is taken by this connection.
    pub(crate) fn held(&self) -> Held {
        Held::By(self.connection.clone())
    }
}

impl Store {
    /// Remembers who is behind a new connection. May be repeated.
    pub async fn note_connection(
        &self,
        connection: Connection,
        caller: Caller,
    ) -> Result<Connected, StoreError> {
        let connected = Connected::new(connection, caller, self.now());
        let item = ConnectionItem::encode(&connected);
        self.commit_one(&Step::put(Key::connection(&connected.connection.id), item, "", vec![])).await?;
        Ok(connected)
    }

    /// Says anew who is behind a connection, by which nobody has joined yet; else it stays as it is.
    pub async fn identify_connection(&self, id: &ConnectionId, caller: &Caller) -> Result<(), StoreError> {
        let values = vec![("caller", m(encode(caller)))];
        let update = Step::update(Key::connection(id), "SET #caller = :caller", as_bound(None), values);
        self.commit_one(&update).await?;
        Ok(())
    }

    /// Forgets a connection by which nobody has joined; says whether it is forgotten. After that nobody can join by it.
    pub async fn forget_unused(&self, id: &ConnectionId) -> Result<bool, StoreError> {
        // Also where there is none any more: after a lost answer it is not known who has forgotten it.
        let delete = Step::delete(Key::connection(id), "attribute_not_exists(#bound)", vec![]);
        Ok(matches!(self.commit_one(&delete).await?, Outcome::Committed(_)))
    }

    /// Who is behind a connection; none if it is gone.
    pub async fn connection(&self, id: &ConnectionId) -> Result<Option<Connected>, StoreError> {
        let item = self.get(&Key::connection(id)).await?;
        Ok(item.map(ConnectionItem::decode).transpose()?.map(|item| item.connected(id.clone())))
    }

    /// Counts a message of a connection, and says who is behind it and whether it may send so many; none if it is gone.
    ///
    /// One round trip and one write unit, and both once more after every ten messages or so. A read would be a fifth of the
    /// price, and could not count.
    pub async fn message(&self, id: &ConnectionId) -> Result<Option<(Connected, Pace)>, StoreError> {
        let key = Key::connection(id);
        let Some(item) = self.count(&key).await? else { return Ok(None) };
        let item = ConnectionItem::decode(item)?;
        let now = self.now();
        let pace = match item.judge(now) {
            Counted::Paced(pace) => pace,
            Counted::Anew { since, before, hasty } => {
                let values = vec![
                    ("seen", n(since.millis())),
                    ("now", n(now.millis())),
                    ("before", n(before)),
                    ("hasty", b(hasty)),
                ];
                let update = "SET #since = :now, #before = :before, #hasty = :hasty";
                // Where the condition does not hold, somebody else began to count anew.
                self.commit_one(&Step::update(key, update, "#since = :seen", values)).await?;
                Pace::Fine
            }
        };
        Ok(Some((item.connected(id.clone()), pace)))
    }

    /// The item with one message more; none if there is none. After a lost answer it may have been counted twice.
    async fn count(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let mut retries = Retries::new(&*self.clock, &*self.random);
        loop {
            let count = ("ADD #count :one", "attribute_exists(#pk)", vec![("one", n(1))]);
            match self.update_returning(key, count, ReturnValue::AllNew).await {
                Ok(item) => return Ok(item),
                Err(error) => retries.pause(Cause::of(&error), &error).await?,
            }
        }
    }

    /// A connection is gone: who had his place by it keeps that for a while, and its item goes. May be repeated, and may
    /// come late: who has another connection by now, or has left, is not disturbed. Says whether somebody lost it.
    pub async fn disconnect(&self, id: &ConnectionId, grace: Grace) -> Result<bool, Halt> {
        let key = Key::connection(id);
        let mut found = self.get(&key).await?;
        let mut was_his = false;
        for _ in 0..MOST_LOOKS {
            let Some(item) = found else { return Ok(was_his) };
            let seen = ConnectionItem::decode(item)?.connected(id.clone());
            for Binding { room, sid, user, waits, .. } in seen.bound.iter().chain(&seen.bound_before) {
                let seen = if *waits { Standing::Waiting } else { Standing::Active };
                let loss = Loss { sid: *sid, user: user.clone(), seen, connection: id.clone() };
                was_his |= self.lose(room, loss, grace).await?;
            }
            let values = seen.bound.iter().map(|bound| ("seen", m(encode(bound)))).collect();
            let delete = Step::delete(key.clone(), as_bound(seen.bound.as_ref()), values);
            found = match self.commit_one(&delete).await? {
                Outcome::Committed(_) => return Ok(was_his),
                Outcome::Refused(verdicts) => match verdicts.into_iter().next() {
                    Some(Verdict::Failed(item)) => item,
                    _ => None,
                },
            };
        }
        Err(StoreError::kept_changing("the connection").into())
    }

    /// The same for somebody as he was seen in a room, whatever is known of the connection that he has by his record.
    pub async fn lose_connection(
        &self,
        room: &RoomKey,
        person: &Participant,
        grace: Grace,
    ) -> Result<bool, Halt> {
        let Some(Connection { id, .. }) = &person.connection else { return Ok(false) };
        if self.disconnect(id, grace).await? {
            return Ok(true);
        }
        let Participant { sid, user, standing: seen, .. } = person;
        let loss = Loss { sid: *sid, user: user.clone(), seen: *seen, connection: id.clone() };
        self.lose(room, loss, grace).await
    }

    /// Whoever has the place keeps it for a while, if this is still his connection.
    async fn lose(&self, room: &RoomKey, mut loss: Loss, grace: Grace) -> Result<bool, Halt> {
        for _ in 0..MOST_LOOKS {
            let kept = if loss.seen == Standing::Waiting { grace.waiting } else { grace.seat };
            let steps = |now: Timestamp| {
                let state = loss.state(now).map(|state| Step::of_room(room, &state));
                let person = loss.person(now.plus(kept), now);
                state.into_iter().chain([Step::of_person(room, &loss.user, &person)]).collect()
            };
            // Of who waits only his record is written, which may be done twice.
            let verdicts = match self.commit_cheaply::<()>(None, |_| (), steps).await? {
                Outcome::Committed(_) => return Ok(true),
                Outcome::Refused(verdicts) => verdicts,
            };
            let Some(Verdict::Failed(item)) = verdicts.into_iter().last() else { return Ok(false) };
            let person = item.map(ParticipantItem::decode).transpose()?;
            let still = person.filter(|person| {
                person.sid == loss.sid
                    && person.connection.as_ref().is_some_and(|own| own.id == loss.connection)
            });
            // He was admitted, or sent back to wait, in between.
            match still.map(|person| person.standing) {
                Some(standing) if standing != loss.seen => loss.seen = standing,
                _ => return Ok(false),
            }
        }
        Err(StoreError::kept_changing("the participant").into())
    }

    /// Everybody who has a seat in the session, in order of arrival, with his connection and what he shows: one query, in
    /// as many pages as it takes.
    pub async fn present(&self, room: &RoomKey, sid: Sid) -> Result<Vec<Participant>, StoreError> {
        let mut people = self.participants(room).await?;
        people.retain(|person| person.sid == sid && person.standing == Standing::Active);
        Ok(people)
    }
}

//! Turns at a crowded room.
//!
//! Two transactions that overlap on a room's state cancel each other. When a crowd meets there and only backs off by
//! chance, hardly any attempt finds the item free (`docs/decisions/0009`). So whoever met somebody draws a turn: a moment
//! of his own, each a little after the one before, given out by plain updates of a small item beside the state, which do
//! not conflict. Who meets nobody pays nothing for it; a process that met a crowd expects it for a second more, and does
//! not run into it again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use models::Timestamp;

use crate::Store;
use crate::commit::Watch;
use crate::error::Halt;
use crate::items::Key;
use crate::retry::{Cause, Retries};
use crate::step::{Values, n};

/// Between two turns at first: about what a transaction takes. Closer, more of them meet; wider, the item lies idle.
const LEAST_APART: Duration = Duration::from_millis(4);
/// Between two turns at most, where the table is slow.
const MOST_APART: Duration = Duration::from_millis(40);

/// How often somebody who waits for his turn looks whether it is still worth it; and once just before his turn, unless
/// he has looked within the shortest time.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(200);
const LOOK_BEFORE: Duration = Duration::from_millis(20);

/// Nobody draws a turn further away than this: those who would are better off by chance.
const LONGEST_QUEUE: Duration = Duration::from_secs(10);

/// How often the queue may end or begin between the two ways to draw.
const MOST_TRIES: usize = 4;

/// The item of the turns may go when nobody has drawn one for so long.
const KEPT: Duration = Duration::from_hours(1);

/// How long after it met others a process expects them to be there still.
const CROWD_LASTS: Duration = Duration::from_secs(1);

/// Where this process met others last: the item, and until when they are expected there.
#[derive(Debug, Default)]
pub(crate) struct Crowd(Mutex<Option<(Key, Timestamp)>>);

impl Crowd {
    fn last(&self) -> MutexGuard<'_, Option<(Key, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turns that one commit takes at the item that others may be writing, too.
pub(crate) struct Turns<'a> {
    store: &'a Store,
    item: Key,
    /// Nothing is waited for after this.
    until: Timestamp,
    /// How far from the one before the next turn is drawn. Whoever met others in his very turn draws the next with more
    /// room, so that a slow table gets wider turns.
    apart: Duration,
}

impl<'a> Turns<'a> {
    pub(crate) fn at(store: &'a Store, item: &Key, until: Timestamp) -> Self {
        Self { store, item: item.clone(), until, apart: LEAST_APART }
    }

    /// Whether this process met others here a moment ago.
    pub(crate) fn is_crowded(&self) -> bool {
        let last = self.store.crowd.last();
        last.as_ref().is_some_and(|(item, until)| *item == self.item && self.store.clock.now() < *until)
    }

    /// Waits for a turn after an attempt that met others; false when there is none in time.
    pub(crate) async fn after_meeting(&mut self, watch: Option<&Watch<'_>>) -> Result<bool, Halt> {
        let expected_until = self.store.clock.now().plus(CROWD_LASTS);
        *self.store.crowd.last() = Some((self.item.clone(), expected_until));
        self.wait(watch).await
    }

    /// Waits for a turn; false when there is none in time. `watch` may end the wait.
    pub(crate) async fn wait(&mut self, watch: Option<&Watch<'_>>) -> Result<bool, Halt> {
        let clock = &*self.store.clock;
        let Some(turn) = self.store.draw_turn(&self.item.turns(), self.apart).await else { return Ok(false) };
        self.apart = (self.apart * 3 / 2).min(MOST_APART);
        let mut looked = clock.now();
        loop {
            let now = clock.now();
            if turn <= now || self.until <= now {
                return Ok(now < self.until);
            }
            let rest = turn.min(self.until).since(now);
            match watch {
                Some(watch) if rest > LOOK_BEFORE && turn.since(looked) > LOOK_AGAIN => {
                    tokio::time::sleep(LOOK_EVERY.min(rest.saturating_sub(LOOK_BEFORE))).await;
                    watch().await?;
                    looked = clock.now();
                }
                _ => tokio::time::sleep(rest).await,
            }
        }
    }
}

impl Store {
    /// The next free moment: after the last turn given, or at once when that has passed. None when the queue is too long,
    /// or when the item of the turns does not answer.
    async fn draw_turn(&self, key: &Key, apart: Duration) -> Option<Timestamp> {
        // Asking again costs the others nothing, as another attempt without a turn would.
        let mut retries = Retries::of_commit(&*self.clock, &*self.random);
        let mut tries = 0;
        while tries < MOST_TRIES {
            let now = self.clock.now();
            let values = vec![
                ("now", n(now.millis())),
                ("soon", n(now.plus(apart).millis())),
                ("apart", n(apart.as_millis())),
                ("latest", n(now.plus(LONGEST_QUEUE).millis())),
                ("expires_at", n(now.plus(KEPT).seconds())),
            ];
            // An update can add, but not choose the later of two moments: one of these two holds.
            let (update, condition) = if tries % 2 == 0 {
                ("SET #next = #next + :apart, #expires_at = :expires_at", "#next > :now AND #next < :latest")
            } else {
                (
                    "SET #next = :soon, #expires_at = :expires_at",
                    "attribute_not_exists(#next) OR #next <= :now",
                )
            };
            match self.try_turn(key, update, condition, values).await {
                Ok(Some(turn)) => return Some(turn),
                Ok(None) => tries += 1,
                Err(error) => retries.pause(Cause::of(&error), &error).await.ok()?,
            }
        }
        None
    }

    /// The turn, if the condition holds.
    async fn try_turn(
        &self,
        key: &Key,
        update: &str,
        condition: &str,
        values: Values,
    ) -> Result<Option<Timestamp>, SdkError<UpdateItemError>> {
        let turn = self.update_returning(key, (update, condition, values), ReturnValue::UpdatedNew).await?;
        let next = turn.and_then(|mut attributes| attributes.remove("next"));
        Ok(next.and_then(|next| next.as_n().ok()?.parse().ok()).map(Timestamp::from_millis))
    }
}

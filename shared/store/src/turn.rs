//! Turns at a crowded room.
//!
//! Two transactions that overlap on a room's state cancel each other. When a crowd meets there and only backs off by
//! chance, hardly any attempt finds the item free (`docs/decisions/0009`). So whoever met somebody draws a turn: a moment
//! of his own, each a little after the one before, given out by plain updates of a small item beside the state, which do
//! not conflict. Who meets nobody pays nothing for it.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValue};
use models::Timestamp;

use crate::commit::Watch;
use crate::error::Halt;
use crate::items::Key;
use crate::retry::{Cause, Retries};
use crate::step::{Step, Values, n};
use crate::{Store, StoreError};

/// Between two turns: half as long again as a call takes at the moment, within these limits, so that most transactions
/// find the item free and few wait in vain.
const LEAST_APART: Duration = Duration::from_millis(6);
const MOST_APART: Duration = Duration::from_millis(40);

/// How often somebody who waits for his turn looks whether it is still worth it; and once just before his turn.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const LOOK_BEFORE: Duration = Duration::from_millis(20);

/// Nobody draws a turn further away than this: those who would are better off by chance.
const LONGEST_QUEUE: Duration = Duration::from_secs(10);

/// How often the queue may end or begin between the two ways to draw.
const MOST_TRIES: usize = 4;

/// The item of the turns may go when nobody has drawn one for so long.
const KEPT: Duration = Duration::from_hours(1);

/// How fast the table is at the moment, as the calls of one operation have seen it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace(Duration);

impl Pace {
    /// Nothing has been seen yet.
    pub(crate) const UNKNOWN: Self = Self(MOST_APART);

    /// A call took this long. The fastest counts: what took longer may have waited for others.
    pub(crate) fn saw(&mut self, took: Duration) {
        self.0 = self.0.min(took);
    }

    fn apart(self) -> Duration {
        (self.0 * 3 / 2).clamp(LEAST_APART, MOST_APART)
    }
}

impl Store {
    /// Waits for a turn at the partition of `key`. `watch` may end the wait early; without time for a turn the wait ends
    /// with `error`, which made it necessary.
    pub(crate) async fn wait_for_turn(
        &self,
        key: &Key,
        pace: &mut Pace,
        retries: &mut Retries<'_>,
        watch: Option<&Watch<'_>>,
        (cause, error): (Cause, &(dyn std::error::Error + Send + Sync)),
    ) -> Result<(), Halt> {
        let asked = self.clock.now();
        let Ok(turn) = self.draw_turn(key, pace.apart()).await else {
            // The turns are only there to be fast: without one, chance decides.
            return Ok(retries.pause(cause, error).await?);
        };
        pace.saw(self.clock.now().since(asked));
        loop {
            let now = self.clock.now();
            if turn <= now {
                return Ok(());
            }
            if now >= retries.until() {
                return Err(StoreError::Busy(crate::retry::describe(error)).into());
            }
            let rest = turn.since(now).min(retries.until().since(now));
            match watch {
                Some(watch) if rest > LOOK_BEFORE => {
                    tokio::time::sleep(LOOK_EVERY.min(rest.saturating_sub(LOOK_BEFORE))).await;
                    watch().await?;
                }
                _ => tokio::time::sleep(rest).await,
            }
        }
    }

    /// The next free moment: after the last turn given, or at once when that has passed.
    async fn draw_turn(&self, key: &Key, apart: Duration) -> Result<Timestamp, StoreError> {
        let key = key.turns();
        for _ in 0..MOST_TRIES {
            let now = self.clock.now();
            let values = vec![
                ("now", n(now.millis())),
                ("soon", n(now.plus(apart).millis())),
                ("apart", n(apart.as_millis())),
                ("latest", n(now.plus(LONGEST_QUEUE).millis())),
                ("expires_at", n(now.plus(KEPT).seconds())),
            ];
            // An update can add, but not choose the later of two moments: one of these two holds.
            for (update, condition) in [
                ("SET #next = #next + :apart, #expires_at = :expires_at", "#next > :now AND #next < :latest"),
                (
                    "SET #next = :soon, #expires_at = :expires_at",
                    "attribute_not_exists(#next) OR #next <= :now",
                ),
            ] {
                if let Some(turn) = self.try_turn(&key, update, condition, values.clone()).await? {
                    return Ok(turn);
                }
            }
        }
        Err(StoreError::Busy("the queue of turns is full".to_owned()))
    }

    /// The turn, if the condition holds.
    async fn try_turn(
        &self,
        key: &Key,
        update: &str,
        condition: &str,
        values: Values,
    ) -> Result<Option<Timestamp>, StoreError> {
        let step = Step::update(key.clone(), update, condition, values);
        self.meter.call();
        let sent = self
            .dynamo
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes().into_iter().collect()))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(step.names())
            .set_expression_attribute_values(step.bound_values())
            .return_values(ReturnValue::UpdatedNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
            .send()
            .await;
        match sent {
            Ok(done) => {
                self.meter.write(done.consumed_capacity());
                let next = done.attributes().and_then(|attributes| attributes.get("next"));
                let millis = next.and_then(|next: &AttributeValue| next.as_n().ok()?.parse().ok());
                millis
                    .map(|millis| Some(Timestamp::from_millis(millis)))
                    .ok_or_else(|| StoreError::Corrupt("TURNS", "no moment".to_owned()))
            }
            Err(SdkError::ServiceError(failed))
                if matches!(failed.err(), UpdateItemError::ConditionalCheckFailedException(_)) =>
            {
                Ok(None)
            }
            Err(error) => Err(StoreError::Unavailable(crate::retry::describe(&error))),
        }
    }
}

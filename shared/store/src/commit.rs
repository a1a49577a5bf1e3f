//! Sends a transaction until it is decided.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, ReturnConsumedCapacity};
use models::Timestamp;

use crate::items::Item;
use crate::retry::{Cause, Retries};
use crate::step::{Action, Step};
use crate::{Store, StoreError};

/// A request that met only conflicts is built anew after this long, so that its conditions are about the present time.
const STALE: Duration = Duration::from_secs(1);

/// How one step of a cancelled transaction stood.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Its condition held, or was not looked at.
    Passed,
    /// Its condition did not hold; with the item as it was, if there is one.
    Failed(Option<Item>),
}

/// What became of a transaction.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// All its steps were taken, as they were built for this moment.
    Committed(Timestamp),
    /// None was; one verdict a step, in their order.
    Refused(Vec<Verdict>),
}

impl Store {
    /// Commits the steps together or not at all.
    ///
    /// Conflicts and throttling are retried with the same client token as long as the request is the same, so that an
    /// attempt whose answer was lost is not done twice. Only when every attempt so far certainly changed nothing, and
    /// the request has become older than a second, is it built again for the present time.
    pub(crate) async fn commit(&self, build: impl Fn(Timestamp) -> Vec<Step>) -> Result<Outcome, StoreError> {
        let mut retries = Retries::new(&*self.clock, &*self.random);
        let mut built_at = self.clock.now();
        let mut steps = build(built_at);
        let mut token = self.random.uuid();
        let mut without_effect = true;
        loop {
            self.meter.call();
            let sent = self
                .dynamo
                .transact_write_items()
                .set_transact_items(Some(steps.iter().map(|step| step.transact(&self.table)).collect()))
                .client_request_token(token.to_string())
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
                .send()
                .await;
            let error = match sent {
                Ok(done) => {
                    self.meter.write(done.consumed_capacity());
                    return Ok(Outcome::Committed(built_at));
                }
                Err(error) => error,
            };
            let cause = Cause::of_transaction(&error);
            if cause == Cause::Condition
                && let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                    error.as_service_error()
            {
                return Ok(Outcome::Refused(cancelled.cancellation_reasons().iter().map(verdict).collect()));
            }
            without_effect &= cause.is_without_effect();
            retries.pause(cause, &error).await?;
            let now = self.clock.now();
            if without_effect && now.since(built_at) > STALE {
                (built_at, token) = (now, self.random.uuid());
                steps = build(now);
            }
        }
    }

    /// Commits one step by a plain write, at half a transaction's price. The step must be harmless to repeat: after a
    /// lost answer it is sent again as it is.
    pub(crate) async fn commit_one(&self, step: &Step) -> Result<Outcome, StoreError> {
        let mut retries = Retries::new(&*self.clock, &*self.random);
        loop {
            self.meter.call();
            let Err((cause, item, error)) = self.send_one(step).await else {
                return Ok(Outcome::Committed(self.clock.now()));
            };
            if cause == Cause::Condition {
                return Ok(Outcome::Refused(vec![Verdict::Failed(item)]));
            }
            retries.pause(cause, &*error).await?;
        }
    }

    async fn send_one(
        &self,
        step: &Step,
    ) -> Result<(), (Cause, Option<Item>, Box<dyn std::error::Error + Send + Sync>)> {
        use aws_sdk_dynamodb::operation::put_item::PutItemError;
        use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
        use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;

        let condition = (!step.condition.is_empty()).then(|| step.condition.clone());
        let consumed = match &step.action {
            Action::Put(item) => self
                .dynamo
                .put_item()
                .table_name(&self.table)
                .set_item(Some(item.clone()))
                .set_condition_expression(condition)
                .set_expression_attribute_names(step.names())
                .set_expression_attribute_values(step.bound_values())
                .return_values_on_condition_check_failure(AllOld)
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
                .send()
                .await
                .map(|done| done.consumed_capacity)
                .map_err(|error| {
                    let old = match error.as_service_error() {
                        Some(PutItemError::ConditionalCheckFailedException(failed)) => failed.item.clone(),
                        _ => None,
                    };
                    (Cause::of(&error), old, error.into())
                })?,
            Action::Update(update) => self
                .dynamo
                .update_item()
                .table_name(&self.table)
                .set_key(Some(step.key.attributes().into_iter().collect()))
                .update_expression(update)
                .set_condition_expression(condition)
                .set_expression_attribute_names(step.names())
                .set_expression_attribute_values(step.bound_values())
                .return_values_on_condition_check_failure(AllOld)
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
                .send()
                .await
                .map(|done| done.consumed_capacity)
                .map_err(|error| {
                    let old = match error.as_service_error() {
                        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => failed.item.clone(),
                        _ => None,
                    };
                    (Cause::of(&error), old, error.into())
                })?,
        };
        self.meter.write(consumed.as_ref());
        Ok(())
    }
}

fn verdict(reason: &CancellationReason) -> Verdict {
    match reason.code().map(Cause::of_code) {
        Some(Cause::Condition) => Verdict::Failed(reason.item.clone()),
        _ => Verdict::Passed,
    }
}

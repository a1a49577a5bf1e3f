//! Sends a transaction until it is decided.

use std::future::Future;
use std::pin::Pin;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{CancellationReason, ReturnConsumedCapacity, ReturnValue};
use models::Timestamp;

use crate::error::Halt;
use crate::items::{Item, Key};
use crate::retry::{Cause, Retries};
use crate::step::{Action, Step, Values};
use crate::turn::Turns;
use crate::{Store, StoreError};

/// How often an operation looks, decides and writes, when what it saw had changed before each of its writes.
pub(crate) const MOST_LOOKS: usize = 20;

/// How one step of a cancelled transaction stood.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Its condition held.
    Passed,
    /// Its condition was not looked at.
    Unknown,
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

/// Looks, while a commit waits, whether it can still succeed; its error ends the wait.
pub(crate) type Watch<'a> =
    dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), Halt>> + Send + 'a>> + Send + Sync + 'a;

impl Store {
    /// Commits the steps together or not at all. The first is the one that others may be writing, too.
    ///
    /// An attempt that certainly changed nothing is followed by one that is built for the present time. After one whose
    /// answer was lost the same request is sent again under the same client token, so that it is not done twice, whatever
    /// others have made of its effect meanwhile; its conditions are then about the moment of the first of them. While a
    /// commit that has changed nothing waits for its turn, `watch` may end it.
    pub(crate) async fn commit(
        &self,
        build: impl Fn(Timestamp) -> Vec<Step>,
        watch: Option<&Watch<'_>>,
    ) -> Result<Outcome, Halt> {
        let mut retries = Retries::of_commit(&*self.clock, &*self.random);
        let mut built_at = self.clock.now();
        let mut steps = build(built_at);
        let mut turns = Turns::at(self, &steps[0].key, retries.until());
        if turns.is_crowded() {
            if let Some(watch) = watch {
                watch().await?;
            }
            turns.wait(watch).await?;
            built_at = self.clock.now();
            steps = build(built_at);
        }
        let mut token = self.random.uuid();
        let mut without_effect = true;
        loop {
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
            let met_others = matches!(cause, Cause::Conflict | Cause::Throttled);
            if !met_others || !turns.after_meeting(watch.filter(|_| without_effect)).await? {
                // The turns are only there to be fast: without one, chance decides. After a lost answer it is not known
                // whether anything was changed, whatever the last attempt says.
                let known = without_effect || cause == Cause::Request;
                retries.pause(if known { cause } else { Cause::Unknown }, &error).await?;
            }
            if without_effect {
                (built_at, token) = (self.clock.now(), self.random.uuid());
                steps = build(built_at);
            }
        }
    }

    /// Commits one step by a plain write, at half a transaction's price. The step must be harmless to repeat: after a
    /// lost answer it is sent again as it is.
    pub(crate) async fn commit_one(&self, step: &Step) -> Result<Outcome, StoreError> {
        let mut retries = Retries::new(&*self.clock, &*self.random);
        loop {
            let Err((cause, item, error)) = self.send_one(step).await else {
                return Ok(Outcome::Committed(self.clock.now()));
            };
            if cause == Cause::Condition {
                return Ok(Outcome::Refused(vec![Verdict::Failed(item)]));
            }
            retries.pause(cause, &*error).await?;
        }
    }

    /// Updates an item once, outside of transactions, and gives back what `returned` says of it; nothing if the condition
    /// does not hold.
    pub(crate) async fn update_returning(
        &self,
        key: &Key,
        (update, condition, values): (&str, &str, Values),
        returned: ReturnValue,
    ) -> Result<Option<Item>, SdkError<UpdateItemError>> {
        let step = Step::update(key.clone(), update, condition, values);
        let sent = self
            .dynamo
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes().into_iter().collect()))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(step.names())
            .set_expression_attribute_values(step.bound_values())
            .return_values(returned)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
            .send()
            .await;
        match sent {
            Ok(done) => {
                self.meter.write(done.consumed_capacity());
                Ok(done.attributes)
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(None),
                _ => Err(error),
            },
        }
    }

    async fn send_one(
        &self,
        step: &Step,
    ) -> Result<(), (Cause, Option<Item>, Box<dyn std::error::Error + Send + Sync>)> {
        use UpdateItemError as Update;
        use aws_sdk_dynamodb::operation::delete_item::DeleteItemError as Delete;
        use aws_sdk_dynamodb::operation::put_item::PutItemError as Put;
        use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;

        // The same failure of three calls, which the SDK has as three types.
        macro_rules! failed {
            ($operation:ident) => {
                |error| {
                    let old = match error.as_service_error() {
                        Some($operation::ConditionalCheckFailedException(failed)) => failed.item.clone(),
                        _ => None,
                    };
                    (Cause::of(&error), old, error.into())
                }
            };
        }
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
                .map_err(failed!(Put))?,
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
                .map_err(failed!(Update))?,
            Action::Delete => self
                .dynamo
                .delete_item()
                .table_name(&self.table)
                .set_key(Some(step.key.attributes().into_iter().collect()))
                .set_condition_expression(condition)
                .set_expression_attribute_names(step.names())
                .set_expression_attribute_values(step.bound_values())
                .return_values_on_condition_check_failure(AllOld)
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
                .send()
                .await
                .map(|done| done.consumed_capacity)
                .map_err(failed!(Delete))?,
        };
        self.meter.write(consumed.as_ref());
        Ok(())
    }
}

/// Whether the condition of the step at this place did not hold.
pub(crate) fn is_refused(verdicts: &[Verdict], place: usize) -> bool {
    matches!(verdicts.get(place), Some(Verdict::Failed(_)))
}

fn verdict(reason: &CancellationReason) -> Verdict {
    match reason.code() {
        None | Some("None") => Verdict::Passed,
        Some(code) if Cause::of_code(code) == Cause::Condition => Verdict::Failed(reason.item.clone()),
        Some(_) => Verdict::Unknown,
    }
}

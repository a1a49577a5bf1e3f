//! When a failed call is sent again, and how long to wait before.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use models::{Clock, Random, Timestamp};

use crate::StoreError;

/// How long one operation may take with all its retries; under every function's timeout.
const DEADLINE: Duration = Duration::from_secs(8);
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// Why a call failed, as far as a retry cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Somebody else was writing the same item: certainly no effect.
    Conflict,
    /// The table or an item takes no more at the moment: certainly no effect.
    Throttled,
    /// No answer, or a failure inside DynamoDB: it may have taken effect.
    Unknown,
    /// A condition did not hold.
    Condition,
    /// The request itself is wrong.
    Request,
}

impl Cause {
    /// Whether the call can be said to have changed nothing.
    pub(crate) fn is_without_effect(self) -> bool {
        self != Self::Unknown
    }

    /// The cause by an error code of DynamoDB, of a call or of one action in a transaction.
    pub(crate) fn of_code(code: &str) -> Self {
        match code {
            "TransactionConflict" | "TransactionConflictException" | "TransactionInProgressException" => {
                Self::Conflict
            }
            "ThrottlingError"
            | "ThrottlingException"
            | "ProvisionedThroughputExceeded"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded" => Self::Throttled,
            "ConditionalCheckFailed" | "ConditionalCheckFailedException" => Self::Condition,
            "InternalServerError" | "InternalFailure" | "ServiceUnavailable" => Self::Unknown,
            _ => Self::Request,
        }
    }

    /// The cause of any failed call.
    pub(crate) fn of<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Self {
        match error {
            SdkError::ServiceError(failed) => match failed.err().code() {
                Some(code) if failed.raw().status().as_u16() < 500 => Self::of_code(code),
                _ => Self::Unknown,
            },
            SdkError::ConstructionFailure(_) => Self::Request,
            _ => Self::Unknown,
        }
    }

    /// The cause of a failed transaction: of its actions' reasons the one that decides. A condition that does not hold
    /// will not hold by asking again, so it comes before what will pass.
    pub(crate) fn of_transaction(error: &SdkError<TransactWriteItemsError>) -> Self {
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
        else {
            return Self::of(error);
        };
        let causes = || {
            let codes = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
            codes.filter(|code| *code != "None").map(Self::of_code)
        };
        [Self::Request, Self::Condition, Self::Conflict, Self::Throttled]
            .into_iter()
            .find(|cause| causes().any(|found| found == *cause))
            .unwrap_or(Self::Unknown)
    }
}

/// The pauses between the attempts of one operation: full jitter, doubling, under a deadline.
pub(crate) struct Retries<'a> {
    clock: &'a dyn Clock,
    random: &'a dyn Random,
    until: Timestamp,
    pause: Duration,
}

impl<'a> Retries<'a> {
    pub(crate) fn new(clock: &'a dyn Clock, random: &'a dyn Random) -> Self {
        Self { clock, random, until: clock.now().plus(DEADLINE), pause: FIRST_PAUSE }
    }

    /// Waits before the next attempt, or says why there is none.
    pub(crate) async fn pause(
        &mut self,
        cause: Cause,
        error: &(dyn std::error::Error + Send + Sync),
    ) -> Result<(), StoreError> {
        if matches!(cause, Cause::Request | Cause::Condition) {
            return Err(StoreError::Rejected(describe(error)));
        }
        let pause = self.pause.mul_f64(self.random.fraction());
        if self.clock.now().plus(pause) >= self.until {
            let described = describe(error);
            return Err(match cause {
                Cause::Unknown => StoreError::Unavailable(described),
                _ => StoreError::Busy(described),
            });
        }
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// An error with its sources on one line: the SDK's own text alone says only "service error".
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

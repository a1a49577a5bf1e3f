//! When a failed call is sent again, and how long to wait before.

use std::future::Future;
use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use models::{Clock, Random, Timestamp};

use crate::StoreError;

/// How long one request may take with all its retries, and its last attempt besides; under every function's timeout.
const REQUEST: Duration = Duration::from_secs(16);
/// Kept back from the commits of a request, so that what became of a lost answer can still be read.
const RESERVE: Duration = Duration::from_secs(2);

tokio::task_local! {
    /// The moment until which the present request may go on asking.
    static UNTIL: Timestamp;
}

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

/// Runs a request: all its calls together go on asking for 16 seconds at most.
pub async fn request<T>(clock: &dyn Clock, work: impl Future<Output = T>) -> T {
    until(clock.now().plus(REQUEST), work).await
}

/// When the present request has to stop asking; none outside one.
pub fn request_ends() -> Option<Timestamp> {
    UNTIL.try_with(|until| *until).ok()
}

/// Runs work whose calls are tried again until `moment` at most.
pub async fn until<T>(moment: Timestamp, work: impl Future<Output = T>) -> T {
    UNTIL.scope(moment, work).await
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
        let until = request_ends().unwrap_or_else(|| clock.now().plus(REQUEST));
        Self { clock, random, until, pause: FIRST_PAUSE }
    }

    /// Those of a commit, which leave time to read what became of it.
    pub(crate) fn of_commit(clock: &'a dyn Clock, random: &'a dyn Random) -> Self {
        let retries = Self::new(clock, random);
        Self { until: retries.until.minus(RESERVE), ..retries }
    }

    /// The moment after which nothing is tried any more.
    pub(crate) const fn until(&self) -> Timestamp {
        self.until
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
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

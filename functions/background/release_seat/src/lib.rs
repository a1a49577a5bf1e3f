//! The leases' queue: a seat that nobody is connected to is free when its lease has lapsed, unless somebody has come back to
//! it meanwhile. The sweep does the same a little later, should a message be lost.

#[cfg(test)]
mod tests;

use std::time::Duration;

use api::{Batch, ConfigError, Env, Error, Halt, Worker};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use store::{Lease, Released};

/// What this function is configured with.
pub struct Config {
    departure: Duration,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { departure: env.seconds("DEPARTURE_TIMEOUT_SECONDS")? })
    }
}

/// Works on a batch; what cannot be done, or is not due yet, comes again.
pub async fn handle(worker: &Worker<Config>, event: SqsEvent) -> Result<SqsBatchResponse, Error> {
    let mut batch = Batch::of("lease");
    for message in &event.records {
        batch.note(message, release(worker, message).await);
    }
    Ok(batch.answer())
}

/// Says whether the lease needs to be looked at no more.
async fn release(worker: &Worker<Config>, message: &SqsMessage) -> Result<bool, Error> {
    let lease: Lease = serde_json::from_str(message.body.as_deref().unwrap_or_default())?;
    let released = worker.store.release(&lease, worker.config.departure).await;
    Ok(released.map_err(Halt::into_failure)? != Released::NotDue)
}

//! The leases' queue: a seat that nobody is connected to is free when its lease has lapsed, unless somebody has come back to
//! it meanwhile. The sweep does the same a little later, should a message be lost.

#[cfg(test)]
mod tests;

use std::time::Duration;

use api::{ConfigError, Env, Error, Worker};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use store::{Lease, Released};
use tracing::error;

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
    let mut response = SqsBatchResponse::default();
    for message in &event.records {
        match release(worker, message).await {
            Ok(Released::Freed | Released::Gone) => continue,
            Ok(Released::NotDue) => {}
            Err(failure) => error!(error = %failure, "lease"),
        }
        response.add_failure(message.message_id.clone().unwrap_or_default());
    }
    Ok(response)
}

async fn release(worker: &Worker<Config>, message: &SqsMessage) -> Result<Released, Error> {
    let lease: Lease = serde_json::from_str(message.body.as_deref().unwrap_or_default())?;
    worker.store.release(&lease, worker.config.departure).await.map_err(|halt| format!("{halt:?}").into())
}

//! Starts a handler of events as a Lambda that is not behind HTTP: of a stream, a queue, a schedule, of `CloudFormation`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use lambda_http::Error;
use lambda_http::lambda_runtime::{LambdaEvent, run, service_fn};
use models::{Clock, Random};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::Store;
use tracing::info;

use crate::{ConfigError, Env, Parts, log};

/// The dependencies of a function that is not behind HTTP.
#[derive(Clone)]
pub struct Worker<C> {
    /// The table.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// What the function itself is configured with.
    pub config: C,
}

impl<C> Worker<C> {
    /// Connects to the table that the environment names.
    pub fn new(env: &Env, parts: Parts, config: C) -> Result<Self, ConfigError> {
        let store = env.store(&parts)?;
        let Parts { clock, random } = parts;
        Ok(Self { store, clock, random, config })
    }
}

/// What an event is, for the log, and how long its work may go on asking the table. That must be less than the function's
/// timeout, by an attempt of some seconds.
#[derive(Clone, Copy, Debug)]
pub struct EventKind {
    /// Its name, such as `stream`.
    pub name: &'static str,
    /// The time of one invocation.
    pub within: Duration,
}

/// What the work on an event gives. An `Err` fails the invocation, so that the event comes again.
pub type Working<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Runs a function that works on events of a kind, until the process ends.
pub async fn run_event<E, T, C, L, H>(kind: EventKind, load: L, handle: H) -> Result<(), Error>
where
    E: DeserializeOwned,
    T: Serialize,
    C: Send + Sync,
    L: AsyncFnOnce(&Env) -> Result<C, ConfigError>,
    H: for<'a> Fn(&'a Worker<C>, E) -> Working<'a, T> + Send + Sync,
{
    log::init();
    let env = Env::of_process();
    let worker = Worker::new(&env, Parts::default(), load(&env).await?)?;
    let (worker, handle) = (&worker, &handle);
    run(service_fn(|event: LambdaEvent<E>| work(worker, kind, handle(worker, event.payload)))).await
}

/// Does the work on one event: within its time, and with one line of log.
async fn work<C, T>(
    worker: &Worker<C>,
    kind: EventKind,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let (started, usage) = (worker.clock.now(), worker.store.usage());
    let done = store::until(started.plus(kind.within), work).await;
    if let Err(failure) = &done {
        log::failure(kind.name, failure);
    }
    let usage = worker.store.usage() - usage;
    info!(
        kind = kind.name,
        outcome = if done.is_ok() { "OK" } else { "FAILED" },
        dynamodb_calls = usage.calls,
        read_units = usage.read_units,
        write_units = usage.write_units + usage.index_units,
        duration_ms = u64::try_from(worker.clock.now().since(started).as_millis()).unwrap_or(u64::MAX),
        "event"
    );
    // The runtime prints what it is given, and whoever called is told it.
    done.map_err(|_| Error::from(format!("{}: failed, the log says why", kind.name)))
}

#[cfg(test)]
mod tests {
    use models::{FixedClock, SeededRandom, Timestamp};
    use store::StoreError;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const KIND: EventKind = EventKind { name: "stream", within: Duration::from_secs(30) };

    fn worker() -> Worker<()> {
        let env = Env::new(["TABLE_NAME", "AWS_REGION"].map(|name| (name.to_owned(), "x".to_owned())));
        let parts = Parts { clock: Arc::new(FixedClock::new(NOW)), random: Arc::new(SeededRandom::new(1)) };
        Worker::new(&env, parts, ()).expect("complete")
    }

    #[tokio::test]
    async fn an_event_has_the_time_that_its_kind_has() {
        let ends = work(&worker(), KIND, async { Ok(store::request_ends()) }).await.expect("done");
        assert_eq!(ends, Some(NOW.plus(KIND.within)));
    }

    #[tokio::test]
    async fn a_failure_fails_the_invocation_and_does_not_say_why() {
        let failure = StoreError::Corrupt("STATE", "invalid type: string \"a secret\"".to_owned());
        let failed = work(&worker(), KIND, async { Err::<(), _>(failure.into()) }).await;
        assert_eq!(failed.expect_err("it failed").to_string(), "stream: failed, the log says why");
    }
}

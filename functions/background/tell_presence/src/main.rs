//! The Lambda of the queue of rounds.

use std::time::Duration;

use api::{Error, EventKind, run_event};
use tell_presence::{Config, handle};

const ROUNDS: EventKind = EventKind { name: "rounds", within: Duration::from_secs(25) };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_event(ROUNDS, Config::load, |worker, event| Box::pin(handle(worker, event))).await
}

//! The Lambda of the queue of sessions that are over.

use std::time::Duration;

use api::{Error, EventKind, run_event};
use finish_session::{Config, handle};

const ENDS: EventKind = EventKind { name: "session ends", within: Duration::from_secs(280) };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_event(ENDS, Config::load, |worker, event| Box::pin(handle(worker, event))).await
}

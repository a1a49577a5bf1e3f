//! The Lambda of the table's stream.

use std::time::Duration;

use api::{Error, EventKind, run_event};
use relay_events::{Config, handle};

const STREAM: EventKind = EventKind { name: "stream", within: Duration::from_secs(50) };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_event(STREAM, Config::load, |worker, event| Box::pin(handle(worker, event))).await
}

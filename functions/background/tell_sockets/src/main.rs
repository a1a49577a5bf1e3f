//! The Lambda of the queue of notices.

use std::time::Duration;

use api::{Error, EventKind, run_event};
use tell_sockets::{Config, handle};

const NOTICES: EventKind = EventKind { name: "notices", within: Duration::from_secs(80) };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_event(NOTICES, Config::load, |worker, event| Box::pin(handle(worker, event))).await
}

//! The Lambda of the leases' queue.

use std::time::Duration;

use api::{Error, EventKind, run_event};
use release_seat::{Config, handle};

const LEASES: EventKind = EventKind { name: "leases", within: Duration::from_secs(20) };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_event(LEASES, Config::load, |worker, event| Box::pin(handle(worker, event))).await
}

//! The Lambda of the minute's schedule.

use std::time::Duration;

use api::{Error, EventKind, run_event};
use close_due_rooms::{Config, handle};

const SWEEP: EventKind = EventKind { name: "sweep", within: Duration::from_secs(55) };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_event(SWEEP, Config::load, |worker, event| Box::pin(handle(worker, event))).await
}

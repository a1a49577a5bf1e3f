//! The Lambda of the connections' queue.

use std::time::Duration;

use api::{Error, EventKind, run_event};
use tend_connection::{Config, handle};

const CONNECTIONS: EventKind = EventKind { name: "connections", within: Duration::from_secs(25) };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_event(CONNECTIONS, Config::load, |worker, event| Box::pin(handle(worker, event))).await
}

//! The Lambda of `$connect`.

use std::time::Duration;

use api::{Error, EventKind, run_event};
use on_connect::{Config, handle};

const CONNECT: EventKind = EventKind { name: "connect", within: Duration::from_secs(16) };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_event(CONNECT, Config::load, |worker, event| Box::pin(handle(worker, event))).await
}

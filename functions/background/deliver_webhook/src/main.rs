//! The Lambda of the webhooks' queue.

use std::time::Duration;

use api::{Error, EventKind, run_event};
use deliver_webhook::{Config, handle};

const WEBHOOKS: EventKind = EventKind { name: "webhooks", within: Duration::from_secs(20) };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_event(WEBHOOKS, Config::load, |worker, event| Box::pin(handle(worker, event))).await
}

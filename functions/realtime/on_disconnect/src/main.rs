//! The Lambda of `$disconnect`.

use std::time::Duration;

use api::{Error, EventKind, run_event};
use on_disconnect::{Config, handle};

const DISCONNECT: EventKind = EventKind { name: "disconnect", within: Duration::from_secs(16) };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_event(DISCONNECT, Config::load, |worker, event| Box::pin(handle(worker, event))).await
}

//! The Lambda of POST /auth/webhook/replay.

use api::Dialect;
use replay_webhooks::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Server, Config::load, |app, request| Box::pin(handle(app, request))).await
}

//! The Lambda of POST /auth/webhook/deliveries.

use api::Dialect;
use list_deliveries::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Server, Config::load, |app, request| Box::pin(handle(app, request))).await
}

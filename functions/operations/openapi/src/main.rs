//! The Lambda of GET /openapi.json.

use api::Dialect;
use openapi::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run_without_table(Dialect::Rooms, Config::load, |app, request| Box::pin(handle(app, request))).await
}

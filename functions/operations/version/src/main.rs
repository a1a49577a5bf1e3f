//! The Lambda of GET /version.

use api::Dialect;
use version::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run_without_table(Dialect::Rooms, Config::load, |app, request| Box::pin(handle(app, request))).await
}

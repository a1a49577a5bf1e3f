//! The Lambda of GET /rooms/{id}/waiting.

use api::Dialect;
use list_waiting::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Rooms, Config::load, |app, request| Box::pin(handle(app, request))).await
}

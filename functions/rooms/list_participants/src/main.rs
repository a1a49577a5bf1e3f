//! The Lambda of GET /rooms/{id}/participants and /rooms/code/{code}/participants.

use api::Dialect;
use list_participants::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Rooms, Config::load, |app, request| Box::pin(handle(app, request))).await
}

//! The Lambda of PATCH /rooms/{id}/settings.

use api::Dialect;
use update_room_settings::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Rooms, Config::load, |app, request| Box::pin(handle(app, request))).await
}

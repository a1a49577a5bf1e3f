//! The Lambda of POST /rooms.

use api::Dialect;
use create_room_by_code::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Rooms, Config::load, |app, request| Box::pin(handle(app, request))).await
}

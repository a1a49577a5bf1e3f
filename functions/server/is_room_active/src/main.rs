//! The Lambda of POST /auth/room/isRoomActive.

use api::Dialect;
use is_room_active::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Server, Config::load, |app, request| Box::pin(handle(app, request))).await
}

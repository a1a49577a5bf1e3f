//! The Lambda of POST /auth/room/broadcastToRoom.

use api::Dialect;
use broadcast_to_room::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Server, Config::load, |app, request| Box::pin(handle(app, request))).await
}

//! The Lambda of POST /auth/room/getActiveRoomsInfo.

use api::Dialect;
use get_active_rooms_info::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Server, Config::load, |app, request| Box::pin(handle(app, request))).await
}

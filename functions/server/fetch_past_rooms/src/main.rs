//! The Lambda of POST /auth/room/fetchPastRooms.

use api::Dialect;
use fetch_past_rooms::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Server, Config::load, |app, request| Box::pin(handle(app, request))).await
}

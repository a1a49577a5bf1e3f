//! The Lambda of POST /api/joinRoom.

use api::Dialect;
use redeem_join_token::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Rooms, Config::load, |app, request| Box::pin(handle(app, request))).await
}

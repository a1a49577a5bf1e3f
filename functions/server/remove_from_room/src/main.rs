//! The Lambda of POST /auth/room/removeParticipant.

use api::Dialect;
use remove_from_room::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Server, Config::load, |app, request| Box::pin(handle(app, request))).await
}

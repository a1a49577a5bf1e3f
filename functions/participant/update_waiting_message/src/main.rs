//! The Lambda of POST /api/waitingRoom/updateMsg.

use api::Dialect;
use update_waiting_message::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Rooms, Config::load, |app, request| Box::pin(handle(app, request))).await
}

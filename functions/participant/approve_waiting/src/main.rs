//! The Lambda of POST /api/waitingRoom/approveUsers.

use api::Dialect;
use approve_waiting::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Rooms, Config::load, |app, request| Box::pin(handle(app, request))).await
}

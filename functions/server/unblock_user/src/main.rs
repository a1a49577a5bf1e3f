//! The Lambda of POST /auth/room/unblockUser.

use api::Dialect;
use unblock_user::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Server, Config::load, |app, request| Box::pin(handle(app, request))).await
}

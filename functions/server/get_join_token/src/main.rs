//! The Lambda of POST /auth/room/getJoinToken.

use api::Dialect;
use get_join_token::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Server, Config::load, |app, request| Box::pin(handle(app, request))).await
}

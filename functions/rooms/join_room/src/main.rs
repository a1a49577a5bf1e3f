//! The Lambda of POST /rooms/{code}/join.

use api::Dialect;
use join_room::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Rooms, Config::load, |app, request| Box::pin(handle(app, request))).await
}

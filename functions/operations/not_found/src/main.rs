//! The Lambda of the `$default` route.

use api::Dialect;
use not_found::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run_without_table(Dialect::Rooms, Config::load, |app, request| Box::pin(handle(app, request))).await
}

//! The Lambda of POST /api/updateLockSettings.

use api::Dialect;
use update_lock_settings::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Rooms, Config::load, |app, request| Box::pin(handle(app, request))).await
}

//! The Lambda of the calls for features that are not here.

use absent_features::{Config, handle};
use api::Dialect;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Server, Config::load, |app, request| Box::pin(handle(app, request))).await
}

//! The Lambda of `$default`.

use on_default::{Config, handle};
use realtime::run_default;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    run_default(Config::load, |realtime, config, connected, request| {
        Box::pin(handle(realtime, config, connected, request))
    })
    .await
}

//! The Lambda of the custom resource `Secrets`.

use make_secrets::{Config, KIND, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run_event(KIND, Config::load, |worker, event| Box::pin(handle(worker, event))).await
}

//! The Lambda of the event `sync`.

use realtime::events::sync;
use realtime::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    run(
        async |_| Ok(()),
        |realtime, (), connected, request| Box::pin(sync::handle(realtime, connected, request)),
    )
    .await
}

//! The Lambda of the event `remove-participant`.

use realtime::events::remove_participant;
use realtime::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    run(
        async |_| Ok(()),
        |realtime, (), connected, request| Box::pin(remove_participant::handle(realtime, connected, request)),
    )
    .await
}

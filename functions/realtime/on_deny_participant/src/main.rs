//! The Lambda of the event `deny-participant`.

use realtime::events::deny_participant;
use realtime::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    run(
        async |_| Ok(()),
        |realtime, (), connected, request| Box::pin(deny_participant::handle(realtime, connected, request)),
    )
    .await
}

//! The Lambda of the event `admit-participant`.

use realtime::events::admit_participant;
use realtime::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    run(
        async |_| Ok(()),
        |realtime, (), connected, request| Box::pin(admit_participant::handle(realtime, connected, request)),
    )
    .await
}

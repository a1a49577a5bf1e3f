//! The Lambda of the event `mute-participant`.

use realtime::events::mute_participant;
use realtime::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    run(
        async |_| Ok(()),
        |realtime, (), connected, request| Box::pin(mute_participant::handle(realtime, connected, request)),
    )
    .await
}

//! The Lambda of the event `lock-room`.

use realtime::events::lock_room;
use realtime::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    run(
        async |_| Ok(()),
        |realtime, (), connected, request| Box::pin(lock_room::handle(realtime, connected, request)),
    )
    .await
}

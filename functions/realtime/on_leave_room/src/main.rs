//! The Lambda of the event `leave-room`.

use realtime::events::leave_room;
use realtime::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    run(
        async |_| Ok(()),
        |realtime, (), connected, request| Box::pin(leave_room::handle(realtime, connected, request)),
    )
    .await
}

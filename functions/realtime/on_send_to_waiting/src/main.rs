//! The Lambda of the event `send-to-waiting`.

use realtime::events::send_to_waiting;
use realtime::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    run(
        async |_| Ok(()),
        |realtime, (), connected, request| Box::pin(send_to_waiting::handle(realtime, connected, request)),
    )
    .await
}

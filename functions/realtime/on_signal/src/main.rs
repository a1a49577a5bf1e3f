//! The Lambda of the events `offer`, `answer` and `ice-candidate`.

use realtime::events::signal;
use realtime::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    run(
        async |_| Ok(()),
        |realtime, (), connected, request| Box::pin(signal::handle(realtime, connected, request)),
    )
    .await
}

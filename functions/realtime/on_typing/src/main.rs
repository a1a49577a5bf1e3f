//! The Lambda of the events `typing-start` and `typing-stop`.

use realtime::events::typing;
use realtime::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    run(
        async |_| Ok(()),
        |realtime, (), connected, request| Box::pin(typing::handle(realtime, connected, request)),
    )
    .await
}

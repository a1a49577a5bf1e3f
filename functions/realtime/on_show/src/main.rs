//! The Lambda of the events by which people show themselves: `toggle-audio` and its like.

use realtime::events::show;
use realtime::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    run(
        async |_| Ok(()),
        |realtime, (), connected, request| Box::pin(show::handle(realtime, connected, request)),
    )
    .await
}

//! The Lambda of the event `join-room`.

use realtime::events::join_room::{self, Joining};
use realtime::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    run(Joining::load, |realtime, joining, connected, request| {
        Box::pin(join_room::handle(realtime, joining, connected, request))
    })
    .await
}

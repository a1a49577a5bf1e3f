//! The Lambda of the event `update-lock-settings`.

use realtime::events::update_lock_settings;
use realtime::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    run(
        async |_| Ok(()),
        |realtime, (), connected, request| {
            Box::pin(update_lock_settings::handle(realtime, connected, request))
        },
    )
    .await
}

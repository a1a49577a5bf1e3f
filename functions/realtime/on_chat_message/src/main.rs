//! The Lambda of the event `chat-message`.

use realtime::events::chat_message;
use realtime::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    run(
        async |_| Ok(()),
        |realtime, (), connected, request| Box::pin(chat_message::handle(realtime, connected, request)),
    )
    .await
}

//! The Lambda of POST /api/muteParticipant.

use api::Dialect;
use mute_participant::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Rooms, Config::load, |app, request| Box::pin(handle(app, request))).await
}

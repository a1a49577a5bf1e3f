//! The Lambda of DELETE /rooms/{id}.

use api::Dialect;
use end_room_by_host::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Rooms, Config::load, |app, request| Box::pin(handle(app, request))).await
}

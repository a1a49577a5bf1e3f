//! The Lambda of GET /rooms/code/{code}.

use api::Dialect;
use get_room_by_code::{Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(Dialect::Rooms, Config::load, |app, request| Box::pin(handle(app, request))).await
}

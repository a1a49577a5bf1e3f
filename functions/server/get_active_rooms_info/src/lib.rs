//! `POST /auth/room/getActiveRoomsInfo`: the tenant's running sessions with everybody who is in, hidden ones too. The
//! body is not looked at.

mod list;
#[cfg(test)]
mod tests;

use api::server::{ActiveRoom, Common, MOST_BYTES_OF_ROOMS, With};
use api::{Answer, App, Halt, KeyRing, Request};
use models::Permission;
use serde::Serialize;

use crate::list::list;

/// What this function is configured with.
pub type Config = KeyRing;

#[derive(Serialize)]
struct ActiveRoomsOut {
    rooms: Vec<ActiveRoom>,
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.authenticate(&app.store, &*app.clock, request, Permission::Read).await?;
    let open = app.store.open_rooms(&caller.tenant).await?;
    let (rooms, left_out) = list(&app.store, open, MOST_BYTES_OF_ROOMS).await?;
    let common = if rooms.is_empty() {
        Common::failure("no active room found", "NOT_FOUND")
    } else {
        // A success, whatever does not fit: it is only said in the sentence, for SDKs take no other key.
        let said = left_out.map_or_else(String::new, |left_out| format!(": too many rooms for {left_out}"));
        Common { msg: format!("success{said}"), ..Common::success() }
    };
    Ok(With::new(common, ActiveRoomsOut { rooms }).answer())
}

//! `POST /auth/room/isRoomActive`: whether a session runs under this id.

#[cfg(test)]
mod tests;

use api::server::{Common, With};
use api::{Answer, App, Halt, KeyRing, Request};
use models::{Permission, Room, Timestamp};
use serde::Serialize;
use wire::Message;

/// What this function is configured with.
pub type Config = KeyRing;

#[derive(Serialize)]
struct IsRoomActiveOut {
    is_active: bool,
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.authenticate(&app.store, &*app.clock, request, Permission::Read).await?;
    let room_id = Message::root(request.object()?).required_string("room_id")?;
    let room = match caller.room(&room_id) {
        Some(key) => app.store.room(&key).await?,
        None => None,
    };
    Ok(answer(room.as_ref(), app.clock.now()))
}

/// An ended room is told from one that never was for as long as it is remembered.
fn answer(room: Option<&Room>, now: Timestamp) -> Answer {
    let said = |msg: &str, status_code, is_active| {
        let common = Common { status: true, msg: msg.to_owned(), status_code };
        With::new(common, IsRoomActiveOut { is_active }).answer()
    };
    match room.filter(|room| !room.is_gone(now)) {
        Some(room) if room.is_open(now) => said("room is active", "SUCCESS", true),
        Some(_) => said("room is not active", "ROOM_NOT_ACTIVE", false),
        None => said("room not found", "ROOM_NOT_FOUND", false),
    }
}

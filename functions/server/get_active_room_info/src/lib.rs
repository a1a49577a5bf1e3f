//! `POST /auth/room/getActiveRoomInfo`: the running session with everybody who is in, hidden ones too.

#[cfg(test)]
mod tests;

use api::server::{ActiveRoom, Common, MOST_BYTES_OF_ROOMS, With};
use api::{Answer, App, Halt, KeyRing, Request};
use models::Permission;
use serde::Serialize;
use store::Whole;
use wire::Message;

/// What this function is configured with.
pub type Config = KeyRing;

#[derive(Serialize)]
struct ActiveRoomOut {
    room: Option<ActiveRoom>,
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.authenticate(&app.store, &*app.clock, request, Permission::Read).await?;
    let room_id = Message::root(request.object()?).required_string("room_id")?;
    let whole = match caller.room(&room_id) {
        Some(key) => app.store.whole_room(&key).await?,
        None => Whole::default(),
    };
    let now = app.clock.now();
    let (Some(room), Some(document)) = (whole.room.filter(|room| room.is_open(now)), whole.document) else {
        let common = Common::failure("room not found in active state", "ROOM_NOT_FOUND");
        return Ok(With::new(common, ActiveRoomOut { room: None }).answer());
    };
    let active = ActiveRoom::of(&room, &document, &whole.participants, now);
    Ok(answer(active, MOST_BYTES_OF_ROOMS))
}

/// The answer about a room, without its people where they are more than `most` bytes (`docs/decisions/0012`).
fn answer(active: ActiveRoom, most: usize) -> Answer {
    let (room, common) = if active.size() <= most {
        (active, Common::success())
    } else {
        let msg = "success: too many people for participants_info".to_owned();
        (active.without_people(), Common { msg, ..Common::success() })
    };
    With::new(common, ActiveRoomOut { room: Some(room) }).answer()
}

//! `POST /auth/room/getActiveRoomInfo`: the running session with everybody who is in, hidden ones too.

#[cfg(test)]
mod tests;

use api::server::{Common, ParticipantInfo, RoomInfo, With};
use api::{Answer, App, ConfigError, Env, Halt, KeyRing, Request};
use models::Permission;
use serde::Serialize;
use store::Whole;
use wire::Message;

/// What this function is configured with.
pub struct Config {
    keys: KeyRing,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { keys: KeyRing::new(env) })
    }
}

#[derive(Serialize)]
struct ActiveRoomOut {
    room: Option<ActiveRoom>,
}

#[derive(Serialize)]
struct ActiveRoom {
    room_info: RoomInfo,
    participants_info: Vec<ParticipantInfo>,
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.keys.authenticate(&app.store, &*app.clock, request, Permission::Read).await?;
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
    let active = ActiveRoom {
        room_info: RoomInfo::of(&room, &document, now),
        participants_info: ParticipantInfo::all(&room, &whole.participants),
    };
    Ok(With::new(Common::success(), ActiveRoomOut { room: Some(active) }).answer())
}

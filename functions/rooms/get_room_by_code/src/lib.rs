//! `GET /rooms/code/{code}`: what anyone may know of a room who has its code.

#[cfg(test)]
mod tests;

use api::rooms::{DoorOut, room_of_code};
use api::{Answer, App, ConfigError, Env, Halt, Request};
use models::Refusal;

/// What this function is configured with: nothing.
pub struct Config;

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(_env: &Env) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let key = room_of_code(request.path_parameter("code"))?;
    let seen = app.store.room_with_document(&key).await?;
    let now = app.clock.now();
    let room = seen.room.filter(|room| room.by_code.is_some() && !room.is_gone(now));
    let (room, document) = room.zip(seen.document).ok_or(Refusal::RoomNotFound)?;
    Ok(Answer::json(200, &DoorOut::of(&room, &document, now)))
}

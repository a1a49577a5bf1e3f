//! `GET /rooms/{id}`: the full room, for its host and those who are in.

#[cfg(test)]
mod tests;

use api::rooms::RoomOut;
use api::{Answer, App, ConfigError, Env, Halt, Request, Sessions, Users, Visitor};
use models::Refusal;

/// What this function is configured with.
pub struct Config {
    users: Users,
    sessions: Sessions,
}

impl Config {
    /// Reads the environment.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { users: Users::load(env).await?, sessions: Sessions::load(env).await? })
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let visitor = Visitor::of(&app.config.users, &app.config.sessions, request, app.clock.now()).await?;
    let key = visitor.room(request.path_parameter("id"))?;
    let seen = visitor.enter(&app.store, &key, app.clock.now()).await?;
    let (room, document) = seen.room.zip(seen.document).ok_or(Refusal::RoomNotFound)?;
    Ok(Answer::json(200, &RoomOut::of(&room, &document, app.clock.now())))
}

//! `GET /rooms/{id}/participants` and `GET /rooms/code/{code}/participants`: who is in, as far as whoever asks may see
//! them.

#[cfg(test)]
mod tests;

use api::rooms::PersonOut;
use api::{Answer, App, ConfigError, Env, Halt, Request, Sessions, Users, Visitor};
use models::{Refusal, RoomCode};

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
    let id = match request.path_parameter("code") {
        "" => request.path_parameter("id").to_owned(),
        code => RoomCode::try_from(code).map_err(|_| Refusal::RoomNotFound)?.room_id().to_string(),
    };
    let key = visitor.room(&id)?;
    let seen = visitor.enter(&app.store, &key, app.clock.now()).await?;
    let room = seen.room.ok_or(Refusal::RoomNotFound)?;
    let mut people = app.store.participants(&key).await?;
    if let Some(viewer) = &seen.participant {
        people.retain(|person| viewer.may_see(person, &room));
    }
    Ok(Answer::json(200, &PersonOut::list(&room, &people, app.clock.now())))
}

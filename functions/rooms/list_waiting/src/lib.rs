//! `GET /rooms/{id}/waiting`: who waits for admission, in order of arrival, for the host and for moderators.

#[cfg(test)]
mod tests;

use api::rooms::WaiterOut;
use api::{Answer, App, ConfigError, Env, Halt, Request, Sessions, Users, Visitor};
use models::{Participant, Refusal, Room};

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
    let now = app.clock.now();
    let visitor = Visitor::of(&app.config.users, &app.config.sessions, request, now).await?;
    let key = visitor.room(request.path_parameter("id"))?;
    let seen = visitor.enter(&app.store, &key, now).await?;
    let room = seen.room.ok_or(Refusal::RoomNotFound)?;
    authorise(&visitor, &room, seen.participant.as_ref())?;
    // Who waited when a session ended waits for nothing any more.
    let waiting = if room.is_open(now) { app.store.waiting(&room).await? } else { vec![] };
    Ok(Answer::json(200, &WaiterOut::list(&waiting)))
}

fn authorise(visitor: &Visitor, room: &Room, person: Option<&Participant>) -> Result<(), Refusal> {
    let hosts = matches!(visitor, Visitor::User(user) if room.is_hosted_by(&user.id));
    let moderates = person.is_some_and(|person| person.is_in(room) && person.may_moderate());
    if hosts || moderates { Ok(()) } else { Err(Refusal::NotModerator) }
}

//! `DELETE /rooms/{id}`: the host ends a room by code for good.

#[cfg(test)]
mod tests;

use std::time::Duration;

use api::{Answer, App, ConfigError, Env, Halt, Request, Scope, Users, idempotent, keep};
use models::{EndReason, Room};
use store::Ending;

/// What this function is configured with.
pub struct Config {
    users: Users,
    past_rooms: Duration,
}

impl Config {
    /// Reads the environment.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { users: Users::load(env).await?, past_rooms: env.days("PAST_ROOMS_RETENTION_DAYS")? })
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let user = app.config.users.required(request, app.clock.now()).await?;
    idempotent(app, request, &Scope::user(&user.id), async |claim| {
        let key = user.room(request.path_parameter("id"))?;
        let authorise = |room: &Room| user.must_host(room);
        let ending = Ending::Room { past_rooms: app.config.past_rooms };
        let render = |(): &()| Answer::no_content().stored();
        app.store.end(&key, ending, EndReason::Host, authorise, keep(claim, &render)).await?;
        Ok(Answer::no_content())
    })
    .await
}

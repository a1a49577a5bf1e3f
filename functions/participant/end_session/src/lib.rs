//! `POST /api/endRoom`: a moderator ends the session that he is in, by the reason `moderator`; the host by his own.

#[cfg(test)]
mod tests;

use api::server::Common;
use api::{Answer, App, ConfigError, Env, Halt, Request, Scope, Sessions, idempotent, keep};
use models::{EndReason, Role, Room};
use store::{Ending, Retention};

/// What this function is configured with.
pub struct Config {
    sessions: Sessions,
    kept: Retention,
}

impl Config {
    /// Reads the environment.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            sessions: Sessions::load(env).await?,
            kept: Retention {
                past_rooms: env.days("PAST_ROOMS_RETENTION_DAYS")?,
                code: env.days("CODE_RETENTION_DAYS")?,
            },
        })
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let token = app.config.sessions.required(request, &*app.clock)?;
    idempotent(app, request, &Scope::session(&token), async |claim| {
        request.object_of(&token.room)?;
        let (_, moderator) = app.store.moderator(&token).await?;
        let reason = if moderator.role == Role::Host { EndReason::Host } else { EndReason::Moderator };
        let authorise = |room: &Room| room.is_still(token.sid);
        let ending = Ending::Session(app.config.kept);
        let render = |(): &()| Common::success().answer().stored();
        app.store.end(&token.room, ending, reason, authorise, keep(claim, &render)).await?;
        Ok(Common::success().answer())
    })
    .await
}

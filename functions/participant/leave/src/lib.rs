//! `POST /api/leaveRoom`: gives up the seat; repeating it is harmless.

#[cfg(test)]
mod tests;

use std::time::Duration;

use api::server::Common;
use api::{Answer, App, ConfigError, Env, Halt, Request, Scope, Sessions, idempotent, keep};

/// What this function is configured with.
pub struct Config {
    sessions: Sessions,
    departure: Duration,
}

impl Config {
    /// Reads the environment.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            sessions: Sessions::load(env).await?,
            departure: env.seconds("DEPARTURE_TIMEOUT_SECONDS")?,
        })
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let token = app.config.sessions.required(request, &*app.clock)?;
    idempotent(app, request, &Scope::session(&token), async |claim| {
        request.object_of(&token.room)?;
        let render = |(): &()| Common::success().answer().stored();
        app.store.leave(&token, app.config.departure, keep(claim, &render)).await?;
        Ok(Common::success().answer())
    })
    .await
}

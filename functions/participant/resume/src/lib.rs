//! `POST /api/resume`: the same seat again after a refresh or a lost connection, with a fresh session token.

#[cfg(test)]
mod tests;

use std::time::Duration;

use api::rooms::ParticipantOut;
use api::{Answer, App, ConfigError, Env, Halt, Request, Scope, Sessions, idempotent, keep};
use models::SessionToken;
use store::Resumed;

/// What this function is configured with.
pub struct Config {
    sessions: Sessions,
    unattached: Duration,
}

impl Config {
    /// Reads the environment.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            sessions: Sessions::load(env).await?,
            unattached: env.seconds("UNATTACHED_TIMEOUT_SECONDS")?,
        })
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let token = app.config.sessions.required(request, &*app.clock)?;
    idempotent(app, request, &Scope::session(&token), async |claim| {
        request.object_of(&token.room)?;
        let render = |resumed: &Resumed| answer(app, &token, resumed).stored();
        let resumed = app.store.resume(&token, app.config.unattached, keep(claim, &render)).await?;
        Ok(answer(app, &token, &resumed))
    })
    .await
}

fn answer(app: &App<Config>, token: &SessionToken, resumed: &Resumed) -> Answer {
    let token = SessionToken { session: resumed.session, expires_at: resumed.expires_at, ..token.clone() };
    let session = app.config.sessions.issue(&token, app.clock.now());
    Answer::json(200, &ParticipantOut::present(&resumed.room, &resumed.participant, session))
}

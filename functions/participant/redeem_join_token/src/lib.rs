//! `POST /api/joinRoom`: trades a join token, once, for a seat and a session token.

#[cfg(test)]
mod tests;

use std::time::Duration;

use api::rooms::ParticipantOut;
use api::{Answer, App, Bearer, ConfigError, Env, Halt, KeyRing, Request, Scope, Sessions, idempotent, keep};
use store::{Admission, Credential, Door};

/// What this function is configured with.
pub struct Config {
    keys: KeyRing,
    sessions: Sessions,
    unattached: Duration,
}

impl Config {
    /// Reads the environment.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            keys: KeyRing::new(env),
            sessions: Sessions::load(env).await?,
            unattached: env.seconds("UNATTACHED_TIMEOUT_SECONDS")?,
        })
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let bearer = Bearer::required(request)?;
    let token = app.config.keys.join_token(&app.store, app.clock.now(), bearer.text()).await?;
    idempotent(app, request, &Scope::join_token(token.id), async |claim| {
        request.object_of(&token.room)?;
        let door = Door {
            room: &token.room,
            credential: Credential::Token(&token),
            unattached: app.config.unattached,
            past_rooms: Duration::ZERO,
        };
        let render = |admission: &Admission| answer(app, admission).stored();
        let admission = app.store.admit(&door, keep(claim, &render)).await?;
        Ok(answer(app, &admission))
    })
    .await
}

fn answer(app: &App<Config>, admission: &Admission) -> Answer {
    let session = app.config.sessions.of_admission(admission, app.clock.now());
    Answer::json(201, &ParticipantOut::admitted(admission, session))
}

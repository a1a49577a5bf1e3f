//! `POST /api/switchPresenter`: a moderator makes somebody the presenter, or lets him be it no longer.

#[cfg(test)]
mod tests;

use api::server::Common;
use api::{Answer, App, ConfigError, Env, Halt, Request, Scope, Sessions, idempotent, keep};
use wire::{Message, PresenterIn};

/// What this function is configured with.
pub struct Config {
    sessions: Sessions,
}

impl Config {
    /// Reads the environment.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { sessions: Sessions::load(env).await? })
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let token = app.config.sessions.required(request, &*app.clock)?;
    idempotent(app, request, &Scope::session(&token), async |claim| {
        let message = Message::root(request.object_of(&token.room)?);
        let PresenterIn { user_id, task } = PresenterIn::read(&message)?;
        app.store.moderator(&token).await?;
        let render = |(): &()| Common::success().answer().stored();
        app.store.switch_presenter(&token.room, token.sid, &user_id, task, keep(claim, &render)).await?;
        Ok(Common::success().answer())
    })
    .await
}

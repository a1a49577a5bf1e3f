//! `POST /api/updateLockSettings`: a moderator sets or lifts a lock of somebody, or of everybody.

#[cfg(test)]
mod tests;

use api::server::Common;
use api::{Answer, App, ConfigError, Env, Halt, Request, Scope, Sessions, idempotent, keep};
use store::Told;
use wire::{LocksIn, Message};

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
        let LocksIn { whom, change } = LocksIn::read(&message)?;
        app.store.moderator(&token).await?;
        let render = |(): &()| Common::success().answer().stored();
        let told = Told { room: &token.room, sid: token.sid, whom: whom.as_ref(), change: &change };
        app.store.change_locks(told, keep(claim, &render)).await?;
        Ok(Common::success().answer())
    })
    .await
}

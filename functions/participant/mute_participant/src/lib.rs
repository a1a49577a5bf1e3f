//! `POST /api/muteParticipant`: a moderator turns somebody's microphone off, or everybody's.

#[cfg(test)]
mod tests;

use api::server::Common;
use api::{Answer, App, ConfigError, Env, Halt, Request, Scope, Sessions, idempotent, keep};
use store::Mute;
use wire::{Message, MuteIn};

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
        let MuteIn { whom } = MuteIn::read(&message)?;
        let (_, moderator) = app.store.moderator(&token).await?;
        let render = |(): &()| Common::success().answer().stored();
        let mute = Mute { room: &token.room, sid: token.sid, whom: whom.as_ref(), by: moderator.id };
        app.store.mute(mute, keep(claim, &render)).await?;
        Ok(Common::success().answer())
    })
    .await
}

//! `POST /api/waitingRoom/updateMsg`: a moderator says what those who wait are told: `waiting_room_msg` of the room's
//! metadata. Who waits and is connected hears it, who comes finds it.

#[cfg(test)]
mod tests;

use api::server::Common;
use api::{Answer, App, ConfigError, Env, Halt, Request, Scope, Sessions, idempotent, keep};
use models::{Refusal, Violation};
use wire::Message;

/// Most characters of it: who waits reads it beside a spinner.
const MOST: usize = 500;

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
        let text = text(&Message::root(request.object_of(&token.room)?))?;
        let (room, _) = app.store.moderator(&token).await?;
        let render = |(): &()| Common::success().answer().stored();
        app.store.change_waiting_message(&room, &text, keep(claim, &render)).await?;
        Ok(Common::success().answer())
    })
    .await
}

fn text(message: &Message) -> Result<String, Refusal> {
    let mut violations = vec![];
    let text = message.needed_string("msg", &mut violations)?;
    if text.chars().count() > MOST {
        violations.push(Violation::new("msg", format!("must be at most {MOST} characters")));
    }
    if violations.is_empty() { Ok(text) } else { Err(Refusal::Invalid(violations)) }
}

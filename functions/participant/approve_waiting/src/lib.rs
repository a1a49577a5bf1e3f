//! `POST /api/waitingRoom/approveUsers`: a moderator admits somebody who waits, or all who do, as far as seats last.

#[cfg(test)]
mod tests;

use std::time::Duration;

use api::server::Common;
use api::{Answer, App, ConfigError, Env, Halt, Request, Scope, Sessions, idempotent, keep};
use models::{Refusal, UserId};
use store::{Waiters, Who, Whom};
use wire::Message;

/// In the place of an id: everybody who waits.
const ALL: &str = "all";

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
        let message = Message::root(request.object_of(&token.room)?);
        let user = whom(&message)?;
        app.store.moderator(&token).await?;
        let waiters = Waiters {
            room: &token.room,
            sid: token.sid,
            whom: if user.as_str() == ALL { Whom::All } else { Whom::One(Who::User(&user)) },
        };
        let render = |(): &()| Common::success().answer().stored();
        app.store.admit_waiters(waiters, app.config.unattached, keep(claim, &render)).await?;
        Ok(Common::success().answer())
    })
    .await
}

fn whom(message: &Message) -> Result<UserId, Refusal> {
    let mut violations = vec![];
    match message.needed_user_id("user_id", &mut violations)? {
        Some(user) => Ok(user),
        None => Err(Refusal::Invalid(violations)),
    }
}

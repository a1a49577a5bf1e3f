//! `POST /api/removeParticipant`: a moderator puts somebody out, and bars him if he wants to.

#[cfg(test)]
mod tests;

use std::time::Duration;

use api::server::Common;
use api::{Answer, App, ConfigError, Env, Halt, Request, Scope, Sessions, idempotent, keep};
use models::{Participant, Refusal, Room};
use store::Removal;
use wire::{Message, RemovalIn};

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
        let message = Message::root(request.object_of(&token.room)?);
        let RemovalIn { user_id, msg, block_user } = RemovalIn::read(&message, vec![])?;
        app.store.moderator(&token).await?;
        if block_user && user_id == token.user {
            return Err(Refusal::invalid("user_id", "must not be your own").into());
        }
        let removal = Removal {
            room: &token.room,
            user: &user_id,
            ban: block_user,
            message: &msg,
            pause: app.config.departure,
        };
        let authorise = |room: &Room, person: Option<&Participant>| {
            room.is_still(token.sid)?;
            // Who is to be barred may be absent, so of whom nobody sees nothing shows.
            if !block_user && person.is_some_and(|person| person.hidden) {
                return Err(Refusal::ParticipantNotFound);
            }
            room.may_unseat(&token.user, &user_id)
        };
        let render = |(): &()| Common::success().answer().stored();
        app.store.remove(removal, authorise, keep(claim, &render)).await?;
        Ok(Common::success().answer())
    })
    .await
}

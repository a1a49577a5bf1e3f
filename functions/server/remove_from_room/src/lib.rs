//! `POST /auth/room/removeParticipant`: puts somebody out of a running session, and bars him if so wanted.

#[cfg(test)]
mod tests;

use std::time::Duration;

use api::server::Common;
use api::{Answer, App, ConfigError, Env, Halt, KeyRing, Request, Scope, idempotent, keep};
use models::{Permission, Refusal};
use store::Removal;
use wire::{Message, RemovalIn};

/// What this function is configured with.
pub struct Config {
    keys: KeyRing,
    departure: Duration,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { keys: KeyRing::new(env), departure: env.seconds("DEPARTURE_TIMEOUT_SECONDS")? })
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.keys.authenticate(&app.store, &*app.clock, request, Permission::Create).await?;
    idempotent(app, request, &Scope::caller(&caller), async |claim| {
        let message = Message::root(request.object()?);
        let mut violations = vec![];
        let room_id = message.needed_string("room_id", &mut violations)?;
        let RemovalIn { user_id, msg, block_user } = RemovalIn::read(&message, violations)?;
        let key = caller.room(&room_id).ok_or(Refusal::RoomNotFound)?;
        let removal = Removal {
            room: &key,
            user: &user_id,
            ban: block_user,
            message: &msg,
            pause: app.config.departure,
        };
        let render = |(): &()| Common::success().answer().stored();
        app.store.remove(removal, |_, _| Ok(()), keep(claim, &render)).await?;
        Ok(Common::success().answer())
    })
    .await
}

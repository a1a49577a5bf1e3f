//! `POST /auth/room/endRoom`: ends the running session, by the reason `api`.

#[cfg(test)]
mod tests;

use api::server::Common;
use api::{Answer, App, ConfigError, Env, Halt, KeyRing, Request, Scope, idempotent, keep};
use models::{EndReason, Permission, Refusal};
use store::{Ending, Retention};
use wire::Message;

/// What this function is configured with.
pub struct Config {
    keys: KeyRing,
    kept: Retention,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            keys: KeyRing::new(env),
            kept: Retention {
                past_rooms: env.days("PAST_ROOMS_RETENTION_DAYS")?,
                code: env.days("CODE_RETENTION_DAYS")?,
            },
        })
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.keys.authenticate(&app.store, &*app.clock, request, Permission::Create).await?;
    idempotent(app, request, &Scope::caller(&caller), async |claim| {
        let room_id = Message::root(request.object()?).required_string("room_id")?;
        let Some(key) = caller.room(&room_id) else { return Ok(not_active()) };
        let ending = Ending::Session(app.config.kept);
        let render = |(): &()| Common::success().answer().stored();
        let ended = app.store.end(&key, ending, EndReason::Api, |_| Ok(()), keep(claim, &render)).await;
        match ended {
            Ok(()) => Ok(Common::success().answer()),
            Err(Halt::Refused(Refusal::RoomNotFound | Refusal::RoomNotActive)) => Ok(not_active()),
            Err(halt) => Err(halt),
        }
    })
    .await
}

fn not_active() -> Answer {
    Common::failure("room not found or not active", "ROOM_NOT_FOUND").answer()
}

//! `POST /auth/room/getJoinToken`: a short-lived, one-time token for one person and the session that runs.

mod request;
#[cfg(test)]
mod tests;

use std::time::Duration;

use api::server::{Common, With};
use api::{
    Answer, App, Caller, ConfigError, Env, Halt, JoinTokenText, KeyRing, Request, Scope, idempotent, keep,
    log, sign_join_token,
};
use models::{JoinToken, Permission, Refusal, RoomKey};
use serde::Serialize;
use store::Minted;

pub use crate::request::GetJoinTokenIn;

/// What this function is configured with.
pub struct Config {
    keys: KeyRing,
    validity: Duration,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { keys: KeyRing::new(env), validity: env.seconds("TOKEN_VALIDITY_SECONDS")? })
    }
}

#[derive(Serialize)]
struct TokenOut {
    token: String,
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.keys.authenticate(&app.store, &*app.clock, request, Permission::Tokens).await?;
    idempotent(app, request, &Scope::caller(&caller), async |claim| {
        let input = GetJoinTokenIn::read(request.object()?)?;
        let key = RoomKey { tenant: caller.tenant.clone(), room: input.room_id.clone() };
        log::room(&key);
        let now = app.clock.now();
        let expires_at = now.plus(app.config.validity);
        // The ids that the server makes are drawn once, so that every attempt at storing the token is about the same.
        let (user_id, metadata_id) = (app.random.uuid(), app.random.uuid());
        let text = JoinTokenText {
            hidden: input.is_hidden,
            client_type: input.client_type,
            minted_at: now,
            expires_at,
        };
        let render = |minted: &Minted| answer(&caller, &key, minted, text).stored();
        let minted = app
            .store
            .mint(
                &key,
                input.user_id().as_ref(),
                now,
                |room| input.token(room, user_id, metadata_id, expires_at),
                keep(claim, &render),
            )
            .await;
        match minted {
            Ok(minted) => Ok(answer(&caller, &key, &minted, text)),
            Err(Halt::Refused(Refusal::RoomNotActive | Refusal::RoomNotFound)) => {
                Ok(Common::failure("room is not active", "ROOM_NOT_FOUND").answer())
            }
            Err(halt) => Err(halt),
        }
    })
    .await
}

fn answer(caller: &Caller, key: &RoomKey, minted: &Minted, text: JoinTokenText) -> Answer {
    let token = JoinToken {
        api_key: caller.api_key.clone(),
        room: key.clone(),
        id: minted.id,
        user: minted.token.user.clone(),
        name: minted.token.name.clone(),
        role: minted.token.role,
        lasts: minted.lasts,
    };
    let token = sign_join_token(&token, text, caller.secret.as_bytes());
    With::new(Common::success(), TokenOut { token }).answer()
}

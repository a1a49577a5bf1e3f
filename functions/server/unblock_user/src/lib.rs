//! `POST /auth/room/unblockUser`: lets somebody come again who was barred.

#[cfg(test)]
mod tests;

use api::server::Common;
use api::{Answer, App, Halt, KeyRing, Request, Scope, idempotent, keep};
use models::{Permission, Refusal, UserId};
use serde_json::{Map, Value};
use wire::Message;

/// What this function is configured with.
pub type Config = KeyRing;

/// Whom to let come again, and where.
struct UnblockUserIn {
    room_id: String,
    user_id: UserId,
}

impl UnblockUserIn {
    fn read(body: Map<String, Value>) -> Result<Self, Refusal> {
        let message = Message::root(body);
        let mut violations = vec![];
        let room_id = message.needed_string("room_id", &mut violations)?;
        match message.needed_user_id("user_id", &mut violations)? {
            Some(user_id) if violations.is_empty() => Ok(Self { room_id, user_id }),
            _ => Err(Refusal::Invalid(violations)),
        }
    }
}

/// Answers one request. Who is not barred may come already.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.authenticate(&app.store, &*app.clock, request, Permission::Create).await?;
    idempotent(app, request, &Scope::caller(&caller), async |claim| {
        let UnblockUserIn { room_id, user_id } = UnblockUserIn::read(request.object()?)?;
        let key = caller.room(&room_id).ok_or(Refusal::RoomNotFound)?;
        let render = |(): &()| Common::success().answer().stored();
        app.store.unblock(&key, &user_id, keep(claim, &render)).await?;
        Ok(Common::success().answer())
    })
    .await
}

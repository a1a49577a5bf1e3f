//! `POST /auth/room/broadcastToRoom`: a chat message or a notification to everybody in a running session, to its admins,
//! to one user, or to its admins and one user.

mod request;
#[cfg(test)]
mod tests;

use api::server::Common;
use api::{Answer, App, Halt, KeyRing, Request, Scope, idempotent, keep};
use models::{Permission, Refusal, RoomKey};

pub use crate::request::BroadcastToRoomIn;

/// What this function is configured with.
pub type Config = KeyRing;

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.authenticate(&app.store, &*app.clock, request, Permission::Create).await?;
    idempotent(app, request, &Scope::caller(&caller), async |claim| {
        let BroadcastToRoomIn { room_id, broadcast } = BroadcastToRoomIn::read(request.object()?)?;
        let key = caller.room(&room_id).ok_or(Refusal::RoomNotFound)?;
        if broadcast.only_to_admins
            && let Some(missing) = missing_admin(app, &key).await?
        {
            return Ok(Common::failure(missing, "USER_NOT_FOUND").answer());
        }
        let render = |(): &()| Common::success().answer().stored();
        app.store.broadcast(&key, &broadcast, keep(claim, &render)).await?;
        Ok(Common::success().answer())
    })
    .await
}

/// What is said when an open room has no admin in it who could be spoken to.
async fn missing_admin(app: &App<Config>, key: &RoomKey) -> Result<Option<&'static str>, Halt> {
    let room = app.store.room(key).await?;
    let Some(room) = room.filter(|room| room.is_open(app.clock.now())) else { return Ok(None) };
    if room.seats == 0 {
        return Ok(Some("no online user found"));
    }
    let people = app.store.participants(key).await?;
    let admin = people.iter().any(|person| person.is_in(&room) && person.has_rights());
    Ok((!admin).then_some("no online admin user found"))
}

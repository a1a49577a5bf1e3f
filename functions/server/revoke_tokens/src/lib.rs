//! `POST /auth/room/revokeTokens`: makes unused join tokens worthless: one, those of a user, or all of the session.

#[cfg(test)]
mod tests;

use api::server::Common;
use api::{Answer, App, Caller, Halt, KeyRing, Request, Scope, idempotent, keep};
use models::{JoinToken, Permission, Refusal, UserId};
use serde_json::{Map, Value};
use store::Revoked;
use wire::Message;

/// What this function is configured with.
pub type Config = KeyRing;

/// Which tokens are meant.
enum Which {
    /// The one with this text.
    Token(String),
    /// All of this user.
    OfUser(UserId),
    /// All of the session.
    All,
}

/// Which tokens are meant, and of which room.
struct RevokeTokensIn {
    room_id: String,
    which: Which,
}

impl RevokeTokensIn {
    fn read(body: Map<String, Value>) -> Result<Self, Refusal> {
        let message = Message::root(body);
        let mut violations = vec![];
        let room_id = message.needed_string("room_id", &mut violations)?;
        let (token, user_id) = (message.string("token")?, message.string("user_id")?);
        if !token.is_empty() && !user_id.is_empty() {
            return Err(Refusal::malformed("user_id", "is there beside token, only one may be"));
        }
        let which = match wire::user_id("user_id", &user_id, &mut violations) {
            Some(user_id) => Which::OfUser(user_id),
            None if token.is_empty() => Which::All,
            None => Which::Token(token),
        };
        if violations.is_empty() { Ok(Self { room_id, which }) } else { Err(Refusal::Invalid(violations)) }
    }
}

/// Answers one request. What was used, or revoked before, is worth nothing already.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.authenticate(&app.store, &*app.clock, request, Permission::Create).await?;
    idempotent(app, request, &Scope::caller(&caller), async |claim| {
        let RevokeTokensIn { room_id, which } = RevokeTokensIn::read(request.object()?)?;
        let revoked = match which {
            Which::Token(text) => {
                let token = join_token(app, &caller, &room_id, &text).await?;
                Revoked::One(token.user, token.id)
            }
            Which::OfUser(user) => Revoked::OfUser(user),
            Which::All => Revoked::All,
        };
        let key = caller.room(&room_id).ok_or(Refusal::RoomNotFound)?;
        let render = |(): &()| Common::success().answer().stored();
        app.store.revoke(&key, &revoked, keep(claim, &render)).await?;
        Ok(Common::success().answer())
    })
    .await
}

/// The join token that the text is, of this room of the caller's.
async fn join_token(
    app: &App<Config>,
    caller: &Caller,
    room_id: &str,
    text: &str,
) -> Result<JoinToken, Halt> {
    let refused = |expected: &str| Err(Refusal::invalid("token", expected).into());
    match app.config.join_token(&app.store, app.clock.now(), text).await {
        Ok(token) if token.room.tenant == caller.tenant && token.room.room.as_str() == room_id => Ok(token),
        Err(Halt::Refused(Refusal::ExpiredToken)) => refused("has expired"),
        Ok(_) | Err(Halt::Refused(_)) => refused("must be a join token of this room"),
        Err(halt) => Err(halt),
    }
}

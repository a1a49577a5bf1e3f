//! `POST /auth/room/getActiveRoomsInfo`: the tenant's running sessions with everybody who is in, hidden ones too. The
//! body is not looked at.

mod list;
#[cfg(test)]
mod tests;

use api::server::{Common, With};
use api::{Answer, App, ConfigError, Env, Halt, KeyRing, Request};
use models::Permission;
use serde::Serialize;

use crate::list::{ActiveRoom, list};

/// Most bytes of the rooms as Lambda sends them on. Its limit is 6 MB for an answer
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>); the rest is for what is around them.
const MOST_BYTES: usize = 6 * 1024 * 1024 - 64 * 1024;

/// What this function is configured with.
pub struct Config {
    keys: KeyRing,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { keys: KeyRing::new(env) })
    }
}

#[derive(Serialize)]
struct ActiveRoomsOut {
    rooms: Vec<ActiveRoom>,
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.keys.authenticate(&app.store, &*app.clock, request, Permission::Read).await?;
    let open = app.store.open_rooms(&caller.tenant).await?;
    let (rooms, left_out) = list(&app.store, open, MOST_BYTES).await?;
    let common = if rooms.is_empty() {
        Common::failure("no active room found", "NOT_FOUND")
    } else {
        // A success, whatever does not fit: it is only said in the sentence, for SDKs take no other key.
        let said = left_out.map_or_else(String::new, |left_out| format!(": too many rooms for {left_out}"));
        Common { msg: format!("success{said}"), ..Common::success() }
    };
    Ok(With::new(common, ActiveRoomsOut { rooms }).answer())
}

//! `POST /auth/room/create`: opens a session under a room id, or finds the one that is open.

mod request;
#[cfg(test)]
mod tests;

use std::time::Duration;

use api::server::{Common, RoomInfo, With};
use api::{Answer, App, ConfigError, Env, Halt, KeyRing, Request, Scope, idempotent, keep, log};
use models::{Sid, Timestamp};
use serde::Serialize;
use store::Created;

pub use crate::request::CreateRoomIn;

/// What this function is configured with.
pub struct Config {
    keys: KeyRing,
    limits: Limits,
}

/// What the deployment allows a room.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a room waits for its first participant, where the caller does not say.
    pub empty_timeout: Duration,
    /// Most seats; none when unlimited.
    pub max_participants: Option<u32>,
    /// Longest session, in minutes; none when unlimited.
    pub max_duration: Option<u64>,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        let limits = Limits {
            empty_timeout: env.seconds("EMPTY_TIMEOUT_SECONDS")?,
            max_participants: Some(env.number("MAX_PARTICIPANTS")?).filter(|most| *most > 0),
            max_duration: Some(env.number("MAX_ROOM_DURATION_MINUTES")?).filter(|most| *most > 0),
        };
        Ok(Self { keys: KeyRing::new(env), limits })
    }
}

#[derive(Serialize)]
struct RoomInfoOut {
    room_info: RoomInfo,
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.keys.authenticate(&app.store, &*app.clock, request).await?;
    idempotent(app, request, &Scope::caller(&caller), async |claim| {
        let input = CreateRoomIn::read(request.object()?)?;
        let now = app.clock.now();
        let room = input.into_room(&caller, app.config.limits, app.random.uuid(), now);
        log::room(&room.key);
        let render = |created: &Created| answer(created, now).stored();
        let sid = Sid(app.random.uuid());
        let created = app.store.create_room(&room, sid, now, keep(claim, &render)).await?;
        Ok(answer(&created, now))
    })
    .await
}

fn answer(created: &Created, now: Timestamp) -> Answer {
    let room_info = RoomInfo::of(&created.room, &created.document, now);
    With::new(Common::success(), RoomInfoOut { room_info }).answer()
}

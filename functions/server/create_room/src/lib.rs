//! `POST /auth/room/create`: opens a session under a room id, or finds the one that is open.

mod request;
#[cfg(test)]
mod tests;

use std::time::Duration;

use api::server::{Common, RoomInfo, With, room_metadata};
use api::{Answer, App, ConfigError, Env, Halt, KeyRing, Request, Scope, idempotent, keep, log};
use models::{Permission, Sid, Timestamp};
use serde::Serialize;
use store::Created;
use wire::Allowed;

pub use crate::request::CreateRoomIn;

/// What this function is configured with.
pub struct Config {
    keys: KeyRing,
    limits: Limits,
    past_rooms: Duration,
}

/// What the deployment allows a room.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long a room waits for its first participant, where the caller does not say.
    pub empty_timeout: Duration,
    /// Most seats; none when unlimited.
    pub max_participants: Option<u32>,
    /// What its features may be.
    pub allowed: Allowed,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        let limits = Limits {
            empty_timeout: env.seconds("EMPTY_TIMEOUT_SECONDS")?,
            max_participants: Some(env.number("MAX_PARTICIPANTS")?).filter(|most| *most > 0),
            allowed: Allowed {
                insights: env.switch("INSIGHTS_ALLOWED")?,
                sip: env.switch("SIP_DIAL_IN_ALLOWED")?,
                breakout_rooms: env.number("MAX_BREAKOUT_ROOMS")?,
                minutes: Some(env.number("MAX_ROOM_DURATION_MINUTES")?).filter(|most| *most > 0),
                copyright: env.optional("COPYRIGHT_TEXT").unwrap_or_default().to_owned(),
                own_copyright: env.switch("COPYRIGHT_OVERRIDE")?,
            },
        };
        let past_rooms = env.days("PAST_ROOMS_RETENTION_DAYS")?;
        Ok(Self { keys: KeyRing::new(env), limits, past_rooms })
    }
}

#[derive(Serialize)]
struct RoomInfoOut<'a> {
    room_info: &'a RoomInfo,
    #[serde(rename = "roomInfo", skip_serializing_if = "Option::is_none")]
    first: Option<FirstRoomInfo>,
}

/// The session in the dialect of 2022 (seed `plugnmeet-create-room-v1`).
#[derive(Serialize)]
struct FirstRoomInfo {
    sid: String,
    name: String,
    max_participants: u32,
    empty_timeout: u64,
    creation_time: i64,
    turn_password: &'static str,
    enabled_codecs: [(); 0],
    metadata: String,
}

impl FirstRoomInfo {
    fn of(created: &Created) -> Self {
        let room = &created.room;
        Self {
            sid: room.sid.to_string(),
            name: room.key.room.to_string(),
            max_participants: room.max_participants.unwrap_or(0),
            empty_timeout: room.empty_timeout.as_secs(),
            creation_time: room.created_at.seconds(),
            turn_password: "",
            enabled_codecs: [],
            metadata: room_metadata(room, &created.document),
        }
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.keys.authenticate(&app.store, &*app.clock, request, Permission::Create).await?;
    idempotent(app, request, &Scope::caller(&caller), async |claim| {
        let input = CreateRoomIn::read(request.object()?)?;
        let now = app.clock.now();
        let is_first = input.is_first();
        let room = input.into_room(&caller, &app.config.limits, &*app.random, now);
        log::room(&room.key);
        let render = |created: &Created| answer(created, is_first, now).stored();
        let sid = Sid(app.random.uuid());
        let created =
            app.store.create_room(&room, sid, now, app.config.past_rooms, keep(claim, &render)).await?;
        Ok(answer(&created, is_first, now))
    })
    .await
}

fn answer(created: &Created, is_first: bool, now: Timestamp) -> Answer {
    let room_info = &RoomInfo::of(&created.room, &created.document, now);
    let first = is_first.then(|| FirstRoomInfo::of(created));
    With::new(Common::success(), RoomInfoOut { room_info, first }).answer()
}

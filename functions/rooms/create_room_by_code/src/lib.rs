//! `POST /rooms`: a user makes a room with a code; he is its host.

#[cfg(test)]
mod tests;

use std::time::Duration;

use api::rooms::RoomOut;
use api::{Answer, App, ConfigError, Env, Fields, Halt, Request, Scope, User, Users, idempotent, keep, log};
use models::{Refusal, Settings, Timestamp};
use store::{Created, NewCodeRoom};

const DEFAULT_NAME: &str = "Meeting Room";
const MOST_NAME: usize = 100;
const DEFAULT_SEATS: u32 = 50;

/// What this function is configured with.
pub struct Config {
    users: Users,
    empty_timeout: Duration,
    retention: Duration,
    duration: Option<Duration>,
}

impl Config {
    /// Reads the environment.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            users: Users::load(env).await?,
            empty_timeout: env.seconds("EMPTY_TIMEOUT_SECONDS")?,
            retention: env.days("CODE_RETENTION_DAYS")?,
            duration: Some(env.number::<u64>("MAX_ROOM_DURATION_MINUTES")?)
                .filter(|minutes| *minutes > 0)
                .map(|minutes| Duration::from_secs(minutes.saturating_mul(60))),
        })
    }
}

/// What a room is asked for with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateRoomByCodeIn {
    name: String,
    waiting_room: bool,
    max_participants: u32,
}

impl CreateRoomByCodeIn {
    /// Reads the body of a request; nothing at all means all defaults.
    pub fn read(request: &Request) -> Result<Self, Refusal> {
        let mut fields = Fields::of(request.object_or_empty()?);
        let name = fields.text("name");
        let name = name.as_deref().map_or(DEFAULT_NAME, str::trim);
        if !(1..=MOST_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            fields.refuse(
                "name",
                format!("must be 1 to {MOST_NAME} characters, none of them a control character"),
            );
        }
        let read = Self {
            name: name.to_owned(),
            waiting_room: fields.boolean("waitingRoom").unwrap_or(false),
            max_participants: fields.integer("maxParticipants", 2..=100).unwrap_or(DEFAULT_SEATS),
        };
        fields.finish()?;
        Ok(read)
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let user = app.config.users.required(request, app.clock.now()).await?;
    idempotent(app, request, &Scope::user(&user.id), async |claim| {
        let input = CreateRoomByCodeIn::read(request)?;
        let now = app.clock.now();
        let room = new_room(&app.config, &user, input);
        let render = |created: &Created| answer(created, now).stored();
        let created = app.store.create_code_room(&room, now, keep(claim, &render)).await?;
        log::room(&created.room.key);
        Ok(answer(&created, now))
    })
    .await
}

fn new_room(config: &Config, host: &User, input: CreateRoomByCodeIn) -> NewCodeRoom {
    NewCodeRoom {
        host: host.id.clone(),
        host_name: host.profile.name.clone(),
        host_avatar_url: host.profile.avatar_url.clone(),
        title: input.name,
        settings: Settings { waiting_room: input.waiting_room, ..Settings::default() },
        max_participants: input.max_participants,
        duration: config.duration,
        empty_timeout: config.empty_timeout,
        retention: config.retention,
    }
}

fn answer(created: &Created, now: Timestamp) -> Answer {
    Answer::json(201, &RoomOut::of(&created.room, &created.document, now))
}

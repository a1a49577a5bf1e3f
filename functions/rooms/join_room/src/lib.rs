//! `POST /rooms/{code}/join`: takes a seat, as a user or as a guest; with `?dryRun=true` only says whether it would work.

mod dry_run;
#[cfg(test)]
mod tests;

use std::time::Duration;

use api::rooms::{ParticipantOut, room_of_code};
use api::{
    Answer, App, Bearer, ConfigError, Env, Fields, Halt, Request, Scope, Sessions, User, Users, idempotent,
    keep,
};
use models::{GuestName, Profile, Refusal, RoomKey};
use store::{Admission, Credential, Door};

/// What this function is configured with.
pub struct Config {
    users: Users,
    sessions: Sessions,
    unattached: Duration,
    past_rooms: Duration,
}

impl Config {
    /// Reads the environment.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            users: Users::load(env).await?,
            sessions: Sessions::load(env).await?,
            unattached: env.seconds("UNATTACHED_TIMEOUT_SECONDS")?,
            past_rooms: env.days("PAST_ROOMS_RETENTION_DAYS")?,
        })
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let user = match Bearer::of(request)? {
        Some(token) => Some(app.config.users.verify(token, app.clock.now()).await?),
        None => None,
    };
    let room = room_of_code(request.path_parameter("code"));
    if request.query_parameter("dryRun") == Some("true") {
        return dry_run::answer(app, request, room.as_ref().ok(), user.as_ref()).await;
    }
    if room.is_err() {
        // A malformed request is told before an unknown room.
        guest_name(request, user.is_some())?;
    }
    let room = room?;
    let scope = user.as_ref().map_or_else(|| Scope::guests(&room), |user| Scope::user(&user.id));
    idempotent(app, request, &scope, async |claim| {
        let guest = guest_name(request, user.is_some())?;
        let door = door(app, &room, user.as_ref(), &guest);
        let render = |admission: &Admission| answer(app, admission).stored();
        let admission = app.store.admit(&door, keep(claim, &render)).await?;
        Ok(answer(app, &admission))
    })
    .await
}

fn door<'a>(app: &App<Config>, room: &'a RoomKey, user: Option<&'a User>, guest: &'a Profile) -> Door<'a> {
    let credential = match user {
        Some(User { id, profile }) => Credential::User { id, profile },
        None => Credential::Guest(guest),
    };
    let Config { unattached, past_rooms, .. } = app.config;
    Door { room, credential, unattached, past_rooms }
}

/// The name that a guest gave himself; users need none, and what they send is not looked at.
fn guest_name(request: &Request, signed_in: bool) -> Result<Profile, Refusal> {
    let mut fields = Fields::of(request.object_or_empty()?);
    let mut name = String::new();
    if !signed_in {
        let given = fields.text("guestName").unwrap_or_default();
        fields.finish()?;
        let given = GuestName::try_from(given.as_str())
            .map_err(|error| Refusal::invalid("guestName", error.to_string()))?;
        given.as_str().clone_into(&mut name);
    }
    Ok(Profile { name, avatar_url: None })
}

fn answer(app: &App<Config>, admission: &Admission) -> Answer {
    let session = app.config.sessions.of_admission(admission, app.clock.now());
    Answer::json(201, &ParticipantOut::admitted(admission, session))
}

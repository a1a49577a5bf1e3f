//! `PATCH /rooms/{id}/settings`: the host changes settings, lock and capacity.

#[cfg(test)]
mod tests;

use std::time::Duration;

use api::rooms::RoomOut;
use api::{Answer, App, ConfigError, Env, Fields, Halt, Request, Scope, Users, idempotent, keep};
use models::{Refusal, Room, Settings, Timestamp};
use store::{RoomDocument, SettingsChange};

/// What this function is configured with.
pub struct Config {
    users: Users,
    unattached: Duration,
}

impl Config {
    /// Reads the environment.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { users: Users::load(env).await?, unattached: env.seconds("UNATTACHED_TIMEOUT_SECONDS")? })
    }
}

/// What is to be different.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpdateRoomSettingsIn {
    allow_screen_share: Option<bool>,
    allow_chat: Option<bool>,
    allow_participant_video: Option<bool>,
    allow_participant_audio: Option<bool>,
    allow_guest_access: Option<bool>,
    mute_participants_on_join: Option<bool>,
    waiting_room: Option<bool>,
    is_locked: Option<bool>,
    max_participants: Option<u32>,
}

impl UpdateRoomSettingsIn {
    /// Reads the body of a request; unknown fields and `null` are refused by name.
    pub fn read(request: &Request) -> Result<Self, Refusal> {
        let mut fields = Fields::of_change(request.object()?);
        let read = Self {
            allow_screen_share: fields.boolean("allowScreenShare"),
            allow_chat: fields.boolean("allowChat"),
            allow_participant_video: fields.boolean("allowParticipantVideo"),
            allow_participant_audio: fields.boolean("allowParticipantAudio"),
            allow_guest_access: fields.boolean("allowGuestAccess"),
            mute_participants_on_join: fields.boolean("muteParticipantsOnJoin"),
            waiting_room: fields.boolean("waitingRoom"),
            is_locked: fields.boolean("isLocked"),
            max_participants: fields.integer("maxParticipants", 2..=100),
        };
        fields.refuse_unknown();
        fields.finish()?;
        Ok(read)
    }

    /// What of it differs from what the room has.
    fn change(&self, room: &Room) -> SettingsChange {
        let before = room.by_code.as_ref().map_or_else(Settings::default, |by_code| by_code.settings);
        let after = Settings {
            allow_screen_share: self.allow_screen_share.unwrap_or(before.allow_screen_share),
            allow_chat: self.allow_chat.unwrap_or(before.allow_chat),
            allow_participant_video: self.allow_participant_video.unwrap_or(before.allow_participant_video),
            allow_participant_audio: self.allow_participant_audio.unwrap_or(before.allow_participant_audio),
            allow_guest_access: self.allow_guest_access.unwrap_or(before.allow_guest_access),
            mute_participants_on_join: self
                .mute_participants_on_join
                .unwrap_or(before.mute_participants_on_join),
            waiting_room: self.waiting_room.unwrap_or(before.waiting_room),
        };
        SettingsChange {
            settings: (after != before).then_some(after),
            locked: self.is_locked.filter(|locked| *locked != room.locked),
            max_participants: self.max_participants.filter(|most| Some(*most) != room.max_participants),
        }
    }
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let user = app.config.users.required(request, app.clock.now()).await?;
    idempotent(app, request, &Scope::user(&user.id), async |claim| {
        let input = UpdateRoomSettingsIn::read(request)?;
        let key = user.room(request.path_parameter("id"))?;
        let now = app.clock.now();
        let render = |(room, document): &(Room, RoomDocument)| answer(room, document, now).stored();
        let decide = |room: &Room| user.must_host(room).map(|()| input.change(room));
        // What takes more than one step keeps its answer last: cut off in between, it is done again.
        let dissolves = input.waiting_room == Some(false);
        let keep = keep(claim, &render).filter(|_| !dissolves);
        let (room, document) = app.store.change_settings(&key, decide, keep).await?;
        let room = if dissolves { dissolve(app, room).await? } else { room };
        Ok(answer(&room, &document, now))
    })
    .await
}

/// Who waits comes in, as far as there are seats, and the rest are denied; answers with the room as it is then.
async fn dissolve(app: &App<Config>, room: Room) -> Result<Room, Halt> {
    if app.store.dissolve_waiting_room(&room, app.config.unattached).await?.is_empty() {
        return Ok(room);
    }
    Ok(app.store.room(&room.key).await?.ok_or(Refusal::RoomNotFound)?)
}

fn answer(room: &Room, document: &RoomDocument, now: Timestamp) -> Answer {
    Answer::json(200, &RoomOut::of(room, document, now))
}

//! The dialect of the rooms API: what a room, a participant and a refusal look like.

use models::{
    Act, Participant, Refusal, Role, Room, RoomCode, RoomKey, Settings, Standing, Tenant, Timestamp,
    Violation,
};
use serde::Serialize;
use store::{Admission, RoomDocument};

use crate::{Answer, log};

/// The room of a code, which the log names from here on. A text that is no code is the code of no room.
pub fn room_of_code(code: &str) -> Result<RoomKey, Refusal> {
    let code = RoomCode::try_from(code).map_err(|_| Refusal::RoomNotFound)?;
    let key = RoomKey { tenant: Tenant::main(), room: code.room_id() };
    log::room(&key);
    Ok(key)
}

/// A session token in an answer.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The token.
    pub token: String,
    /// When it runs out, ISO 8601.
    pub expires_at: String,
    /// Where to open a WebSocket with it; null where the deployment has none.
    pub web_socket_url: Option<String>,
}

/// A participant as he himself is told, upon a join or a resume.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParticipantOut {
    /// His id.
    pub id: String,
    /// The room's id.
    pub room_id: String,
    /// Who he is; null for guests.
    pub user_id: Option<String>,
    /// His name; null for users.
    pub guest_name: Option<String>,
    /// Whether he has a seat; false while he waits for admission.
    pub is_active: bool,
    /// Whether he owns the room.
    pub is_host: bool,
    /// What he may do.
    pub role: Role,
    /// When he took his seat, or came to wait, ISO 8601.
    pub joined_at: Option<String>,
    /// Always null here: who has left gets no participant object.
    pub left_at: Option<String>,
    /// His session token.
    pub session: Session,
}

impl ParticipantOut {
    /// Somebody who was let in.
    pub fn admitted(admission: &Admission, session: Session) -> Self {
        Self {
            id: admission.id.to_string(),
            room_id: admission.room.room.to_string(),
            user_id: (!admission.guest).then(|| admission.user.to_string()),
            guest_name: admission.guest.then(|| admission.profile.name.clone()),
            is_active: admission.active,
            is_host: admission.role == Role::Host,
            role: admission.role,
            joined_at: admission.here_since.map(|at| at.to_string()),
            left_at: None,
            session,
        }
    }

    /// Somebody who is in.
    pub fn present(room: &Room, person: &Participant, session: Session) -> Self {
        Self {
            id: person.id.to_string(),
            room_id: room.key.room.to_string(),
            user_id: (!person.guest).then(|| person.user.to_string()),
            guest_name: person.guest.then(|| person.profile.name.clone()),
            is_active: person.standing == Standing::Active,
            is_host: person.role == Role::Host,
            role: person.role,
            joined_at: person.here_since().map(|at| at.to_string()),
            left_at: None,
            session,
        }
    }
}

/// A participant as others see him.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonOut {
    /// His id.
    pub id: String,
    /// His name.
    pub display_name: String,
    /// His picture.
    pub avatar_url: Option<String>,
    /// Whether he owns the room.
    pub is_host: bool,
    /// What he may do.
    pub role: Role,
}

impl PersonOut {
    /// Those who are in the room and not hidden, in order of arrival.
    pub fn list(room: &Room, people: &[Participant], now: Timestamp) -> Vec<Self> {
        let seen = people.iter().filter(|person| room.is_open(now) && person.is_in(room) && !person.hidden);
        seen.map(|person| Self {
            id: person.id.to_string(),
            display_name: person.profile.name.clone(),
            avatar_url: person.profile.avatar_url.clone(),
            is_host: person.role == Role::Host,
            role: person.role,
        })
        .collect()
    }
}

/// Somebody who waits for admission, as host and moderators see him.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WaiterOut {
    /// His id.
    pub id: String,
    /// His name.
    pub display_name: String,
    /// His picture.
    pub avatar_url: Option<String>,
    /// Since when, ISO 8601.
    pub waiting_since: Option<String>,
}

impl WaiterOut {
    /// Somebody.
    pub fn of(person: &Participant) -> Self {
        Self {
            id: person.id.to_string(),
            display_name: person.profile.name.clone(),
            avatar_url: person.profile.avatar_url.clone(),
            waiting_since: person.waiting_since.map(|at| at.to_string()),
        }
    }

    /// Those of these people whom others may know of, in their order.
    pub fn list(waiting: &[Participant]) -> Vec<Self> {
        waiting.iter().filter(|person| !person.hidden).map(Self::of).collect()
    }
}

/// The owner of a room by code.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostOut {
    /// His user id.
    pub id: String,
    /// His name.
    pub display_name: String,
    /// His picture.
    pub avatar_url: Option<String>,
}

/// The full room, for its host and those who are in. Rooms of the server API have neither code nor host.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomOut {
    id: String,
    code: Option<String>,
    name: String,
    is_active: bool,
    is_locked: bool,
    host_id: Option<String>,
    host: Option<HostOut>,
    max_participants: Option<u32>,
    participant_count: u32,
    settings: Settings,
    created_at: String,
    started_at: Option<String>,
    ended_at: Option<String>,
}

/// A room's settings; those that only rooms by code have are at their defaults in others.
pub fn settings(room: &Room) -> Settings {
    let elsewhere = || Settings { waiting_room: room.waiting_room, ..Settings::default() };
    room.by_code.as_ref().map_or_else(elsewhere, |by_code| by_code.settings)
}

impl RoomOut {
    /// The room as it stands at `now`.
    pub fn of(room: &Room, document: &RoomDocument, now: Timestamp) -> Self {
        let by_code = room.by_code.as_ref();
        let open = room.is_open(now);
        Self {
            id: room.key.room.to_string(),
            code: by_code.map(|by_code| by_code.code.to_string()),
            name: document.title.clone(),
            is_active: room.is_active(now),
            is_locked: room.locked,
            host_id: by_code.map(|by_code| by_code.host.to_string()),
            host: host(room, document),
            max_participants: room.max_participants,
            participant_count: room.present_seats(now),
            settings: settings(room),
            created_at: by_code.map_or(room.created_at, |by_code| by_code.created_at).to_string(),
            started_at: room.started_at.filter(|_| open).map(|at| at.to_string()),
            ended_at: room.ended_at.filter(|_| !room.is_active(now)).map(|at| at.to_string()),
        }
    }
}

/// What anyone may know of a room who has its code.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DoorOut {
    id: String,
    code: String,
    name: String,
    is_active: bool,
    is_locked: bool,
    host: Option<HostOut>,
    settings: DoorSettingsOut,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DoorSettingsOut {
    waiting_room: bool,
}

impl DoorOut {
    /// The room by code as it stands at `now`.
    pub fn of(room: &Room, document: &RoomDocument, now: Timestamp) -> Self {
        Self {
            id: room.key.room.to_string(),
            code: room.by_code.as_ref().map_or_else(String::new, |by_code| by_code.code.to_string()),
            name: document.title.clone(),
            is_active: room.is_active(now),
            is_locked: room.locked,
            host: host(room, document),
            settings: DoorSettingsOut { waiting_room: room.waiting_room },
        }
    }
}

fn host(room: &Room, document: &RoomDocument) -> Option<HostOut> {
    let by_code = room.by_code.as_ref()?;
    Some(HostOut {
        id: by_code.host.to_string(),
        display_name: document.host_name.clone().unwrap_or_else(|| by_code.host.to_string()),
        avatar_url: document.host_avatar_url.clone(),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefusalOut<'a> {
    status_code: u16,
    message: &'a str,
    error: &'a str,
}

/// The status and the sentence of a refusal (`api.md` B, `rules.md` 9).
pub fn refusal_text(refusal: &Refusal) -> (u16, String) {
    let fixed = |status, text: &str| (status, text.to_owned());
    match refusal {
        Refusal::MissingToken => fixed(401, "Missing token"),
        Refusal::InvalidToken => fixed(401, "Invalid token"),
        Refusal::ExpiredToken => fixed(401, "Token has expired"),
        Refusal::IssuerUnavailable => {
            fixed(503, "The keys of the token's issuer cannot be fetched, try again")
        }
        Refusal::UsedToken => fixed(401, "Token was already used"),
        Refusal::MissingApiKey => fixed(401, "Missing API key"),
        Refusal::InvalidApiKey => fixed(401, "Invalid API key"),
        Refusal::MissingSignature => fixed(401, "Missing signature"),
        Refusal::InvalidSignature => fixed(401, "Invalid signature"),
        Refusal::NotPermitted(_) => fixed(403, "This API key is not for this"),
        Refusal::Malformed(violation) => (400, violation.to_string()),
        Refusal::Invalid(violations) => {
            (400, violations.iter().map(Violation::to_string).collect::<Vec<_>>().join("; "))
        }
        Refusal::BodyTooLarge => fixed(413, "The body must be 64 KB or less"),
        Refusal::UnknownRoute => fixed(404, "There is nothing under this path"),
        Refusal::UnknownEvent => fixed(404, "There is no such event"),
        Refusal::TooManyMessages => fixed(429, "At most 50 messages a second"),
        Refusal::UnknownMethod => fixed(405, "This path does not take this method"),
        Refusal::RoomNotFound => fixed(404, "Room not found"),
        Refusal::RoomNotActive => fixed(400, "Room is no longer active"),
        Refusal::GuestsNotAllowed => fixed(403, "Guest access is not allowed"),
        Refusal::Banned => fixed(403, "You are blocked from this room"),
        Refusal::RoomLocked => fixed(403, "Room is locked"),
        Refusal::RoomFull => fixed(400, "Room is full"),
        Refusal::NotHost => fixed(403, "Only the host can do this"),
        Refusal::NotModerator => fixed(403, "Only a moderator can do this"),
        Refusal::ParticipantNotFound => fixed(404, "Participant not found"),
        Refusal::Unseen => fixed(403, "Hidden participants cannot do this"),
        Refusal::Locked(act) => (403, format!("{} is locked", service(*act))),
        Refusal::NotLockable => fixed(400, "Host and moderators cannot be locked"),
        Refusal::NotInRoom => fixed(403, "You are not in this room"),
        Refusal::KeyReused => fixed(409, "Idempotency-Key was used with another request"),
        Refusal::RoomIdTaken => fixed(409, "The room id is taken"),
        Refusal::Busy => fixed(503, "The room is busy, try again"),
        Refusal::Internal => fixed(500, "Internal server error"),
    }
}

/// A status in words, such as `Bad Request`: a refusal's `error`.
pub fn status_text(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
}

/// What somebody is kept from.
const fn service(act: Act) -> &'static str {
    match act {
        Act::Speak => "Microphone",
        Act::ShowHimself => "Webcam",
        Act::ShareScreen => "Screen sharing",
        Act::RaiseHand => "Raising a hand",
        Act::Chat => "Chat",
        Act::ChatInPrivate => "Private chat",
        Act::Signal => "Signalling",
    }
}

/// A refusal as the rooms API writes it.
pub(crate) fn refusal_answer(refusal: &Refusal) -> Answer {
    let (status_code, message) = refusal_text(refusal);
    let error = status_text(status_code);
    Answer::json(status_code, &RefusalOut { status_code, message: &message, error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_as_in_the_seed() {
        let answer = refusal_answer(&Refusal::RoomLocked);
        assert_eq!(answer.status, 403);
        assert_eq!(
            String::from_utf8(answer.body).expect("text"),
            r#"{"statusCode":403,"message":"Room is locked","error":"Forbidden"}"#
        );
    }

    #[test]
    fn several_violations_are_one_sentence() {
        let refusal = Refusal::Invalid(vec![
            Violation::new("guestName", "must be 1 to 50 characters"),
            Violation::new("b", "must be true or false"),
        ]);
        assert_eq!(
            refusal_text(&refusal),
            (400, "guestName: must be 1 to 50 characters; b: must be true or false".to_owned())
        );
    }
}

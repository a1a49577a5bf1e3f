//! The dialect of the server API: plugNmeet's answers, and protobuf's JSON on the way in.

mod active_room;
mod participant_info;
mod room_info;
mod room_metadata;

use models::{Refusal, Timestamp, Violation};
use serde::Serialize;

pub use active_room::{ActiveRoom, MOST_BYTES_OF_ROOMS};
pub use participant_info::{ParticipantInfo, participant_metadata};
pub use room_info::RoomInfo;
pub use room_metadata::{room_metadata, waiting_message};

use crate::Answer;

/// What every answer of the dialect begins with.
#[derive(Clone, Debug, Serialize)]
pub struct Common {
    /// Whether the call did what it was asked.
    pub status: bool,
    /// A sentence.
    pub msg: String,
    /// plugNmeet's code.
    pub status_code: &'static str,
}

impl Common {
    /// `success`.
    pub fn success() -> Self {
        Self { status: true, msg: "success".to_owned(), status_code: "SUCCESS" }
    }

    /// A refusal in the dialect's own words.
    pub fn failure(msg: impl Into<String>, status_code: &'static str) -> Self {
        Self { status: false, msg: msg.into(), status_code }
    }

    /// The answer that says only this.
    pub fn answer(&self) -> Answer {
        Answer { refusal: (!self.status).then_some(self.status_code), ..Answer::json(200, self) }
    }
}

/// An answer with more than the common part.
#[derive(Clone, Debug, Serialize)]
pub struct With<T> {
    /// The common part.
    #[serde(flatten)]
    pub common: Common,
    /// The call's own part.
    #[serde(flatten)]
    pub own: T,
}

impl<T: Serialize> With<T> {
    /// A success that says `own`.
    pub const fn new(common: Common, own: T) -> Self {
        Self { common, own }
    }

    /// The answer that says this.
    pub fn answer(&self) -> Answer {
        Answer {
            refusal: (!self.common.status).then_some(self.common.status_code),
            ..Answer::json(200, self)
        }
    }
}

/// A time as the dialect writes it, in whole seconds; of one that is not known it has this to say.
pub fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), Timestamp::rfc3339)
}

/// A refusal as plugNmeet writes it (`protocol/plugnmeet.md`). What a call says in words of its own it says itself.
pub(crate) fn refusal_answer(refusal: &Refusal) -> Answer {
    let (status, msg, status_code) = match refusal {
        Refusal::MissingApiKey => (401, "Missing API-KEY header.".into(), "MISSING_REQUIRED_PARAMETER"),
        Refusal::InvalidApiKey => (401, "Invalid API key provided.".into(), "INVALID_API_KEY"),
        Refusal::MissingSignature => {
            (401, "Missing HASH-SIGNATURE header.".into(), "MISSING_REQUIRED_PARAMETER")
        }
        Refusal::InvalidSignature => {
            (401, "Failed to verify provided authentication details.".into(), "INVALID_TOKEN_OR_SIGNATURE")
        }
        Refusal::NotPermitted(permission) => {
            (200, format!("this API key is not for {permission}"), "PERMISSION_DENIED")
        }
        Refusal::Malformed(violation) => (200, violation.to_string(), "INVALID_PARAMETERS"),
        Refusal::Invalid(violations) => (200, violations_text(violations), "INVALID_PARAMETERS"),
        Refusal::BodyTooLarge => (413, "the body must be 64 KB or less".into(), "INVALID_PARAMETERS"),
        Refusal::UnknownRoute => (404, "there is nothing under this path".into(), "NOT_FOUND"),
        Refusal::UnknownMethod => (405, "this path does not take this method".into(), "NOT_FOUND"),
        Refusal::RoomNotFound => (200, "room not found".into(), "ROOM_NOT_FOUND"),
        Refusal::RoomNotActive => (200, "room is not active".into(), "ROOM_NOT_ACTIVE"),
        Refusal::Banned => (200, "this user is blocked to join this session".into(), "USER_BLOCKED"),
        Refusal::ParticipantNotFound => (200, "participant not found".into(), "USER_NOT_FOUND"),
        Refusal::RoomIdTaken => (200, "room_id is the id of a room by code".into(), "CONFLICT"),
        Refusal::KeyReused => (409, "Idempotency-Key was used with another request".into(), "CONFLICT"),
        Refusal::IssuerUnavailable => (
            503,
            "the keys of the token's issuer cannot be fetched, try again".into(),
            "INTERNAL_SERVER_ERROR",
        ),
        Refusal::Busy => (503, "the room is busy, try again".into(), "INTERNAL_SERVER_ERROR"),
        Refusal::Internal => (200, "internal server error".into(), "INTERNAL_SERVER_ERROR"),
        // Refusals of a join, of a message, and what moderators meet: no call of this dialect meets them.
        Refusal::MissingToken
        | Refusal::UnknownEvent
        | Refusal::TooManyMessages
        | Refusal::InvalidToken
        | Refusal::ExpiredToken
        | Refusal::UsedToken
        | Refusal::GuestsNotAllowed
        | Refusal::RoomLocked
        | Refusal::RoomFull
        | Refusal::NotHost
        | Refusal::NotModerator
        | Refusal::NotLockable
        | Refusal::Unseen
        | Refusal::Locked(_)
        | Refusal::NotInRoom => (200, refusal.to_string(), "PERMISSION_DENIED"),
    };
    Answer::json(status, &Common::failure(msg, status_code))
}

fn violations_text(violations: &[Violation]) -> String {
    match violations {
        [one] => format!("validation error: {one}"),
        many => {
            many.iter().fold("validation errors:".to_owned(), |text, one| text + "\n - " + &one.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_violation_is_a_sentence_and_several_are_a_list() {
        let (a, b) = (Violation::new("room_id", "value is required"), Violation::new("x.y", "must equal 0"));
        assert_eq!(violations_text(std::slice::from_ref(&a)), "validation error: room_id: value is required");
        assert_eq!(
            violations_text(&[a, b]),
            "validation errors:\n - room_id: value is required\n - x.y: must equal 0"
        );
    }
}

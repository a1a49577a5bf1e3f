//! Every reason for which a request is refused, once. How a reason reads on the wire is the dialect's business.

use std::fmt;

use crate::{Act, IdError, Permission};

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field's path in the request, such as `metadata.room_title`; empty for the body as a whole.
    pub field: String,
    /// What was expected, such as `must be 1 to 50 characters`.
    pub expected: String,
}

impl Violation {
    /// What `field` should have been.
    pub fn new(field: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { field: field.into(), expected: expected.into() }
    }

    /// What an id should have been that is none: no longer than it may be, or else as `pattern` says.
    pub fn of_id(field: impl Into<String>, error: IdError, pattern: &str) -> Self {
        match error {
            IdError::TooLong(most) => Self::new(field, format!("must be at most {most} characters")),
            IdError::Empty | IdError::Pattern => Self::new(field, pattern),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.expected)
        } else {
            write!(f, "{}: {}", self.field, self.expected)
        }
    }
}

/// Why a request is refused.
///
/// The order of the variants is the order in which a join is judged (`rules.md` 2): the first that applies is given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No credential where one is needed.
    #[error("missing token")]
    MissingToken,
    /// The credential is forged, of another room, revoked, or of a sitting that is over.
    #[error("invalid token")]
    InvalidToken,
    /// The credential was good once.
    #[error("expired token")]
    ExpiredToken,
    /// The keys that the credential is verified by cannot be had from their issuer; the same request may be sent again.
    #[error("issuer unavailable")]
    IssuerUnavailable,
    /// No API key.
    #[error("missing API key")]
    MissingApiKey,
    /// An API key that is unknown or switched off.
    #[error("invalid API key")]
    InvalidApiKey,
    /// No signature.
    #[error("missing signature")]
    MissingSignature,
    /// A signature that is not the body's.
    #[error("invalid signature")]
    InvalidSignature,
    /// The API key is good, but not for this.
    #[error("not permitted")]
    NotPermitted(Permission),
    /// The body cannot be read: not JSON, or a field of another type.
    #[error("malformed request")]
    Malformed(Violation),
    /// The request can be read, and asks for what is not allowed.
    #[error("invalid request")]
    Invalid(Vec<Violation>),
    /// The body is larger than 64 KB.
    #[error("body too large")]
    BodyTooLarge,
    /// There is nothing under this path.
    #[error("unknown route")]
    UnknownRoute,
    /// A message asks for something that there is not.
    #[error("unknown event")]
    UnknownEvent,
    /// A connection sends more messages than it may.
    #[error("too many messages")]
    TooManyMessages,
    /// There is something under this path, by another method.
    #[error("unknown method")]
    UnknownMethod,
    /// There is no such room.
    #[error("room not found")]
    RoomNotFound,
    /// The room has ended, or the token is of an earlier session.
    #[error("room not active")]
    RoomNotActive,
    /// The room takes signed-in users only.
    #[error("guests not allowed")]
    GuestsNotAllowed,
    /// This person is barred from the room.
    #[error("banned")]
    Banned,
    /// The join token has admitted somebody.
    #[error("token used")]
    UsedToken,
    /// The room lets nobody new in.
    #[error("room locked")]
    RoomLocked,
    /// Every seat is taken.
    #[error("room full")]
    RoomFull,
    /// Only the host may do this.
    #[error("not the host")]
    NotHost,
    /// Only a moderator, or the host, may do this.
    #[error("not a moderator")]
    NotModerator,
    /// Only those who are in the room may do this.
    #[error("not in the room")]
    NotInRoom,
    /// Who is seen by nobody sends nothing.
    #[error("hidden")]
    Unseen,
    /// He is kept from it, by a lock, by the host of the room, or by what the room is made for.
    #[error("locked")]
    Locked(Act),
    /// The person whom this is about is not there.
    #[error("participant not found")]
    ParticipantNotFound,
    /// Nothing locks the person whom this is about: he has rights.
    #[error("not lockable")]
    NotLockable,
    /// The Idempotency-Key came before with another request.
    #[error("idempotency key reused")]
    KeyReused,
    /// The id is taken by a room of another kind.
    #[error("room id taken")]
    RoomIdTaken,
    /// Too many at once on the same room; the same request may be sent again.
    #[error("busy")]
    Busy,
    /// Something of ours failed; the log says what.
    #[error("internal")]
    Internal,
}

impl Refusal {
    /// One field was wrong.
    pub fn invalid(field: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation::new(field, expected)])
    }

    /// The body, or one field of it, could not be read.
    pub fn malformed(field: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Malformed(Violation::new(field, expected))
    }

    /// The reason for machines: stable, in capitals. Dry runs answer with it, logs carry it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MissingToken => "TOKEN_MISSING",
            Self::InvalidToken => "TOKEN_INVALID",
            Self::ExpiredToken => "TOKEN_EXPIRED",
            Self::IssuerUnavailable => "ISSUER_UNAVAILABLE",
            Self::MissingApiKey => "API_KEY_MISSING",
            Self::InvalidApiKey => "API_KEY_INVALID",
            Self::MissingSignature => "SIGNATURE_MISSING",
            Self::InvalidSignature => "SIGNATURE_INVALID",
            Self::NotPermitted(_) => "NOT_PERMITTED",
            Self::Malformed(_) => "MALFORMED_REQUEST",
            Self::Invalid(_) => "INVALID_REQUEST",
            Self::BodyTooLarge => "BODY_TOO_LARGE",
            Self::UnknownRoute => "NOT_FOUND",
            Self::UnknownEvent => "UNKNOWN_EVENT",
            Self::TooManyMessages => "TOO_MANY_MESSAGES",
            Self::UnknownMethod => "METHOD_NOT_ALLOWED",
            Self::RoomNotFound => "ROOM_NOT_FOUND",
            Self::RoomNotActive => "ROOM_NOT_ACTIVE",
            Self::GuestsNotAllowed => "GUESTS_NOT_ALLOWED",
            Self::Banned => "BANNED",
            Self::UsedToken => "TOKEN_USED",
            Self::RoomLocked => "ROOM_LOCKED",
            Self::RoomFull => "ROOM_FULL",
            Self::NotHost => "NOT_HOST",
            Self::NotModerator => "NOT_MODERATOR",
            Self::NotInRoom => "NOT_IN_ROOM",
            Self::Unseen => "HIDDEN",
            Self::Locked(_) => "LOCKED",
            Self::ParticipantNotFound => "PARTICIPANT_NOT_FOUND",
            Self::NotLockable => "NOT_LOCKABLE",
            Self::KeyReused => "IDEMPOTENCY_KEY_REUSED",
            Self::RoomIdTaken => "ROOM_ID_TAKEN",
            Self::Busy => "BUSY",
            Self::Internal => "INTERNAL",
        }
    }
}

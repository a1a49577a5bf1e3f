//! Names of things, each its own type, so that one cannot be passed for another.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing was given.
    #[error("is empty")]
    Empty,
    /// Longer than allowed; the limit in characters.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// It holds characters that the id may not have.
    #[error("has characters that are not allowed")]
    Pattern,
}

/// Declares a newtype over `String` that shows and serialises as its text.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// Declares a newtype over a UUID.
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::parse_str(text).map(Self).map_err(|_| IdError::Pattern)
            }
        }
    };
}

text_id! {
    /// A tenant: whose rooms these are. `[a-z0-9-]{1,32}`, `main` unless an API key says otherwise.
    Tenant
}
text_id! {
    /// A room's id, unique within its tenant: 1 to 64 ASCII letters, digits, `-` or `_`.
    RoomId
}
text_id! {
    /// Who a person is within a room: 1 to 128 printable characters. A user's id, or `guest-<participant id>`.
    UserId
}
text_id! {
    /// An API key's public name: 1 to 64 printable ASCII characters.
    ApiKeyId
}
text_id! {
    /// A WebSocket, as API Gateway names it: 1 to 128 printable ASCII characters.
    ConnectionId
}
uuid_id! {
    /// A session of a room: from its create to its end.
    Sid
}
uuid_id! {
    /// A participant of a session, as the rooms and realtime APIs address people.
    ParticipantId
}
uuid_id! {
    /// One sitting of a participant: each join and each resume begins a new one, and the newest is the live one.
    SessionId
}

fn is_slug(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn check(text: &str, limit: usize, allowed: impl Fn(char) -> bool) -> Result<(), IdError> {
    if text.is_empty() {
        Err(IdError::Empty)
    } else if !text.chars().all(allowed) {
        Err(IdError::Pattern)
    } else if text.chars().count() > limit {
        Err(IdError::TooLong(limit))
    } else {
        Ok(())
    }
}

impl Tenant {
    /// The tenant of the deployment's users and of its first API key.
    pub fn main() -> Self {
        Self("main".to_owned())
    }
}

impl TryFrom<&str> for Tenant {
    type Error = IdError;

    fn try_from(text: &str) -> Result<Self, IdError> {
        check(text, 32, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')?;
        Ok(Self(text.to_owned()))
    }
}

impl RoomId {
    /// Most characters of a room's id.
    pub const MAX: usize = 64;

    pub(crate) fn from_uuid(id: Uuid) -> Self {
        Self(id.to_string())
    }
}

impl TryFrom<&str> for RoomId {
    type Error = IdError;

    fn try_from(text: &str) -> Result<Self, IdError> {
        check(text, Self::MAX, |c| c.is_ascii() && is_slug(c as u8))?;
        Ok(Self(text.to_owned()))
    }
}

impl UserId {
    /// Most characters of a user's id.
    pub const MAX: usize = 128;

    /// What a guest's identity begins with; users of rooms by code may not have such an id.
    pub const GUEST_PREFIX: &'static str = "guest-";

    /// The identity of a guest.
    pub fn guest(id: ParticipantId) -> Self {
        Self(format!("{}{id}", Self::GUEST_PREFIX))
    }

    /// Whether this text is kept for guests.
    pub fn is_reserved_for_guests(&self) -> bool {
        self.0.starts_with(Self::GUEST_PREFIX)
    }

    /// Whether only ASCII letters, digits, `-` and `_` occur, as the server API asks.
    pub fn is_slug(&self) -> bool {
        self.0.bytes().all(is_slug)
    }
}

impl TryFrom<&str> for UserId {
    type Error = IdError;

    fn try_from(text: &str) -> Result<Self, IdError> {
        check(text, Self::MAX, |c| !c.is_control())?;
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<&str> for ApiKeyId {
    type Error = IdError;

    fn try_from(text: &str) -> Result<Self, IdError> {
        check(text, 64, |c| c.is_ascii_graphic())?;
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<&str> for ConnectionId {
    type Error = IdError;

    fn try_from(text: &str) -> Result<Self, IdError> {
        check(text, 128, |c| c.is_ascii_graphic())?;
        Ok(Self(text.to_owned()))
    }
}

impl ParticipantId {
    /// The participant that `user` is in the session `sid`: the same one however often he comes back.
    pub fn of(sid: Sid, user: &UserId) -> Self {
        Self(Uuid::new_v5(&sid.0, user.as_str().as_bytes()))
    }
}

/// A room in its tenant: what every stored item of the room is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RoomKey {
    /// Whose room it is.
    pub tenant: Tenant,
    /// Its id within the tenant.
    pub room: RoomId,
}

impl From<RoomKey> for String {
    fn from(key: RoomKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for RoomKey {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

/// `<tenant>/<room_id>`
impl fmt::Display for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.room)
    }
}

impl std::str::FromStr for RoomKey {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (tenant, room) = text.split_once('/').ok_or(IdError::Pattern)?;
        Ok(Self { tenant: tenant.try_into()?, room: room.try_into()? })
    }
}

/// The id of a join token, its `jti`: `<sid>.<uuid>`. The UUID is of version 7, so it also says when it was minted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TokenId {
    /// The session that the token opens.
    pub sid: Sid,
    /// The token among those of the session.
    pub id: Uuid,
}

impl TokenId {
    /// When the token was minted.
    pub fn minted_at(self) -> Timestamp {
        self.id.get_timestamp().map_or(Timestamp::default(), |at| {
            let (seconds, nanos) = at.to_unix();
            Timestamp::from_millis(
                i64::try_from(seconds).unwrap_or(0).saturating_mul(1000) + i64::from(nanos / 1_000_000),
            )
        })
    }
}

impl From<TokenId> for String {
    fn from(id: TokenId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for TokenId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.sid, self.id)
    }
}

impl std::str::FromStr for TokenId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (sid, id) = text.split_once('.').ok_or(IdError::Pattern)?;
        Ok(Self { sid: sid.parse()?, id: Uuid::parse_str(id).map_err(|_| IdError::Pattern)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_id_has_letters_digits_dashes_and_underscores_only() {
        assert!(RoomId::try_from("Room_1-a").is_ok());
        for bad in ["", "a b", "a/b", "ä", "a\n", "a#b"] {
            assert!(RoomId::try_from(bad).is_err(), "{bad:?}");
        }
        assert!(RoomId::try_from("a".repeat(64).as_str()).is_ok());
        assert_eq!(RoomId::try_from("a".repeat(65).as_str()), Err(IdError::TooLong(64)));
    }

    #[test]
    fn a_user_id_is_taken_as_it_is() {
        for good in ["auth0|x", "ann@example.org", "Ünï cöde"] {
            assert_eq!(UserId::try_from(good).expect("printable").as_str(), good);
        }
        assert!(UserId::try_from("a\u{7}").is_err());
        assert!(UserId::try_from("é".repeat(129).as_str()).is_err());
    }

    #[test]
    fn a_connection_id_is_of_printable_ascii() {
        assert!(ConnectionId::try_from("L0SM9cOFvHcCIhw=").is_ok());
        for bad in ["", "a b", "ä", "a\n"] {
            assert!(ConnectionId::try_from(bad).is_err(), "{bad:?}");
        }
        assert_eq!(ConnectionId::try_from("a".repeat(129).as_str()), Err(IdError::TooLong(128)));
    }

    #[test]
    fn a_user_is_the_same_participant_throughout_a_session_and_another_in_the_next() {
        let (first, second) = (Sid(Uuid::from_u128(1)), Sid(Uuid::from_u128(2)));
        let ann = UserId::try_from("ann").expect("an id");
        assert_eq!(ParticipantId::of(first, &ann), ParticipantId::of(first, &ann));
        assert_ne!(ParticipantId::of(first, &ann), ParticipantId::of(second, &ann));
    }
}

//! What our tokens say. Signing and verifying them is the `api` crate's.

use serde::{Deserialize, Serialize};

use crate::{ApiKeyId, Lasts, ParticipantId, Role, RoomKey, SessionId, Sid, Timestamp, TokenId, UserId};

/// A verified join token: minted for one person, good for one admission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinToken {
    /// The API key that asked for it.
    pub api_key: ApiKeyId,
    /// The room that it opens.
    pub room: RoomKey,
    /// Its `jti`.
    pub id: TokenId,
    /// Whom it admits.
    pub user: UserId,
    /// The name it was minted with.
    pub name: String,
    /// Moderators are the server API's admins.
    pub role: Role,
    /// How long the session lasts, as far as was known at the minting: a join by token does not read the room.
    pub lasts: Lasts,
}

/// A verified session token: proof of a seat (or of a place in the waiting room), for as long as its sitting lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionToken {
    /// The room.
    pub room: RoomKey,
    /// The session of the room.
    pub sid: Sid,
    /// Whose seat it is.
    pub user: UserId,
    /// His id as a participant.
    pub participant: ParticipantId,
    /// The sitting: only the newest one is live.
    pub session: SessionId,
    /// When the token runs out.
    pub expires_at: Timestamp,
}

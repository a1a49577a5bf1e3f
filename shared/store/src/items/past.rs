//! A session as its room's history keeps it: what `fetchPastRooms` and `sessionReport` show of it, from its end on.

use models::{EndReason, Room, RoomKey, Sid, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Item, Key, RoomDocument, decode, encode, tenant_shard};
use crate::StoreError;

const KIND: &str = "PAST";

/// A session, running or over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its room.
    pub room: RoomKey,
    /// Which one of the room's.
    pub sid: Sid,
    /// The room's title.
    pub title: String,
    /// Where the room's webhooks went, beside the deployment's own.
    pub webhook_url: Option<String>,
    /// How many different people ever had a seat.
    pub joined: u32,
    /// When it was created.
    pub created_at: Timestamp,
    /// When the first one joined.
    pub started_at: Option<Timestamp>,
    /// When it ended; none while it runs.
    pub ended_at: Option<Timestamp>,
    /// Why it ended; none while it runs.
    pub reason: Option<EndReason>,
    /// Most seats taken at a time; none until what follows the end has been done.
    pub peak: Option<u32>,
}

impl Session {
    /// The present session of a room. One whose time has come ended then, whoever has noticed.
    pub(crate) fn of(room: &Room, document: Option<&RoomDocument>, now: Timestamp) -> Self {
        Self {
            room: room.key.clone(),
            sid: room.sid,
            title: document.map(|document| document.title.clone()).unwrap_or_default(),
            webhook_url: document.and_then(|document| document.webhook_url.clone()),
            joined: room.joined,
            created_at: room.created_at,
            started_at: room.started_at,
            ended_at: (room.due_at <= now).then_some(room.due_at),
            reason: (room.due_at <= now).then(|| room.due_reason()),
            peak: None,
        }
    }
}

/// Attributes of a past session; times in milliseconds since the epoch, but `expires_at`, which TTL reads in seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PastItem {
    sid: Sid,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_url: Option<String>,
    joined: u32,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    ended_at: Timestamp,
    reason: EndReason,
    #[serde(skip_serializing_if = "Option::is_none")]
    peak: Option<u32>,
    tenant_shard: String,
    tenant_time: Timestamp,
    expires_at: i64,
}

impl PastItem {
    /// The item of a session that ended at `ended_at` for this reason, and when TTL may remove it.
    pub(crate) fn encode(
        session: &Session,
        (ended_at, reason): (Timestamp, EndReason),
        expires_at: Timestamp,
    ) -> Item {
        encode(&Self {
            sid: session.sid,
            title: session.title.clone(),
            webhook_url: session.webhook_url.clone(),
            joined: session.joined,
            created_at: session.created_at,
            started_at: session.started_at,
            ended_at,
            reason,
            peak: session.peak,
            tenant_shard: tenant_shard(&session.room.tenant, &session.room, false),
            tenant_time: session.created_at,
            expires_at: expires_at.seconds(),
        })
    }

    /// The session that the item holds.
    pub(crate) fn decode(item: Item) -> Result<Session, StoreError> {
        let room = Key::of(&item).and_then(|key| key.room());
        let room = room.ok_or_else(|| StoreError::Corrupt(KIND, "key".to_owned()))?;
        let item: Self = decode(KIND, item)?;
        Ok(Session {
            room,
            sid: item.sid,
            title: item.title,
            webhook_url: item.webhook_url,
            joined: item.joined,
            created_at: item.created_at,
            started_at: item.started_at,
            ended_at: Some(item.ended_at),
            reason: Some(item.reason),
            peak: item.peak,
        })
    }
}

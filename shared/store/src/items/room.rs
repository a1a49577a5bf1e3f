//! The state of a room as stored. Under 1 KB: every join writes it.

use std::time::Duration;

use models::{
    ApiKeyId, CodeRoom, Features, Happened, Locks, Presenter, Room, RoomKey, Settings, Sid, Status,
    Timestamp, UserId, Words,
};
use serde::{Deserialize, Serialize};

use super::{Item, decode, due_shard, encode, tenant_shard};
use crate::StoreError;

const KIND: &str = "STATE";

/// Stored where there is no limit, so that `seats < max_participants` is one comparison for every room.
const UNLIMITED_SEATS: u32 = u32::MAX;

/// Stored where there is no limit, in milliseconds, so that `started_at + duration` is the clock of every room.
const UNLIMITED_DURATION: i64 = Timestamp::NEVER.millis();

/// Attributes of a room's state; times in milliseconds since the epoch, but `expires_at`, which TTL reads in seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RoomItem {
    sid: Sid,
    status: Status,
    locked: bool,
    seats: u32,
    #[serde(default)]
    joined: u32,
    max_participants: u32,
    seq: u64,
    hooks: u32,
    event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    presenter: Option<Presenter>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    duration: i64,
    empty_timeout: i64,
    due_at: Timestamp,
    revoked_before: Timestamp,
    waiting_room: bool,
    auto_gen_user_id: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    features: Option<Features>,
    #[serde(default, skip_serializing_if = "Locks::is_empty")]
    default_locks: Locks,
    /// Always there, for an expression that sets a part of it needs the whole.
    #[serde(default)]
    said: Words,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<ApiKeyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<Settings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    made_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_shard: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_shard: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

impl RoomItem {
    /// The item of `room` after what happened.
    pub(crate) fn encode(room: &Room, happened: &Happened) -> Item {
        encode(&Self::of(room, happened))
    }

    /// What is stored of `room` after what happened.
    pub(crate) fn of(room: &Room, happened: &Happened) -> Self {
        let open = room.status == Status::Open;
        let by_code = room.by_code.as_ref();
        Self {
            sid: room.sid,
            status: room.status,
            locked: room.locked,
            seats: room.seats,
            joined: room.joined,
            max_participants: room.max_participants.unwrap_or(UNLIMITED_SEATS),
            seq: room.seq,
            hooks: room.hooks,
            event: happened_text(happened),
            presenter: room.presenter.clone(),
            created_at: room.created_at,
            started_at: room.started_at,
            ended_at: room.ended_at,
            duration: room.duration.map_or(UNLIMITED_DURATION, millis),
            empty_timeout: millis(room.empty_timeout),
            due_at: room.due_at,
            revoked_before: room.revoked_before,
            waiting_room: room.waiting_room,
            auto_gen_user_id: room.auto_gen_user_id,
            features: Some(room.features).filter(|features| *features != Features::default()),
            default_locks: room.default_locks.clone(),
            said: room.said.clone(),
            api_key: room.api_key.clone(),
            code: by_code.map(|by_code| by_code.code.to_string()),
            host: by_code.map(|by_code| by_code.host.clone()),
            settings: by_code.map(|by_code| by_code.settings),
            made_at: by_code.map(|by_code| by_code.created_at),
            due_shard: open.then(|| due_shard(&room.key)),
            tenant_shard: open.then(|| tenant_shard(&room.key.tenant, &room.key, true)),
            tenant_time: open.then_some(room.created_at),
            expires_at: (room.expires_at < Timestamp::NEVER).then(|| room.expires_at.seconds()),
        }
    }

    /// What happened to the room last.
    pub(crate) fn happened(item: &serde_dynamo::Item) -> Result<Happened, StoreError> {
        let Some(serde_dynamo::AttributeValue::S(text)) = item.get("event") else {
            return Err(StoreError::Corrupt(KIND, "event".to_owned()));
        };
        serde_json::from_str(text).map_err(|error| StoreError::Corrupt(KIND, format!("event: {error}")))
    }

    /// The room with the key `key` that the item holds.
    pub(crate) fn decode(key: &RoomKey, item: impl Into<serde_dynamo::Item>) -> Result<Room, StoreError> {
        decode::<Self>(KIND, item)?.into_room(key)
    }

    /// The room with the key `key` that this is of.
    pub(crate) fn into_room(self, key: &RoomKey) -> Result<Room, StoreError> {
        let item = self;
        let by_code = match (item.code, item.host, item.settings) {
            (Some(code), Some(host), Some(settings)) => Some(CodeRoom {
                code: code
                    .as_str()
                    .try_into()
                    .map_err(|error| StoreError::Corrupt(KIND, format!("code: {error}")))?,
                host,
                settings,
                created_at: item.made_at.unwrap_or(item.created_at),
            }),
            _ => None,
        };
        Ok(Room {
            key: key.clone(),
            sid: item.sid,
            status: item.status,
            locked: item.locked,
            seats: item.seats,
            joined: item.joined,
            max_participants: (item.max_participants < UNLIMITED_SEATS).then_some(item.max_participants),
            seq: item.seq,
            hooks: item.hooks,
            presenter: item.presenter,
            created_at: item.created_at,
            started_at: item.started_at,
            ended_at: item.ended_at,
            duration: (item.duration < UNLIMITED_DURATION).then(|| from_millis(item.duration)),
            empty_timeout: from_millis(item.empty_timeout),
            due_at: item.due_at.min(Timestamp::NEVER),
            revoked_before: item.revoked_before,
            waiting_room: item.waiting_room,
            auto_gen_user_id: item.auto_gen_user_id,
            features: item.features.unwrap_or_default(),
            default_locks: item.default_locks,
            said: item.said,
            api_key: item.api_key,
            by_code,
            expires_at: item.expires_at.map_or(Timestamp::NEVER, Timestamp::from_seconds),
        })
    }
}

/// What happened, as the state item carries it.
pub(crate) fn happened_text(happened: &Happened) -> String {
    serde_json::to_string(happened).expect("events have text keys")
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(UNLIMITED_DURATION).min(UNLIMITED_DURATION)
}

fn from_millis(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use models::{Event, Lock, RoomCode, Word};
    use uuid::Uuid;

    use super::*;

    fn largest() -> Room {
        let code: RoomCode = "abc-def-ghi".try_into().expect("a code");
        Room {
            key: format!("{}/{}", "t".repeat(32), code.room_id()).parse().expect("a room"),
            sid: Sid(Uuid::from_u128(u128::MAX)),
            status: Status::Open,
            locked: false,
            seats: 12_345,
            joined: 123_456,
            max_participants: None,
            seq: 1_234_567,
            hooks: 1_234_567,
            presenter: None,
            created_at: Timestamp::from_millis(1_772_534_100_007),
            started_at: Some(Timestamp::from_millis(1_772_534_100_007)),
            ended_at: None,
            duration: None,
            empty_timeout: Duration::from_mins(30),
            due_at: Timestamp::NEVER,
            revoked_before: Timestamp::from_millis(1_772_534_100_007),
            waiting_room: false,
            auto_gen_user_id: false,
            features: Features::default(),
            default_locks: Locks::new(),
            said: Lock::ALL.map(|lock| (lock, Word { locked: false, number: 1_234_567 })).into(),
            api_key: None,
            by_code: Some(CodeRoom {
                code,
                host: UserId::try_from("h".repeat(64).as_str()).expect("an id"),
                settings: Settings::default(),
                created_at: Timestamp::from_millis(1_772_534_100_007),
            }),
            expires_at: Timestamp::NEVER,
        }
    }

    /// DynamoDB's size: names and values in bytes, numbers about a byte for two digits and one more.
    fn size(item: &Item) -> usize {
        use aws_sdk_dynamodb::types::AttributeValue as V;
        item.iter()
            .map(|(name, value)| {
                name.len()
                    + match value {
                        V::S(text) => text.len(),
                        V::N(number) => number.len() / 2 + 2,
                        V::M(map) => 3 + map.keys().map(|key| key.len() + 2).sum::<usize>(),
                        _ => 1,
                    }
            })
            .sum()
    }

    #[test]
    fn a_room_comes_back_as_it_was_stored() {
        let room = largest();
        let created = Happened { event: Event::Created, at: room.created_at };
        let item = RoomItem::encode(&room, &created);
        assert_eq!(RoomItem::decode(&room.key, item).expect("decodes"), room);
    }

    #[test]
    fn the_state_item_stays_under_one_kilobyte() {
        let room = largest();
        let user = UserId::try_from("u".repeat(128).as_str()).expect("an id");
        let key = super::super::Key::state(&room.key);
        let joined = Happened { event: Event::Joined { user }, at: room.created_at };
        let mut item = RoomItem::encode(&room, &joined);
        item.extend(key.attributes());
        let size = size(&item);
        assert!(size <= 1024, "{size} bytes");
    }
}

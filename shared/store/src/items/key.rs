//! The keys of the table, all in one place.

use aws_sdk_dynamodb::types::AttributeValue;
use models::{ApiKeyId, ConnectionId, Room, RoomKey, Sid, Tenant, Timestamp, TokenId, UserId};

use uuid::Uuid;

use super::Item;

/// What the partition of a room begins with, before its name.
pub(crate) const ROOM_PREFIX: &str = "ROOM#";

/// The sort key of a room's state.
pub(crate) const STATE: &str = "STATE";

/// What the partition of a room's past sessions begins with, before its name.
const PAST_PREFIX: &str = "PAST#";

/// What the partition of an API key begins with, before its name.
const KEY_PREFIX: &str = "KEY#";

/// What the sort key of every participant begins with.
pub(crate) const PARTICIPANT_PREFIX: &str = "PARTICIPANT#";

/// What the sort key of a participant's record in an earlier session begins with; the session comes next.
pub(crate) const FORMER_PREFIX: &str = "FORMER#";

/// What the sort key of all metadata that is kept apart begins with; the session comes next.
pub(crate) const METADATA_PREFIX: &str = "METADATA#";

/// Shards of each index, so that no partition of it takes all the writes.
const SHARDS: u64 = 8;

/// The index of what is due at a time: sessions, and seats that nobody is connected to.
pub(crate) const BY_DUE: &str = "by_due";

/// The index of a tenant's sessions: those that run, and those that are over.
pub(crate) const BY_TENANT: &str = "by_tenant";

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pk: String,
    sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// The partition of a room and of all that belongs to it.
    pub(crate) fn room_partition(room: &RoomKey) -> String {
        format!("{ROOM_PREFIX}{room}")
    }

    /// A room's state: the hot item.
    pub(crate) fn state(room: &RoomKey) -> Self {
        Self::new(Self::room_partition(room), STATE)
    }

    /// The metadata document of a room by code, which all its sessions share.
    pub(crate) fn code_document(room: &RoomKey) -> Self {
        Self::new(Self::room_partition(room), "META")
    }

    /// The metadata document of a session of the server API. It stays while the session's end is told, also when another
    /// session has begun under the room's id.
    pub(crate) fn session_document(room: &RoomKey, sid: Sid) -> Self {
        Self::new(Self::room_partition(room), format!("META#{sid}"))
    }

    /// The metadata document of the room's present session.
    pub(crate) fn document(room: &Room) -> Self {
        match room.by_code {
            Some(_) => Self::code_document(&room.key),
            None => Self::session_document(&room.key, room.sid),
        }
    }

    /// A person in a room.
    pub(crate) fn participant(room: &RoomKey, user: &UserId) -> Self {
        Self::new(Self::room_partition(room), format!("{PARTICIPANT_PREFIX}{user}"))
    }

    /// The record of somebody in a session that is over, where a later one has taken its place.
    pub(crate) fn former(room: &RoomKey, sid: Sid, user: &UserId) -> Self {
        Self::new(Self::room_partition(room), format!("{FORMER_PREFIX}{sid}#{user}"))
    }

    /// The most seats that were taken at a time in a session.
    pub(crate) fn crowd(room: &RoomKey, sid: Sid) -> Self {
        Self::new(Self::room_partition(room), format!("CROWD#{sid}"))
    }

    /// Whom those in the room were last told to be in it. Its place is after all that is read with the room.
    pub(crate) fn told(room: &RoomKey) -> Self {
        Self::new(Self::room_partition(room), "TOLD")
    }

    /// Up to which change of a session a round has begun to tell them. Its place, too.
    pub(crate) fn telling(room: &RoomKey, sid: Sid) -> Self {
        Self::new(Self::room_partition(room), format!("TELLING#{sid}"))
    }

    /// The metadata that a join token brings, where it is kept apart.
    pub(crate) fn metadata(room: &RoomKey, token: TokenId) -> Self {
        Self::new(Self::room_partition(room), format!("{METADATA_PREFIX}{token}"))
    }

    /// What the server API said to people of a room.
    pub(crate) fn broadcast(room: &RoomKey, id: Uuid) -> Self {
        Self::new(Self::room_partition(room), format!("BROADCAST#{id}"))
    }

    /// The partition of a room's past sessions, which come in the order in which they were created.
    pub(crate) fn past_partition(room: &RoomKey) -> String {
        format!("{PAST_PREFIX}{room}")
    }

    /// A past session of a room.
    pub(crate) fn past(room: &RoomKey, created_at: Timestamp, sid: Sid) -> Self {
        Self::new(Self::past_partition(room), format!("{:013}#{sid}", created_at.millis()))
    }

    /// After the sort keys of all a session's webhooks.
    pub(crate) const LAST_DELIVERY: &'static str = ":";

    /// The partition of a session's webhooks, which come in the order of their numbers.
    pub(crate) fn delivery_partition(room: &RoomKey, sid: Sid) -> String {
        format!("HOOK#{room}#{sid}")
    }

    /// Before the sort keys of a session's webhooks of this number and after those of the ones before it.
    pub(crate) fn first_delivery(number: u32) -> String {
        format!("{number:010}#")
    }

    /// A webhook for a URL.
    pub(crate) fn delivery(room: &RoomKey, sid: Sid, number: u32, url: &str) -> Self {
        Self::new(Self::delivery_partition(room, sid), Self::first_delivery(number) + url)
    }

    /// Says that a URL wants no more webhooks of a session.
    pub(crate) fn stopped_url(room: &RoomKey, sid: Sid, url: &str) -> Self {
        Self::new(Self::delivery_partition(room, sid), format!("STOP#{url}"))
    }

    /// The API key that this is the key of.
    pub(crate) fn api_key_id(&self) -> Option<ApiKeyId> {
        self.pk.strip_prefix(KEY_PREFIX)?.try_into().ok()
    }

    /// The room whose state or whose past session this is the key of.
    pub(crate) fn room(&self) -> Option<RoomKey> {
        self.pk.strip_prefix(ROOM_PREFIX).or_else(|| self.pk.strip_prefix(PAST_PREFIX))?.parse().ok()
    }

    /// Whether this is the key of a past session.
    pub(crate) fn is_past(&self) -> bool {
        self.pk.starts_with(PAST_PREFIX)
    }

    /// The turns at the room, or whatever else this key's partition is of.
    pub(crate) fn turns(&self) -> Self {
        Self::new(self.pk.clone(), "TURNS")
    }

    /// Who is behind a WebSocket.
    pub(crate) fn connection(id: &ConnectionId) -> Self {
        Self::new(format!("CONNECTION#{id}"), "CONNECTION")
    }

    /// An API key.
    pub(crate) fn api_key(id: &ApiKeyId) -> Self {
        Self::new(format!("{KEY_PREFIX}{id}"), "KEY")
    }

    /// A kept answer; `hash` is of scope and key.
    pub(crate) fn idempotency(hash: &str) -> Self {
        Self::new(format!("IDEMPOTENCY#{hash}"), "IDEMPOTENCY")
    }

    /// The key as attributes.
    pub(crate) fn attributes(&self) -> [(String, AttributeValue); 2] {
        [
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ]
    }

    /// The key of `item`.
    pub(crate) fn of(item: &Item) -> Option<Self> {
        let text = |name| item.get(name)?.as_s().ok().cloned();
        Some(Self { pk: text("pk")?, sk: text("sk")? })
    }

    /// Whether `item` is the one with this key.
    pub(crate) fn is_of(&self, item: &Item) -> bool {
        let is = |name, value: &str| matches!(item.get(name), Some(AttributeValue::S(s)) if s == value);
        is("pk", &self.pk) && is("sk", &self.sk)
    }
}

/// The partition of `by_due` that holds what is due of this room.
pub(crate) fn due_shard(room: &RoomKey) -> String {
    due_partition(shard(room))
}

/// All the partitions of `by_due`.
pub(crate) fn due_shards() -> impl Iterator<Item = String> {
    (0..SHARDS).map(due_partition)
}

fn due_partition(shard: u64) -> String {
    format!("DUE#{shard}")
}

/// The partition of `by_tenant` that holds this room while it is `open`, or its past sessions.
pub(crate) fn tenant_shard(tenant: &Tenant, room: &RoomKey, open: bool) -> String {
    tenant_partition(tenant, shard(room), open)
}

/// All the partitions of `by_tenant` that hold the tenant's `open` rooms, or its past sessions.
pub(crate) fn tenant_shards(tenant: &Tenant, open: bool) -> impl Iterator<Item = String> {
    (0..SHARDS).map(move |shard| tenant_partition(tenant, shard, open))
}

fn tenant_partition(tenant: &Tenant, shard: u64, open: bool) -> String {
    format!("{}#{tenant}#{shard}", if open { "OPEN" } else { "ENDED" })
}

/// The partition of `by_tenant` that holds the tenant's API keys, the oldest first.
pub(crate) fn keys_partition(tenant: &Tenant) -> String {
    format!("KEYS#{tenant}")
}

/// A stable hash (FNV-1a) of the room's name, spread over the shards.
fn shard(room: &RoomKey) -> u64 {
    let hash = room.to_string().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_spread_over_all_shards() {
        let shards: std::collections::HashSet<_> =
            (0..200).map(|i| due_shard(&format!("main/room{i}").parse().expect("a room"))).collect();
        assert_eq!(shards.len(), 8);
    }
}

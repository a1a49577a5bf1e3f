//! The rooms of a tenant, as its index lists them.

use std::collections::{HashMap, HashSet};

use models::{Room, RoomKey, Tenant};

use crate::items::{BY_TENANT, Item, Key, RoomDocument, RoomItem, tenant_shards};
use crate::read::{Whole, together};
use crate::{Store, StoreError};

/// Rooms in one call: DynamoDB takes a hundred keys.
const BATCH: usize = 100;

impl Store {
    /// The rooms of a tenant in which a session runs, without their people, the oldest session first. The index that
    /// lists them may be a moment late; whether a session runs is read from the room itself.
    pub async fn open_rooms(&self, tenant: &Tenant) -> Result<Vec<(Room, RoomDocument)>, StoreError> {
        let listed = self.listed(tenant, true).await?;
        let keys: Vec<_> = listed.iter().filter_map(|item| Key::of(item)?.room()).collect();
        let rooms = self.rooms_with_documents(&keys).await?;
        let now = self.clock.now();
        let open = rooms.into_iter().filter(|(room, _)| room.is_open(now));
        let mut open: Vec<_> = open.filter_map(|(room, document)| Some((room, document?))).collect();
        open.sort_by_cached_key(|(room, _)| (room.created_at, room.key.to_string()));
        Ok(open)
    }

    /// Everything about each of these rooms, in their order.
    pub async fn whole_rooms(&self, rooms: &[RoomKey]) -> Result<Vec<Whole>, StoreError> {
        together(rooms.iter().map(|room| self.whole_room(room)).collect()).await
    }

    /// State and metadata of each of these rooms, once where one is named twice: an index may list both the session that
    /// it ended with and the one that it began with meanwhile.
    pub(crate) async fn rooms_with_documents(
        &self,
        rooms: &[RoomKey],
    ) -> Result<Vec<(Room, Option<RoomDocument>)>, StoreError> {
        let mut seen = HashSet::new();
        let rooms: Vec<_> = rooms.iter().filter(|room| seen.insert(*room)).cloned().collect();
        let batches = rooms.chunks(BATCH).map(|batch| self.batch_of_rooms(batch)).collect();
        Ok(together(batches).await?.into_iter().flatten().collect())
    }

    async fn batch_of_rooms(
        &self,
        rooms: &[RoomKey],
    ) -> Result<Vec<(Room, Option<RoomDocument>)>, StoreError> {
        let keys: Vec<_> = rooms.iter().map(Key::state).collect();
        let mut found = self.found(&keys).await?;
        let mut read = Vec::with_capacity(rooms.len());
        for (room, key) in rooms.iter().zip(&keys) {
            read.extend(found.remove(key).map(|item| RoomItem::decode(room, item)).transpose()?);
        }
        let keys: Vec<_> = read.iter().map(Key::document).collect();
        let mut found = self.found(&keys).await?;
        let with_document =
            |(room, key): (Room, &Key)| Ok((room, found.remove(key).map(RoomDocument::decode).transpose()?));
        read.into_iter().zip(&keys).map(with_document).collect()
    }

    /// The items that there are of these keys.
    pub(crate) async fn found(&self, keys: &[Key]) -> Result<HashMap<Key, Item>, StoreError> {
        let items = self.batch_get(keys.iter()).await?;
        Ok(items.into_iter().filter_map(|item| Some((Key::of(&item)?, item))).collect())
    }

    /// What the index lists of the tenant: the states of rooms in which a session runs, or the past sessions.
    pub(crate) async fn listed(&self, tenant: &Tenant, open: bool) -> Result<Vec<Item>, StoreError> {
        let shards: Vec<_> = tenant_shards(tenant, open).collect();
        let queries = shards.iter().map(|shard| self.query_index(BY_TENANT, "tenant_shard", shard)).collect();
        Ok(together(queries).await?.concat())
    }
}

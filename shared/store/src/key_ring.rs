//! API keys in the table.

use models::{ApiKeyId, Tenant};

use crate::commit::Outcome;
use crate::items::{ApiKey, BY_TENANT, Item, Key, decode, encode, keys_partition};
use crate::step::{Step, n, s};
use crate::{Store, StoreError};

impl Store {
    /// The API key with this name.
    pub async fn api_key(&self, id: &ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let item = self.get(&Key::api_key(id)).await?;
        item.map(|item| decode::<ApiKey>("KEY", item).map(|key| ApiKey { id: Some(id.clone()), ..key }))
            .transpose()
    }

    /// Writes an API key; one of that name is replaced only when `replace` is set. Says whether it was written.
    pub async fn put_api_key(&self, id: &ApiKeyId, key: &ApiKey, replace: bool) -> Result<bool, StoreError> {
        let condition = if replace { "" } else { "attribute_not_exists(#pk)" };
        let step = Step::put(Key::api_key(id), listed(key), condition, vec![]);
        Ok(matches!(self.commit_one(&step).await?, Outcome::Committed(_)))
    }

    /// Writes a key in place of the version that was read. Says whether it was still there.
    pub async fn replace_api_key(&self, id: &ApiKeyId, key: &mut ApiKey) -> Result<bool, StoreError> {
        // A key that was made before versions were counted has none.
        let condition = "attribute_exists(#pk) AND (attribute_not_exists(#version) OR #version = :seen)";
        let values = vec![("seen", n(key.version))];
        key.version += 1;
        let step = Step::put(Key::api_key(id), listed(key), condition, values);
        Ok(matches!(self.commit_one(&step).await?, Outcome::Committed(_)))
    }

    /// The names of a tenant's API keys, the oldest first. A key that was made within the last moment may be missing.
    pub async fn api_key_ids(&self, tenant: &Tenant) -> Result<Vec<ApiKeyId>, StoreError> {
        let listed = self.query_index(BY_TENANT, "tenant_shard", &keys_partition(tenant)).await?;
        Ok(listed.iter().filter_map(|item| Key::of(item)?.api_key_id()).collect())
    }

    /// Opens the connection by the cheapest read there is, of an item that does not exist; tried once.
    pub async fn warm(&self) -> Result<(), StoreError> {
        let nobody = ApiKeyId::try_from("-").map_err(|error| StoreError::Rejected(error.to_string()))?;
        // Whoever calls has less time than a request: Lambda's for a start, or a caller's who wants to know now.
        let key = Key::api_key(&nobody);
        crate::retry::until(self.clock.now(), self.get(&key)).await.map(|_| ())
    }
}

/// The item of a key, with its place among its tenant's.
fn listed(key: &ApiKey) -> Item {
    let mut item = encode(key);
    item.insert("tenant_shard".to_owned(), s(keys_partition(&key.tenant)));
    item.insert("tenant_time".to_owned(), n(key.created_at.millis()));
    item
}

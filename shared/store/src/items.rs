//! The stored items: their keys, their attributes, and their way to and from the domain.

mod api_key;
mod connection;
mod document;
mod key;
mod last_round;
mod metadata;
mod participant;
mod past;
mod room;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use api_key::{ApiKey, KeyStatus};
pub use connection::{Binding, Caller, Connected, Pace};
pub(crate) use connection::{ConnectionItem, Counted};
pub use document::RoomDocument;
pub(crate) use document::{deflate, inflate};
pub(crate) use key::{
    BY_DUE, BY_TENANT, FORMER_PREFIX, Key, METADATA_PREFIX, PARTICIPANT_PREFIX, ROOM_PREFIX, STATE,
    due_shard, due_shards, keys_partition, tenant_shard, tenant_shards,
};
pub use last_round::LastRound;
pub(crate) use last_round::RoundBegun;
pub(crate) use metadata::{decode_text, encode_text, held};
pub(crate) use participant::{ParticipantItem, TokenRecord, kept_from_before, token_attribute};
pub(crate) use past::PastItem;
pub use past::Session;
pub(crate) use room::{RoomItem, happened_text};

use crate::StoreError;

/// An item as DynamoDB has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The attributes of a record.
pub(crate) fn encode(record: &impl Serialize) -> Item {
    serde_dynamo::to_item(record).expect("our records have text keys and finite numbers")
}

/// The record that the attributes hold; `kind` names it in the error.
pub(crate) fn decode<T: DeserializeOwned>(
    kind: &'static str,
    item: impl Into<serde_dynamo::Item>,
) -> Result<T, StoreError> {
    serde_dynamo::from_item(item).map_err(|error| StoreError::Corrupt(kind, error.to_string()))
}

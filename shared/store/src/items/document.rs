//! A room's metadata: beside the state, so that a join never pays for it.

use std::io::{Read, Write};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use models::{Room, Sid, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Item, decode, encode};
use crate::StoreError;
use crate::step::n;

const KIND: &str = "META";

/// A deflated text inflates to no more than this; what we write is under 64 KB.
const MOST: u64 = 1 << 20;

/// What a room is beside its state. Written at create, changed rarely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomDocument {
    /// The session it was written for; a room by code keeps the one of its creation.
    pub sid: Sid,
    /// The room's title.
    pub title: String,
    /// Where the room's webhooks go, beside the deployment's own.
    pub webhook_url: Option<String>,
    /// The host's name, in rooms by code.
    pub host_name: Option<String>,
    /// The host's picture, in rooms by code.
    pub host_avatar_url: Option<String>,
    /// What those who wait are told, where a moderator has said so since the room was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_message: Option<String>,
    /// The full metadata document, a JSON text, as it was made; stored deflated.
    #[serde(skip)]
    pub metadata: String,
}

impl RoomDocument {
    /// The item of the document of `room`, with the expiry of what belongs to a session where it does.
    pub(crate) fn encode(&self, room: &Room) -> Item {
        let mut item = encode(self);
        item.insert("metadata".to_owned(), AttributeValue::B(Blob::new(deflate(self.metadata.as_bytes()))));
        let expires_at = room.belongings_expire_at();
        if room.by_code.is_none() && expires_at < Timestamp::NEVER {
            item.insert("expires_at".to_owned(), n(expires_at.seconds()));
        }
        item
    }

    pub(crate) fn decode(mut item: Item) -> Result<Self, StoreError> {
        let metadata = match item.remove("metadata") {
            Some(AttributeValue::B(blob)) => inflate(KIND, blob.as_ref())?,
            _ => return Err(StoreError::Corrupt(KIND, "no metadata".to_owned())),
        };
        let metadata =
            String::from_utf8(metadata).map_err(|error| StoreError::Corrupt(KIND, error.to_string()))?;
        Ok(Self { metadata, ..decode(KIND, item)? })
    }
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
}

pub(crate) fn inflate(kind: &'static str, deflated: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    DeflateDecoder::new(deflated)
        .take(MOST)
        .read_to_end(&mut bytes)
        .map_err(|error| StoreError::Corrupt(kind, error.to_string()))?;
    Ok(bytes)
}

//! Whom those in a room were last told to be in it, as stored: a few bytes for each.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use models::{ParticipantId, Sid, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Item, decode, encode};
use crate::StoreError;

const KIND: &str = "TOLD";

/// Bytes of somebody: his id, and a number.
const ENTRY: usize = 16 + 4;

/// How long it is remembered after the last round, in seconds. What is forgotten is told anew, which harms nobody.
const KEPT_SECONDS: i64 = 24 * 3600;

/// What the last round of presence has told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRound {
    /// The session.
    pub sid: Sid,
    /// Up to which change of it.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// How many posts that took.
    pub posts: u32,
    /// Up to which change anybody has heard anything: rounds that tell nothing are not posted.
    pub heard: u64,
    /// Who was shown, each with a digest of how.
    pub people: BTreeMap<ParticipantId, u32>,
    /// Who had come not long before and had gone, each with the version of his record.
    pub gone: BTreeMap<ParticipantId, u32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct LastRoundItem {
    sid: Sid,
    seq: u64,
    at: Timestamp,
    posts: u32,
    #[serde(default)]
    heard: u64,
    expires_at: i64,
}

impl LastRound {
    pub(crate) fn encode(&self) -> Item {
        let mut item = encode(&LastRoundItem {
            sid: self.sid,
            seq: self.seq,
            at: self.at,
            posts: self.posts,
            heard: self.heard,
            expires_at: self.at.seconds() + KEPT_SECONDS,
        });
        for (name, entries) in [("people", &self.people), ("gone", &self.gone)] {
            let entries = entries.iter();
            let bytes: Vec<u8> = entries
                .flat_map(|(id, number)| id.0.as_bytes().iter().copied().chain(number.to_be_bytes()))
                .collect();
            item.insert(name.to_owned(), AttributeValue::B(Blob::new(bytes)));
        }
        item
    }

    pub(crate) fn decode(mut item: Item) -> Result<Self, StoreError> {
        let (people, gone) = (entries(&mut item, "people")?, entries(&mut item, "gone")?);
        let LastRoundItem { sid, seq, at, posts, heard, .. } = decode(KIND, item)?;
        Ok(Self { sid, seq, at, posts, heard, people, gone })
    }
}

/// The people in an attribute; nobody where there is none.
fn entries(item: &mut Item, name: &'static str) -> Result<BTreeMap<ParticipantId, u32>, StoreError> {
    let corrupt = || StoreError::Corrupt(KIND, name.to_owned());
    let Some(value) = item.remove(name) else { return Ok(BTreeMap::new()) };
    let AttributeValue::B(bytes) = value else { return Err(corrupt()) };
    let (entries, rest) = bytes.as_ref().as_chunks::<ENTRY>();
    let entry = |entry: &[u8; ENTRY]| {
        let (id, number) = entry.split_at(16);
        Some((ParticipantId(Uuid::from_slice(id).ok()?), u32::from_be_bytes(number.try_into().ok()?)))
    };
    rest.is_empty().then(|| entries.iter().filter_map(entry).collect()).ok_or_else(corrupt)
}

/// A round that is about to be told.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct RoundBegun {
    /// Of which session.
    sid: Sid,
    /// Up to which change of it.
    pub(crate) seq: u64,
    expires_at: i64,
}

impl RoundBegun {
    pub(crate) const fn new(sid: Sid, seq: u64, now: Timestamp) -> Self {
        Self { sid, seq, expires_at: now.seconds() + KEPT_SECONDS }
    }

    pub(crate) fn encode(self) -> Item {
        encode(&self)
    }

    pub(crate) fn decode(item: Item) -> Result<Self, StoreError> {
        decode("TELLING", item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> LastRound {
        let people = (0..300).map(|number| (ParticipantId(Uuid::from_u128(number << 100)), 7)).collect();
        let at = Timestamp::from_seconds(1_800_000_000);
        let gone = [(ParticipantId(Uuid::from_u128(9)), 3)].into();
        LastRound { sid: Sid(Uuid::from_u128(1)), seq: 12, at, posts: 300, heard: 11, people, gone }
    }

    #[test]
    fn it_comes_back_as_it_was_stored() {
        let nobody = LastRound { people: BTreeMap::new(), gone: BTreeMap::new(), ..told() };
        for told in [told(), nobody] {
            assert_eq!(LastRound::decode(told.encode()).expect("stored"), told);
        }
    }

    #[test]
    fn half_an_entry_is_corrupt() {
        let mut item = told().encode();
        item.insert("people".to_owned(), AttributeValue::B(Blob::new(vec![0; ENTRY + 1])));
        assert!(matches!(LastRound::decode(item), Err(StoreError::Corrupt(..))));
    }
}

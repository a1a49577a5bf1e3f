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

/// Bytes of somebody: his id, and the digest of how he was shown.
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
    /// Who was shown, each with a digest of how.
    pub people: BTreeMap<ParticipantId, u32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct LastRoundItem {
    sid: Sid,
    seq: u64,
    at: Timestamp,
    posts: u32,
    expires_at: i64,
}

impl LastRound {
    pub(crate) fn encode(&self) -> Item {
        let mut item = encode(&LastRoundItem {
            sid: self.sid,
            seq: self.seq,
            at: self.at,
            posts: self.posts,
            expires_at: self.at.seconds() + KEPT_SECONDS,
        });
        let people: Vec<u8> = self
            .people
            .iter()
            .flat_map(|(id, digest)| id.0.as_bytes().iter().copied().chain(digest.to_be_bytes()))
            .collect();
        item.insert("people".to_owned(), AttributeValue::B(Blob::new(people)));
        item
    }

    pub(crate) fn decode(mut item: Item) -> Result<Self, StoreError> {
        let people = item.remove("people");
        let people = people.as_ref().and_then(|people| people.as_b().ok());
        let (entries, rest) = people.map_or(&[][..], Blob::as_ref).as_chunks::<ENTRY>();
        if people.is_none() || !rest.is_empty() {
            return Err(StoreError::Corrupt(KIND, "people".to_owned()));
        }
        let person = |entry: &[u8; ENTRY]| {
            let (id, digest) = entry.split_at(16);
            Some((ParticipantId(Uuid::from_slice(id).ok()?), u32::from_be_bytes(digest.try_into().ok()?)))
        };
        let people = entries.iter().filter_map(person).collect();
        let LastRoundItem { sid, seq, at, posts, .. } = decode(KIND, item)?;
        Ok(Self { sid, seq, at, posts, people })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> LastRound {
        let people = (0..300).map(|number| (ParticipantId(Uuid::from_u128(number << 100)), 7)).collect();
        let at = Timestamp::from_seconds(1_800_000_000);
        LastRound { sid: Sid(Uuid::from_u128(1)), seq: 12, at, posts: 300, people }
    }

    #[test]
    fn it_comes_back_as_it_was_stored() {
        let nobody = LastRound { people: BTreeMap::new(), ..told() };
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

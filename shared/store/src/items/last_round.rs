//! Whom those in a room were last told to be in it, as stored: a few bytes for each.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Marks of those of whom it has told something, or has seen that there is nothing to tell.
    pub told: BTreeSet<u32>,
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
        let told: Vec<u8> = self.told.iter().flat_map(|mark| mark.to_be_bytes()).collect();
        item.insert("told".to_owned(), AttributeValue::B(Blob::new(told)));
        item
    }

    pub(crate) fn decode(mut item: Item) -> Result<Self, StoreError> {
        let people = parts::<ENTRY>(&mut item, "people")?;
        let told = parts::<4>(&mut item, "told")?;
        let person = |entry: &[u8; ENTRY]| {
            let (id, digest) = entry.split_at(16);
            Some((ParticipantId(Uuid::from_slice(id).ok()?), u32::from_be_bytes(digest.try_into().ok()?)))
        };
        let people = people.iter().filter_map(person).collect();
        let told = told.into_iter().map(u32::from_be_bytes).collect();
        let LastRoundItem { sid, seq, at, posts, .. } = decode(KIND, item)?;
        Ok(Self { sid, seq, at, posts, people, told })
    }
}

/// The bytes of an attribute, so many to a part.
fn parts<const BYTES: usize>(item: &mut Item, name: &'static str) -> Result<Vec<[u8; BYTES]>, StoreError> {
    let corrupt = || StoreError::Corrupt(KIND, name.to_owned());
    let Some(AttributeValue::B(bytes)) = item.remove(name) else { return Err(corrupt()) };
    let (parts, rest) = bytes.as_ref().as_chunks::<BYTES>();
    if rest.is_empty() { Ok(parts.to_vec()) } else { Err(corrupt()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> LastRound {
        let people = (0..300).map(|number| (ParticipantId(Uuid::from_u128(number << 100)), 7)).collect();
        let at = Timestamp::from_seconds(1_800_000_000);
        LastRound { sid: Sid(Uuid::from_u128(1)), seq: 12, at, posts: 300, people, told: [1, 1 << 30].into() }
    }

    #[test]
    fn it_comes_back_as_it_was_stored() {
        let nobody = LastRound { people: BTreeMap::new(), told: BTreeSet::new(), ..told() };
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

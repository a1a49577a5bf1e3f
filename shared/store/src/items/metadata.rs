//! The metadata of a participant where it is large: an item of its own, so that no join pays for it.
//!
//! It is stored under the join token that brings it. The token's record refers to it, and a join copies that reference
//! as it would copy a text. What nobody refers to any more, since the token went unused or a newer one replaced it, is
//! left to the end of the session, as the session's people are; all of a session begins with the same sort key.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use models::{Metadata, Room};
use uuid::Uuid;

use super::{Item, deflate, inflate};
use crate::StoreError;
use crate::step::n;

const KIND: &str = "METADATA";

/// Most bytes of a text that is kept in the token's record and in the participant: his item, with a token or two, is
/// to stay under 1 KB.
const MOST_INSIDE: usize = 512;

/// What the record of `token` holds of this text.
pub(crate) fn held(text: &str, token: Uuid) -> Metadata {
    if text.len() > MOST_INSIDE { Metadata::Apart { token } } else { Metadata::Text(text.to_owned()) }
}

/// The item of a text that is kept apart, with the expiry of what belongs to the session.
pub(crate) fn encode_text(text: &str, room: &Room) -> Item {
    let text = AttributeValue::B(Blob::new(deflate(text.as_bytes())));
    let mut item = Item::from([("text".to_owned(), text)]);
    let expires_at = room.belongings_expire_at();
    if expires_at < models::Timestamp::NEVER {
        item.insert("expires_at".to_owned(), n(expires_at.seconds()));
    }
    item
}

/// The text in such an item.
pub(crate) fn decode_text(item: &Item) -> Result<String, StoreError> {
    let corrupt = |what: String| StoreError::Corrupt(KIND, what);
    let text =
        item.get("text").and_then(|text| text.as_b().ok()).ok_or_else(|| corrupt("text".to_owned()))?;
    String::from_utf8(inflate(KIND, text.as_ref())?).map_err(|error| corrupt(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_more_than_512_bytes_is_kept_apart() {
        let token = Uuid::from_u128(1);
        let text = "x".repeat(512);
        assert_eq!(held(&text, token), Metadata::Text(text.clone()));
        assert_eq!(held(&(text + "x"), token), Metadata::Apart { token });
    }
}

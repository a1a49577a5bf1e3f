//! The code of a room: `abc-def-ghi`.

use std::fmt;

use uuid::Uuid;

use crate::{IdError, Random, RoomId};

/// Namespace of the ids of rooms by code, ours; changing it would lose every room by code.
const NAMESPACE: Uuid = Uuid::from_u128(0x5b0c_1f0e_6d0b_4f3b_9a39_2f6f_7a8c_d1e4);

/// A room's code: three groups of three letters a-z (seed `join-room-by-code`), 26^9 (5.4 * 10^12) of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoomCode(String);

impl RoomCode {
    /// Draws a code, each equally likely.
    pub fn draw(random: &dyn Random) -> Self {
        let letter = || char::from(b'a' + random.below(26));
        let mut code = String::with_capacity(11);
        for place in 0..9 {
            if place == 3 || place == 6 {
                code.push('-');
            }
            code.push(letter());
        }
        Self(code)
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of the room that has this code: a UUIDv5 of the code, so that no lookup item is needed and a collision
    /// shows as a failed create.
    pub fn room_id(&self) -> RoomId {
        RoomId::from_uuid(Uuid::new_v5(&NAMESPACE, self.0.as_bytes()))
    }
}

impl TryFrom<&str> for RoomCode {
    type Error = IdError;

    fn try_from(text: &str) -> Result<Self, IdError> {
        let bytes = text.as_bytes();
        let well_formed = bytes.len() == 11
            && bytes.iter().enumerate().all(|(place, byte)| match place {
                3 | 7 => *byte == b'-',
                _ => byte.is_ascii_lowercase(),
            });
        if well_formed { Ok(Self(text.to_owned())) } else { Err(IdError::Pattern) }
    }
}

impl fmt::Display for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SeededRandom;

    proptest! {
        #[test]
        fn every_drawn_code_is_a_code(seed: u64) {
            let code = RoomCode::draw(&SeededRandom::new(seed));
            prop_assert_eq!(RoomCode::try_from(code.as_str()), Ok(code.clone()));
        }

        #[test]
        fn only_three_groups_of_three_small_letters_are_a_code(text in "[a-zA-Z0-9-]{0,12}") {
            let groups: Vec<&str> = text.split('-').collect();
            let expected = groups.len() == 3
                && groups.iter().all(|group| group.len() == 3 && group.bytes().all(|b| b.is_ascii_lowercase()));
            prop_assert_eq!(RoomCode::try_from(text.as_str()).is_ok(), expected);
        }
    }
}

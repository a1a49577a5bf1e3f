//! What an API key may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A group of the server API's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Make rooms, speak into them, put people out of them, end them, and send webhooks: those of a session once more, or
    /// one for a try.
    Create,
    /// Mint join tokens.
    Tokens,
    /// Look at rooms, present and past, and at what came of their webhooks.
    Read,
}

impl Permission {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Create, Self::Tokens, Self::Read];

    const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Tokens => "tokens",
            Self::Read => "read",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Permission {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|one| one.word() == word).ok_or("must be create, tokens or read")
    }
}

//! Names that people give themselves.

use std::fmt;

use serde::Serialize;

/// Why a guest's name is refused; the text is what the caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty, blank, or over 50 characters.
    #[error("must be 1 to 50 characters")]
    Length,
    /// A line feed, an escape or the like.
    #[error("must not contain control characters")]
    Control,
}

/// The name of a guest: 1 to 50 characters (code points) after trimming, none of them a control character
/// (seed `join-room-by-code`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct GuestName(String);

impl GuestName {
    /// Most characters of a guest's name.
    pub const MAX: usize = 50;

    /// The name as text, trimmed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for GuestName {
    type Error = NameError;

    fn try_from(text: &str) -> Result<Self, NameError> {
        let name = text.trim();
        if !(1..=Self::MAX).contains(&name.chars().count()) {
            return Err(NameError::Length);
        }
        if name.chars().any(char::is_control) {
            return Err(NameError::Control);
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for GuestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_counted_in_code_points_after_trimming() {
        assert_eq!(GuestName::try_from("  Jane Smith\t").expect("a name").as_str(), "Jane Smith");
        assert!(GuestName::try_from("é".repeat(50).as_str()).is_ok());
        assert_eq!(GuestName::try_from("é".repeat(51).as_str()), Err(NameError::Length));
        assert_eq!(GuestName::try_from(" \u{3000} "), Err(NameError::Length));
        assert_eq!(GuestName::try_from("a\u{0}b"), Err(NameError::Control));
    }
}

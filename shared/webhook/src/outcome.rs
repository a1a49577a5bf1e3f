//! What came of an attempt.

use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::TargetError;

/// What came of an attempt, in words that may be stored and shown to the receiver's owner: no address, name or text of
/// an inner error is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The receiver has it: any 2xx.
    Delivered {
        /// Its answer's status.
        #[serde(rename = "http_status", alias = "status")]
        status: u16,
    },
    /// The receiver wants no more: 410.
    Gone,
    /// The receiver answered with something else; a redirect, too, for none is followed.
    Rejected {
        /// Its answer's status.
        #[serde(rename = "http_status", alias = "status")]
        status: u16,
    },
    /// The target is forbidden; it is not tried again.
    Refused {
        /// Why.
        why: TargetError,
    },
    /// There was no answer in time.
    TimedOut,
    /// There was no answer.
    Unreachable {
        /// How far it came.
        why: Trouble,
    },
}

/// Where the way to the receiver ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Its name leads to no address.
    Dns,
    /// No connection was made.
    Connect,
    /// Its certificate is not to be trusted, or it speaks no TLS that we speak.
    Tls,
    /// The connection ended before an answer.
    CutOff,
    /// What it answered is not HTTP.
    NotHttp,
}

impl Outcome {
    /// Whether the receiver has it.
    pub fn is_delivered(self) -> bool {
        matches!(self, Self::Delivered { .. })
    }

    /// Whether it may be another one later; a receiver that is gone or a target that is refused stays so.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Rejected { .. } | Self::TimedOut | Self::Unreachable { .. })
    }
}

impl From<StatusCode> for Outcome {
    fn from(status: StatusCode) -> Self {
        match status {
            StatusCode::GONE => Self::Gone,
            _ if status.is_success() => Self::Delivered { status: status.as_u16() },
            _ => Self::Rejected { status: status.as_u16() },
        }
    }
}

impl From<TargetError> for Outcome {
    fn from(why: TargetError) -> Self {
        Self::Refused { why }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_outcome_is_stored_as_words_and_read_again() {
        let stored = [
            (Outcome::Delivered { status: 204 }, json!({"outcome": "delivered", "http_status": 204})),
            (Outcome::Gone, json!({"outcome": "gone"})),
            (Outcome::Rejected { status: 302 }, json!({"outcome": "rejected", "http_status": 302})),
            (
                Outcome::Refused { why: TargetError::ForbiddenAddress },
                json!({"outcome": "refused", "why": "forbidden_address"}),
            ),
            (Outcome::TimedOut, json!({"outcome": "timed_out"})),
            (
                Outcome::Unreachable { why: Trouble::CutOff },
                json!({"outcome": "unreachable", "why": "cut_off"}),
            ),
        ];
        for (outcome, words) in stored {
            assert_eq!(serde_json::to_value(outcome).expect("serialises"), words);
            assert_eq!(serde_json::from_value::<Outcome>(words).expect("deserialises"), outcome);
        }
    }

    #[test]
    fn only_2xx_is_success_and_only_410_is_the_end() {
        for status in 100..600 {
            let outcome = Outcome::from(StatusCode::from_u16(status).expect("a status"));
            assert_eq!(outcome.is_delivered(), (200..300).contains(&status), "{status}");
            assert_eq!(outcome == Outcome::Gone, status == 410, "{status}");
            assert_eq!(outcome.may_pass(), !outcome.is_delivered() && status != 410, "{status}");
        }
        assert!(!Outcome::from(TargetError::ForbiddenAddress).may_pass());
    }
}

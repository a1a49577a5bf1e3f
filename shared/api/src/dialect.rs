//! How refusals read: the same reason has one wording and one status in each dialect.

use models::Refusal;

use crate::{Answer, jwks, rooms, server};

/// Which API speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// plugNmeet's server API: `status`, `msg`, `status_code`.
    Server,
    /// The rooms API and all else of ours: `statusCode`, `message`, `error`.
    Rooms,
}

impl Dialect {
    /// The answer that says `refusal`.
    pub fn refuse(self, refusal: &Refusal) -> Answer {
        let answer = match self {
            Self::Server => server::refusal_answer(refusal),
            Self::Rooms => rooms::refusal_answer(refusal),
        };
        let retry_after = match refusal {
            Refusal::Busy => Some(1),
            Refusal::IssuerUnavailable => Some(jwks::ASK_AGAIN_SECONDS),
            _ => None,
        };
        Answer { refusal: Some(refusal.code()), retry_after, ..answer }
    }
}

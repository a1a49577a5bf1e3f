//! An answer on its way out.

use std::fmt;

use models::Refusal;
use serde::Serialize;
use store::StoredAnswer;

/// An HTTP answer with a JSON body, or none.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON text; empty for none.
    pub body: Vec<u8>,
    /// Seconds after which the same request may be sent again.
    pub retry_after: Option<u32>,
    /// Seconds for which anybody may keep it; none where nothing is said of that.
    pub max_age: Option<u32>,
    /// Why it is a refusal, for the log; stable, in capitals.
    pub refusal: Option<&'static str>,
}

/// Without the body: there may be a token in it.
impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Answer")
            .field("status", &self.status)
            .field("refusal", &self.refusal)
            .finish_non_exhaustive()
    }
}

impl Answer {
    /// A JSON answer.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("our answers have text keys");
        Self::of(status, body)
    }

    /// An answer whose JSON text is there already.
    pub fn json_text(status: u16, text: &str) -> Self {
        Self::of(status, text.into())
    }

    /// 204: done, and nothing to say.
    pub const fn no_content() -> Self {
        Self::of(204, Vec::new())
    }

    const fn of(status: u16, body: Vec<u8>) -> Self {
        Self { status, body, retry_after: None, max_age: None, refusal: None }
    }

    /// Whether it is kept under an Idempotency-Key: all but "later" and our own failures,
    /// which the server API's dialect may say with HTTP 200.
    pub fn is_final(&self) -> bool {
        let ours = [Refusal::Internal.code(), Refusal::Busy.code()];
        self.status != 429 && self.status < 500 && !self.refusal.is_some_and(|code| ours.contains(&code))
    }

    /// What is kept of it.
    pub fn stored(&self) -> StoredAnswer {
        StoredAnswer { status: self.status, body: self.body.clone() }
    }

    pub(crate) fn into_http(self) -> http::Response<lambda_http::Body> {
        let mut builder = http::Response::builder().status(self.status);
        if let Some(seconds) = self.retry_after {
            builder = builder.header("retry-after", seconds);
        }
        if let Some(seconds) = self.max_age {
            builder = builder.header("cache-control", format!("public, max-age={seconds}"));
        }
        let body = if self.body.is_empty() {
            lambda_http::Body::Empty
        } else {
            builder = builder.header("content-type", "application/json");
            String::from_utf8(self.body)
                .map_or_else(|error| lambda_http::Body::Binary(error.into_bytes()), lambda_http::Body::Text)
        };
        builder.body(body).expect("status and headers are well-formed")
    }
}

impl From<StoredAnswer> for Answer {
    fn from(kept: StoredAnswer) -> Self {
        Self { refusal: Some("KEPT"), ..Self::of(kept.status, kept.body) }
    }
}

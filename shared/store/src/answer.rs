//! Answers kept under an `Idempotency-Key`: part of the very transaction that they are the answer to.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use models::{Refusal, Timestamp};
use sha2::{Digest, Sha256};

use crate::commit::Verdict;
use crate::error::Halt;
use crate::items::{Item, Key, deflate, inflate};
use crate::step::{Step, n, s};
use crate::{Store, StoreError};

const KIND: &str = "IDEMPOTENCY";

/// How long an answer is kept, in seconds.
const KEPT_SECONDS: i64 = 24 * 3600;

/// An answer as it went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body; JSON, or nothing.
    pub body: Vec<u8>,
}

/// A request's right to be done once: its key within its scope, and what the request was.
#[derive(Clone, Debug)]
pub struct Claim {
    key: Key,
    request: String,
    expires_at: i64,
}

impl Claim {
    /// The claim of a request. `scope` says whose key it is, `request` is all that makes a request the same.
    pub fn new(scope: &str, key: &str, request: &[&[u8]], now: Timestamp) -> Self {
        Self {
            key: Key::idempotency(&digest(&[scope.as_bytes(), key.as_bytes()])),
            request: digest(request),
            expires_at: now.seconds() + KEPT_SECONDS,
        }
    }

    fn item(&self, answer: &StoredAnswer) -> Item {
        Item::from([
            ("request".to_owned(), s(&self.request)),
            ("status".to_owned(), n(answer.status)),
            ("body".to_owned(), AttributeValue::B(Blob::new(deflate(&answer.body)))),
            ("expires_at".to_owned(), n(self.expires_at)),
        ])
    }

    /// The write that keeps `answer`, unless one is kept already (an expired one does not count).
    fn step(&self, answer: &StoredAnswer, now: Timestamp) -> Step {
        let condition = "attribute_not_exists(#pk) OR #expires_at <= :now_seconds";
        Step::put(self.key.clone(), self.item(answer), condition, vec![("now_seconds", n(now.seconds()))])
    }

    /// The kept answer in `item`, or the refusal of a key that came with another request.
    fn answer(&self, item: &Item) -> Result<StoredAnswer, Halt> {
        let corrupt = || StoreError::Corrupt(KIND, "attributes".to_owned());
        if item.get("request") != Some(&s(&self.request)) {
            return Err(Refusal::KeyReused.into());
        }
        let status = item.get("status").and_then(|status| status.as_n().ok()?.parse().ok());
        let body = item.get("body").and_then(|body| body.as_b().ok()).ok_or_else(corrupt)?;
        Ok(StoredAnswer { status: status.ok_or_else(corrupt)?, body: inflate(KIND, body.as_ref())? })
    }
}

/// A claim with the way to write the answer once what it says is known.
#[derive(Clone, Copy)]
pub struct Keep<'a, T> {
    /// The request's claim.
    pub claim: &'a Claim,
    /// The answer to a success.
    pub render: &'a (dyn Fn(&T) -> StoredAnswer + Send + Sync),
}

impl<T> Keep<'_, T> {
    pub(crate) fn step(&self, done: &T, now: Timestamp) -> Step {
        self.claim.step(&(self.render)(done), now)
    }
}

/// Of a refused transaction whose last step kept an answer: stops with the answer that was kept before, if that is why.
/// It is judged before all other reasons.
pub(crate) fn kept_before<T>(keep: Option<&Keep<'_, T>>, verdicts: &[Verdict]) -> Result<(), Halt> {
    if let (Some(keep), Some(Verdict::Failed(Some(item)))) = (keep, verdicts.last())
        && keep.claim.key.is_of(item)
    {
        return Err(Halt::Kept(keep.claim.answer(item)?));
    }
    Ok(())
}

impl Store {
    /// The answer that was kept under the claim.
    pub async fn kept_answer(&self, claim: &Claim) -> Result<Option<StoredAnswer>, Halt> {
        let now = self.clock.now().seconds();
        match self.get(&claim.key).await? {
            Some(item) if item.get("expires_at").is_some_and(|at| is_after(at, now)) => {
                claim.answer(&item).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Keeps an answer that no transaction kept: a refusal, or a success that changed nothing. Stops with the answer of
    /// somebody who was faster.
    pub async fn keep_answer(&self, claim: &Claim, answer: &StoredAnswer) -> Result<(), Halt> {
        use crate::commit::Outcome;
        match self.commit_one(&claim.step(answer, self.clock.now())).await? {
            Outcome::Committed => Ok(()),
            Outcome::Refused(verdicts) => match verdicts.into_iter().next() {
                Some(Verdict::Failed(Some(item))) => Err(Halt::Kept(claim.answer(&item)?)),
                _ => Ok(()),
            },
        }
    }
}

fn is_after(at: &AttributeValue, now: i64) -> bool {
    at.as_n().ok().and_then(|at| at.parse::<i64>().ok()).is_some_and(|at| at > now)
}

/// SHA-256 in hexadecimal over the parts, each preceded by its length, so that no two lists of parts read alike.
fn digest(parts: &[&[u8]]) -> String {
    use std::fmt::Write as _;
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

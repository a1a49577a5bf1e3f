//! Answers kept under an `Idempotency-Key`: part of the very transaction that they are the answer to.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use models::{Refusal, Timestamp};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::commit::{Outcome, Verdict, Watch};
use crate::error::Halt;
use crate::items::{Item, Key, deflate, inflate};
use crate::step::{Step, n, s};
use crate::{Store, StoreError};

const KIND: &str = "IDEMPOTENCY";

/// How long an answer is kept, in seconds.
const KEPT_SECONDS: i64 = 24 * 3600;

/// An answer as it went out.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body; JSON, or nothing.
    pub body: Vec<u8>,
}

/// Without the body, which may hold a token.
impl fmt::Debug for StoredAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// A request's right to be done once: its key within its scope, and what the request was.
#[derive(Debug)]
pub struct Claim {
    key: Key,
    request: String,
    id: Uuid,
    expires_at: i64,
    spent: AtomicBool,
}

impl Claim {
    /// The claim of a request. `scope` says whose key it is, `request` is all that makes a request the same.
    pub fn new(scope: &str, key: &str, request: &[&[u8]], now: Timestamp) -> Self {
        let (whose, request) = (digest(&[scope.as_bytes(), key.as_bytes()]), digest(request));
        Self {
            key: Key::idempotency(&whose),
            id: Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{whose} {request}").as_bytes()),
            request,
            expires_at: now.seconds() + KEPT_SECONDS,
            spent: AtomicBool::new(false),
        }
    }

    /// An id for what the request does outside the table: a request that is sent again gives it the same one.
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// Whether a transaction has kept its answer under this claim.
    pub fn is_spent(&self) -> bool {
        self.spent.load(Ordering::Relaxed)
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

impl Store {
    /// Commits the steps, and with them the answer that is to be kept: what it says is made by `done`.
    ///
    /// The kept answer is judged first: of a request that was answered before nothing else is looked at.
    pub(crate) async fn commit_keeping<T>(
        &self,
        keep: Option<&Keep<'_, T>>,
        done: impl Fn(Timestamp) -> T,
        steps: impl Fn(Timestamp) -> Vec<Step>,
    ) -> Result<Outcome, Halt> {
        self.commit_keeping_watched(keep, done, steps, None).await
    }

    /// The same, and a single step without an answer to keep by a plain write, at half the price. Such a step must be
    /// harmless to repeat.
    pub(crate) async fn commit_cheaply<T>(
        &self,
        keep: Option<&Keep<'_, T>>,
        done: impl Fn(Timestamp) -> T,
        steps: impl Fn(Timestamp) -> Vec<Step>,
    ) -> Result<Outcome, Halt> {
        if keep.is_none()
            && let [step] = steps(self.clock.now()).as_slice()
        {
            return Ok(self.commit_one(step).await?);
        }
        self.commit_keeping(keep, done, steps).await
    }

    /// The same, with somebody who looks whether it can still succeed while it waits for its turn.
    pub(crate) async fn commit_keeping_watched<T>(
        &self,
        keep: Option<&Keep<'_, T>>,
        done: impl Fn(Timestamp) -> T,
        steps: impl Fn(Timestamp) -> Vec<Step>,
        watch: Option<&Watch<'_>>,
    ) -> Result<Outcome, Halt> {
        let build = |now| {
            let mut steps = steps(now);
            steps.extend(keep.map(|keep| keep.claim.step(&(keep.render)(&done(now)), now)));
            steps
        };
        let outcome = self.commit(build, watch).await?;
        let Some(keep) = keep else { return Ok(outcome) };
        match &outcome {
            Outcome::Committed(_) => keep.claim.spent.store(true, Ordering::Relaxed),
            Outcome::Refused(verdicts) => {
                if let Some(Verdict::Failed(Some(item))) = verdicts.last()
                    && keep.claim.key.is_of(item)
                {
                    return Err(Halt::Kept(keep.claim.answer(item)?));
                }
            }
        }
        Ok(outcome)
    }

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
        match self.commit_one(&claim.step(answer, self.clock.now())).await? {
            Outcome::Committed(_) => Ok(()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_under_a_key_has_one_id() {
        let id = |scope: &str, key: &str, request: &[u8], now: i64| {
            Claim::new(scope, key, &[request], Timestamp::from_seconds(now)).id()
        };
        let first = id("a", "k", b"{}", 1);
        assert_eq!(first, id("a", "k", b"{}", 2));
        let others = [id("b", "k", b"{}", 1), id("a", "l", b"{}", 1), id("a", "k", b"[]", 1)];
        assert!(!others.contains(&first));
    }
}

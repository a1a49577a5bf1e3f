//! The public keys of the users' issuer (JWKS): fetched when the first token needs one, kept, and fetched again when they
//! are old or lack one (`docs/decisions/0021`).

mod fetch;
mod key_set;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jsonwebtoken::{DecodingKey, Header};
use models::{Refusal, Timestamp};
use tracing::{error, warn};

use self::fetch::{Address, FetchError, Fetched};
use self::key_set::KeySet;
use crate::{ConfigError, Env};

/// The variable that says where they are.
const VARIABLE: &str = "USER_JWT_JWKS_URL";

const EXPECTED: &str = "an https address, or an http one of this machine";

/// How long ago the last fetch must have begun before a key that is not in the set, or a set that could not be renewed, is
/// asked for: forged tokens must be no flood of fetches, nor may everybody wait for an issuer that does not answer.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// The same where there is no set to go on with, in seconds; so long callers are told to wait.
pub(crate) const ASK_AGAIN_SECONDS: u32 = 5;

/// How long a set is used after its fetch if no newer one can be had.
const KEPT: Duration = Duration::from_hours(1);

/// The keys of an issuer, as far as this process knows them.
#[derive(Debug)]
pub(crate) struct Jwks {
    address: Address,
    known: Mutex<Known>,
    /// Held by whoever fetches: the others wait for what he brings.
    fetching: tokio::sync::Mutex<()>,
}

/// What is known of them at a moment.
#[derive(Clone, Debug, Default)]
struct Known {
    set: Option<Arc<Set>>,
    /// When the last fetch began.
    asked_at: Option<Timestamp>,
    /// Whether it was in vain.
    failed: bool,
}

#[derive(Debug)]
struct Set {
    keys: KeySet,
    fetched_at: Timestamp,
    good_for: Duration,
}

impl Known {
    /// The set, unless it is too old for any use.
    fn set(&self, now: Timestamp) -> Option<&Set> {
        self.set.as_deref().filter(|set| now.since(set.fetched_at) < KEPT)
    }

    fn key(&self, header: &Header, now: Timestamp) -> Option<&DecodingKey> {
        self.set(now).and_then(|set| set.keys.find(header))
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        self.set(now).is_some_and(|set| now.since(set.fetched_at) < set.good_for)
    }

    fn may_ask(&self, now: Timestamp) -> bool {
        let for_any = Duration::from_secs(ASK_AGAIN_SECONDS.into());
        let pause = if self.set(now).is_some() { ASK_AGAIN } else { for_any };
        self.asked_at.is_none_or(|at| now.since(at) >= pause)
    }
}

impl Jwks {
    /// Reads where the keys are; none where no address is given. Nothing is fetched yet.
    pub(crate) fn load(env: &Env) -> Result<Option<Self>, ConfigError> {
        let Some(url) = env.optional(VARIABLE) else { return Ok(None) };
        let address = Address::of(url).ok_or_else(|| ConfigError::Wrong(VARIABLE.to_owned(), EXPECTED))?;
        Ok(Some(Self { address, known: Mutex::default(), fetching: tokio::sync::Mutex::default() }))
    }

    /// The key that a token with this header was signed with, if it is genuine.
    pub(crate) async fn key(&self, header: &Header, now: Timestamp) -> Result<DecodingKey, Refusal> {
        if header.crit.is_some() {
            // It asks for what is not done here, and must not be accepted without (RFC 7515, section 4.1.11).
            return Err(Refusal::InvalidToken);
        }
        let mut known = self.lock().clone();
        if !known.is_fresh(now) || known.key(header, now).is_none() {
            known = self.renewed(now).await;
        }
        match known.key(header, now) {
            Some(key) => Ok(key.clone()),
            // It may be there, where nobody answers.
            None if known.failed => Err(Refusal::IssuerUnavailable),
            None => Err(Refusal::InvalidToken),
        }
    }

    /// What is known after a fetch; or without one, if the last was a moment ago.
    async fn renewed(&self, now: Timestamp) -> Known {
        let _turn = self.fetching.lock().await;
        let before = self.lock().clone();
        if !before.may_ask(now) {
            return before;
        }
        let fetched = self.address.fetch().await;
        if let Err(why) = &fetched {
            log_failure(why, before.set(now).is_some());
        }
        let known = match fetched {
            Ok(Fetched { keys, good_for }) => {
                if keys.len() == 0 {
                    warn!("no key of the issuer can be used");
                }
                let set = Some(Arc::new(Set { keys, fetched_at: now, good_for }));
                Known { set, asked_at: Some(now), failed: false }
            }
            Err(_) => Known { asked_at: Some(now), failed: true, ..before },
        };
        self.lock().clone_from(&known);
        known
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn log_failure(why: &FetchError, goes_on: bool) {
    if goes_on {
        warn!(error = %why, "keys of the issuer, those of before are used");
    } else {
        error!(error = %why, "keys of the issuer");
    }
}

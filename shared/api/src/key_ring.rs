//! Who calls the server API: keys as data, signatures over the raw body.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use models::{ApiKeyId, Clock, JoinToken, Permission, Refusal, RoomKey, Tenant, Timestamp};
use sha2::Sha256;
use store::{ApiKey, Halt, Store, StoreError};
use subtle::ConstantTimeEq;
use tracing::error;

use crate::secrets::Secrets;
use crate::tokens::{join_token_key, verify_join_token};
use crate::{ConfigError, Env, Request, Secret, log};

/// How long a key is remembered: a disabled one stops within this time.
const REMEMBERED: Duration = Duration::from_mins(1);

/// How long ago a remembered key must have been looked up to be read again for a signature that does not fit.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// How long all secrets of a key may take where no request says it.
const LOOK_UP: Duration = Duration::from_secs(8);

/// How far a signed timestamp may be from our clock, in seconds.
const MOST_SKEW: i64 = 300;

/// A caller of the server API, known by its signature.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The key that signed.
    pub api_key: ApiKeyId,
    /// Whose rooms it may touch.
    pub tenant: Tenant,
    /// The key's newest secret, which signs what it asks for.
    pub secret: Secret,
}

impl Caller {
    /// The room of this name in the caller's tenant, which the log names from here on; none for a name that no create
    /// could have made, which is "not found" without a read.
    pub fn room(&self, room_id: &str) -> Option<RoomKey> {
        let key = RoomKey { tenant: self.tenant.clone(), room: room_id.try_into().ok()? };
        log::room(&key);
        Some(key)
    }
}

/// A key as the process remembers it.
#[derive(Clone, Debug)]
struct Known {
    tenant: Tenant,
    /// The newest first.
    secrets: Vec<Held>,
    permissions: Option<BTreeSet<Permission>>,
    /// When the table said so.
    read_at: Timestamp,
    /// When it was last looked for, in vain or not.
    tried_at: Timestamp,
    /// Whether these are all secrets of the key, as far as could be looked up.
    is_whole: bool,
}

/// A secret with the reference that it was found by, which never becomes another's.
#[derive(Clone, Debug)]
struct Held {
    /// In a local stack it is the secret itself.
    reference: Secret,
    secret: Secret,
}

impl Known {
    fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.iter().map(|held| &held.secret)
    }

    /// The newest secret that could be looked up.
    fn newest(&self) -> Result<&Secret, StoreError> {
        self.secrets().next().ok_or_else(not_looked_up)
    }

    fn held(&self, reference: &str) -> Option<&Held> {
        self.secrets.iter().find(|held| held.reference.text() == reference)
    }
}

/// The API keys that this process has met, each for a minute at most.
#[derive(Debug)]
pub struct KeyRing {
    secrets: Secrets,
    known: Mutex<HashMap<ApiKeyId, Known>>,
}

impl KeyRing {
    /// An empty ring.
    pub fn new(env: &Env) -> Self {
        Self { secrets: env.secrets().clone(), known: Mutex::default() }
    }

    /// An empty ring, as the configuration of a function that has no other.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self::new(env))
    }

    /// Who signed the request: `API-KEY` and `HASH-SIGNATURE`, the lower-case hexadecimal HMAC-SHA256 of the raw body.
    /// With `X-Signature-Timestamp` the signature covers `timestamp + "." + body`, and the time must be within 300 s.
    pub async fn authenticate(
        &self,
        store: &Store,
        clock: &dyn Clock,
        request: &Request,
        permission: Permission,
    ) -> Result<Caller, Halt> {
        let id = match (request.header("api-key"), request.headers.get("api-key")) {
            (Some(id), _) => id,
            // There is something, but it is no text.
            (None, Some(value)) if !value.as_bytes().trim_ascii().is_empty() => {
                return Err(Refusal::InvalidApiKey.into());
            }
            (None, _) => return Err(Refusal::MissingApiKey.into()),
        };
        let id = ApiKeyId::try_from(id).map_err(|_| Refusal::InvalidApiKey)?;
        // The order of refusals is plugNmeet's: the key comes before the rest.
        self.known(store, clock.now(), &id).await?.ok_or(Refusal::InvalidApiKey)?;
        let signature = request.header("hash-signature").ok_or(Refusal::MissingSignature)?;
        let timestamp = request.header("x-signature-timestamp");
        if timestamp.is_none() && request.headers.contains_key("x-signature-timestamp") {
            return Err(Refusal::InvalidSignature.into());
        }
        if timestamp.is_some_and(|stamp| !is_recent(stamp, clock.now())) {
            return Err(Refusal::InvalidSignature.into());
        }
        let signed = |secret: &Secret| {
            let right = sign(secret.as_bytes(), timestamp, &request.body);
            bool::from(right.as_bytes().ct_eq(signature.as_bytes()))
        };
        let check = |known: &Known| {
            let newest = known.secrets().next().filter(|_| known.secrets().any(signed));
            let secret = newest.ok_or(Refusal::InvalidSignature)?.clone();
            if known.permissions.as_ref().is_some_and(|own| !own.contains(&permission)) {
                return Err(Refusal::NotPermitted(permission));
            }
            Ok(Caller { api_key: id.clone(), tenant: known.tenant.clone(), secret })
        };
        self.judge(store, clock.now(), &id, Refusal::InvalidApiKey, check).await
    }

    /// The join token that the text is, by the API key that signed it. A key that was switched off since takes its
    /// tokens with it.
    pub async fn join_token(&self, store: &Store, now: Timestamp, text: &str) -> Result<JoinToken, Halt> {
        let id = join_token_key(text)?;
        let verify = |known: &Known| verify_join_token(text, &id, &known.tenant, known.secrets(), now);
        let token = self.judge(store, now, &id, Refusal::InvalidToken, verify).await?;
        log::room(&token.room);
        Ok(token)
    }

    /// The key that signs what is sent in the name of a tenant, with its newest secret: the one that made the room, or, when
    /// there is none or it is switched off, the tenant's oldest that is active.
    pub async fn signer(
        &self,
        store: &Store,
        now: Timestamp,
        tenant: &Tenant,
        made_by: Option<&ApiKeyId>,
    ) -> Result<Option<(ApiKeyId, Secret)>, Halt> {
        if let Some(id) = made_by
            && let Some(known) = self.known(store, now, id).await?
            && known.tenant == *tenant
        {
            return Ok(Some((id.clone(), known.newest()?.clone())));
        }
        for id in store.api_key_ids(tenant).await? {
            if let Some(known) = self.known(store, now, &id).await? {
                return Ok(Some((id, known.newest()?.clone())));
            }
        }
        Ok(None)
    }

    /// What `check` says of the key. A remembered one whose secrets do not fit is read again, for it may have been rotated
    /// since; at most once a second, so that forged signatures are no flood of reads.
    async fn judge<T>(
        &self,
        store: &Store,
        now: Timestamp,
        id: &ApiKeyId,
        unknown: Refusal,
        check: impl Fn(&Known) -> Result<T, Refusal>,
    ) -> Result<T, Halt> {
        let mut known = self.known(store, now, id).await?.ok_or_else(|| unknown.clone())?;
        let mut checked = check(&known);
        if does_not_fit(&checked) && now.since(known.tried_at) >= READ_AGAIN {
            known = self.renewed(store, now, id, known).await.ok_or(unknown)?;
            checked = check(&known);
        }
        if does_not_fit(&checked) && !known.is_whole {
            // It may be by the secret that could not be looked up.
            return Err(not_looked_up().into());
        }
        Ok(checked?)
    }

    /// The key, no older than a minute; than a second when none of its secrets could be looked up.
    async fn known(&self, store: &Store, now: Timestamp, id: &ApiKeyId) -> Result<Option<Known>, Halt> {
        let remembered = self.lock().get(id).cloned();
        let good_for = |known: &Known| if known.secrets.is_empty() { READ_AGAIN } else { REMEMBERED };
        match remembered {
            Some(known) if now.since(known.read_at) < good_for(&known) => Ok(Some(known)),
            remembered => Ok(self.read(store, now, id, remembered.as_ref()).await?),
        }
    }

    /// The key as it is in the table now. When that cannot be read, what is remembered of it is good for the rest of its
    /// minute: whoever sends what does not fit must not take it from those who send what does.
    async fn renewed(&self, store: &Store, now: Timestamp, id: &ApiKeyId, known: Known) -> Option<Known> {
        match self.read(store, now, id, Some(&known)).await {
            Ok(renewed) => renewed,
            Err(failure) => {
                failure.log("API key");
                let known = Known { tried_at: now, is_whole: false, ..known };
                self.lock().insert(id.clone(), known.clone());
                Some(known)
            }
        }
    }

    /// Reads the key, and remembers it in place of what was known of it `before`.
    async fn read(
        &self,
        store: &Store,
        now: Timestamp,
        id: &ApiKeyId,
        before: Option<&Known>,
    ) -> Result<Option<Known>, StoreError> {
        let Some(key) = store.api_key(id).await?.filter(ApiKey::is_active) else {
            self.lock().remove(id);
            return Ok(None);
        };
        let secrets = self.secrets_of(store, &key, before).await;
        let is_whole = secrets.len() == key.secrets.len();
        let (tenant, permissions) = (key.tenant, key.permissions);
        let known = Known { tenant, secrets, permissions, read_at: now, tried_at: now, is_whole };
        self.lock().insert(id.clone(), known.clone());
        Ok(Some(known))
    }

    /// The secrets of a key. Only what was not known `before` is asked for, within the time that the request has; what
    /// then is not to be had is missing.
    async fn secrets_of(&self, store: &Store, key: &ApiKey, before: Option<&Known>) -> Vec<Held> {
        let end = store::request_ends().unwrap_or_else(|| store.now().plus(LOOK_UP));
        let mut secrets = Vec::with_capacity(key.secrets.len());
        for reference in &key.secrets {
            if let Some(held) = before.and_then(|known| known.held(reference)) {
                secrets.push(held.clone());
                continue;
            }
            let left = end.since(store.now());
            match tokio::time::timeout(left, self.secrets.resolve(reference)).await {
                Ok(Ok(secret)) => secrets.push(Held { reference: reference.as_str().into(), secret }),
                Ok(Err(failure)) => error!(error = %failure, "secret of an API key"),
                Err(_) => error!(error = "no answer in the time of the request", "secret of an API key"),
            }
        }
        secrets
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ApiKeyId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_looked_up() -> StoreError {
    StoreError::Unavailable("secrets of an API key".to_owned())
}

/// Whether none of the key's secrets made what was checked.
fn does_not_fit<T>(checked: &Result<T, Refusal>) -> bool {
    matches!(checked, Err(Refusal::InvalidSignature | Refusal::InvalidToken))
}

/// The signature of a body, with a timestamp before it where there is one.
fn sign(secret: &[u8], timestamp: Option<&str>, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    if let Some(timestamp) = timestamp {
        mac.update(timestamp.as_bytes());
        mac.update(b".");
    }
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

fn is_recent(stamp: &str, now: Timestamp) -> bool {
    let digits = !stamp.is_empty() && stamp.bytes().all(|byte| byte.is_ascii_digit());
    digits
        && stamp.parse::<i64>().is_ok_and(|stamp| now.seconds().abs_diff(stamp) <= MOST_SKEW.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_hmac_of_the_raw_body() {
        // Checked with `openssl dgst -sha256 -hmac`.
        assert_eq!(
            sign(b"key", None, b"The quick brown fox jumps over the lazy dog"),
            "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
        );
        assert_eq!(sign(b"k", Some("12"), b"{}"), sign(b"k", None, b"12.{}"));
    }

    #[test]
    fn a_timestamp_is_good_for_five_minutes_either_way() {
        let now = Timestamp::from_seconds(1_000_000);
        for (stamp, good) in
            [("1000000", true), ("999700", true), ("1000300", true), ("999699", false), ("1000301", false)]
        {
            assert_eq!(is_recent(stamp, now), good, "{stamp}");
        }
        for bad in ["", "-1", "1e6", "1000000.0", "99999999999999999999"] {
            assert!(!is_recent(bad, now), "{bad}");
        }
    }
}

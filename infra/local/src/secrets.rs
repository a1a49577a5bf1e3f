//! Secrets of a local stack: nothing here protects anything.

use aws_credential_types::Credentials;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use models::{ApiKeyId, Clock as _, SystemClock, Tenant, Timestamp};
use serde_json::json;
use sha2::Sha256;
use store::{ApiKey, Store};

use crate::template::Template;

/// The secret of user JWTs, unless `--env UserJwtSecret=…` gives another.
pub const USER_JWT_SECRET: &str = "local-user-jwt-secret-0123456789abcdef";

/// How long a token of `cargo dev token` is good, in seconds.
const USER_TOKEN_SECONDS: i64 = 24 * 3600;

/// The AWS credentials of this process; without any, some that only a local DynamoDB takes.
pub fn aws_credentials() -> Credentials {
    let [id, key, token] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
        .map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    match (id, key) {
        (Some(id), Some(key)) => Credentials::new(id, key, token, None, "environment"),
        _ => Credentials::new("local", "local", None, None, "local"),
    }
}

/// The value of a function's variable on this machine, where SSM knows the secrets of API keys alone: in place of a
/// parameter's name (`ssm:…`) stands a secret made of it, the same at every start, so that kept data stays usable.
pub fn local_value(value: &str) -> String {
    match value.strip_prefix("ssm:") {
        Some(name) => sign(b"vestibule-local-stack", name.as_bytes()),
        None => value.to_owned(),
    }
}

/// The signature of a request's body, as the server API wants it.
pub fn sign(secret: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// Puts the stack's API key into its table, in place of what is there under its name.
pub async fn put_api_key(store: &Store, id: &ApiKeyId, secret: &str) -> Result<(), store::Halt> {
    let key = ApiKey::new(Tenant::main(), secret.to_owned(), SystemClock.now());
    store.put_api_key(id, &key, true).await?;
    Ok(())
}

/// A JWT for the user `sub` that a stack of this template accepts, for 24 hours from now.
pub fn user_token(template: &Template, sub: &str, name: Option<&str>) -> String {
    user_token_at(template, sub, name, SystemClock.now())
}

/// The same by another clock.
pub fn user_token_at(template: &Template, sub: &str, name: Option<&str>, now: Timestamp) -> String {
    let parameter = |name: &str| template.parameters.get(name).filter(|value| !value.is_empty());
    let now = now.seconds();
    let mut claims = json!({"sub": sub, "iat": now, "exp": now + USER_TOKEN_SECONDS});
    for (claim, value) in [
        ("name", name),
        ("iss", parameter("UserJwtIssuer").map(String::as_str)),
        ("aud", parameter("UserJwtAudience").map(String::as_str)),
    ] {
        if let Some(value) = value {
            claims[claim] = value.into();
        }
    }
    let secret = parameter("UserJwtSecret").map_or_else(String::new, |value| local_value(value));
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("claims are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_become_secrets_and_values_stay() {
        assert_eq!(local_value("plain"), "plain");
        assert_eq!(local_value("ssm:/a").len(), 64);
        assert_eq!(local_value("ssm:/a"), local_value("ssm:/a"));
        assert_ne!(local_value("ssm:/a"), local_value("ssm:/b"));
    }
}

mod attacks;
mod issuer;
mod renewal;
mod sets;

use std::sync::Arc;
use std::time::Duration;

use models::{Refusal, Timestamp};

use self::issuer::{Issuer, NOW};
use super::*;
use crate::{Bearer, Users};

const SECRET: &str = "a secret of users' tokens";

/// Users whose tokens are verified by a secret and by the issuer's keys.
fn users(issuer: &Issuer) -> Users {
    users_of(&issuer.url(), Duration::from_secs(20))
}

fn users_of(url: &str, timeout: Duration) -> Users {
    let env = Env::new([(VARIABLE.to_owned(), url.to_owned())]);
    let mut jwks = Jwks::load(&env).expect("an address").expect("given");
    jwks.address.timeout = timeout;
    Users::of(Some(SECRET.into()), Some(Arc::new(jwks)), Some("iss"), Some("aud"))
}

/// Whose token it is at `now`.
async fn user_at(users: &Users, token: &str, now: Timestamp) -> Result<String, Refusal> {
    users.verify(Bearer::new(token), now).await.map(|user| user.id.to_string())
}

async fn user(users: &Users, token: &str) -> Result<String, Refusal> {
    user_at(users, token, NOW).await
}

/// `NOW` and as many seconds more.
fn after(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a verification gives")]
fn ann() -> Result<String, Refusal> {
    Ok("ann".to_owned())
}

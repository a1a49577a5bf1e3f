//! Who is behind a connection, by the token that he brings (`rules.md` 5). Connecting spends none.

use api::{Bearer, ConfigError, Env, Halt, KeyRing, Sessions, User, Users};
use models::Timestamp;
use store::{Caller, Store};

/// How tokens of every kind are verified.
pub struct Callers {
    users: Users,
    keys: KeyRing,
    sessions: Sessions,
}

impl Callers {
    /// Reads the environment.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            users: Users::load(env).await?,
            keys: KeyRing::new(env),
            sessions: Sessions::load(env).await?,
        })
    }

    /// Who brings this token; a guest brings none. Which kind it is, the token says; what it says is believed once it is
    /// verified.
    pub async fn identify(&self, store: &Store, token: Option<&str>, now: Timestamp) -> Result<Caller, Halt> {
        let Some(text) = token else { return Ok(Caller::Guest) };
        let bearer = Bearer::new(text);
        if bearer.is_session() {
            return Ok(Caller::Seated(self.sessions.verify(bearer, now)?));
        }
        if bearer.is_join() {
            let token = self.keys.join_token(store, now, text).await?;
            return Ok(Caller::Invited { token, expires_at: bearer.expires_at().unwrap_or(now) });
        }
        let User { id, profile } = self.users.verify(bearer, now).await?;
        Ok(Caller::User { id, profile, expires_at: bearer.expires_at() })
    }
}

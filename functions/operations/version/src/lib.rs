//! `GET /version`: what is deployed.

#[cfg(test)]
mod tests;

use api::{Answer, App, ConfigError, Env, Halt, Request};
use serde::Serialize;

/// What this function is configured with: nothing.
pub struct Config;

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(_env: &Env) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

#[derive(Serialize)]
struct VersionOut {
    name: &'static str,
    version: &'static str,
}

/// Answers one request.
#[expect(clippy::unused_async, reason = "every function is called in the same way")]
pub async fn handle(_app: &App<Config>, _request: &Request) -> Result<Answer, Halt> {
    Ok(Answer::json(200, &VersionOut { name: "vestibule", version: env!("CARGO_PKG_VERSION") }))
}

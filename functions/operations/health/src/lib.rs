//! `GET /health`: whether the parts that every call needs can be reached, and how fast.

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
struct HealthOut {
    status: &'static str,
    checks: Checks,
}

#[derive(Serialize)]
struct Checks {
    dynamodb: Check,
}

#[derive(Serialize)]
struct Check {
    status: &'static str,
    ms: u64,
}

/// Answers one request: 200, or 503 when a part cannot be reached.
pub async fn handle(app: &App<Config>, _request: &Request) -> Result<Answer, Halt> {
    let started = app.clock.now();
    let reached = app.store.warm().await.is_ok();
    let ms = u64::try_from(app.clock.now().since(started).as_millis()).unwrap_or(u64::MAX);
    let status = if reached { "ok" } else { "unreachable" };
    let out = HealthOut { status, checks: Checks { dynamodb: Check { status, ms } } };
    Ok(Answer::json(if reached { 200 } else { 503 }, &out))
}

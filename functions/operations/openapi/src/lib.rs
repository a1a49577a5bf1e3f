//! `GET /openapi.json`: everything over HTTP, described for machines.
//!
//! The document is written by hand, but for the schemas that follow from the tables of `wire`. Tests hold all of it to the
//! template's routes, to those tables, and to what the functions answer.

#[cfg(test)]
mod tests;

use api::{Answer, App, ConfigError, Env, Halt, Request};

/// The document: OpenAPI 3.1, as JSON with its keys in order.
pub const DOCUMENT: &str = include_str!("../openapi.json");

/// How long it may be kept, in seconds: an hour after a deployment everybody sees the new one.
const MAX_AGE: u32 = 3600;

/// What this function is configured with: nothing.
pub struct Config;

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(_env: &Env) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

/// Answers one request.
#[expect(clippy::unused_async, reason = "every function is called in the same way")]
pub async fn handle(_app: &App<Config>, _request: &Request) -> Result<Answer, Halt> {
    Ok(Answer { max_age: Some(MAX_AGE), ..Answer::json_text(200, DOCUMENT) })
}

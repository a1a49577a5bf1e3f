//! `POST /auth/webhook/test`: sends one event to a URL at once, signed with the caller's key, and says what came of it.

#[cfg(test)]
mod tests;

use api::server::{Common, With};
use api::{Answer, App, ConfigError, Env, Halt, KeyRing, Request};
use models::{Permission, Refusal};
use serde::Serialize;
use uuid::Uuid;
use webhook::{Attempt, Client, Occurrence, Outcome, Payload, Policy, Signer, Target, delivery_id};
use wire::Message;

/// What this function is configured with.
pub struct Config {
    keys: KeyRing,
    client: Client,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        let policy = Policy::new(env.switch("WEBHOOK_ALLOW_PRIVATE_NETWORKS")?);
        Ok(Self { keys: KeyRing::new(env), client: Client::new(policy) })
    }
}

#[derive(Serialize)]
struct TestedOut {
    delivery_id: Uuid,
    #[serde(flatten)]
    outcome: Outcome,
}

/// Answers one request.
pub async fn handle(app: &App<Config>, request: &Request) -> Result<Answer, Halt> {
    let caller = app.config.keys.authenticate(&app.store, &*app.clock, request, Permission::Create).await?;
    let url = Message::root(request.object()?).required_string("url")?;
    Target::parse(&url).map_err(|error| Refusal::invalid("url", error.to_string()))?;
    let now = app.clock.now();
    let event = Payload { id: app.random.uuid(), created_at: now, occurrence: Occurrence::WebhookTest };
    let (body, delivery_id) = (event.json(), delivery_id(event.id, &url));
    let attempt = Attempt { sequence: None, delivery: delivery_id, number: 1 };
    let signer = Signer { key: &caller.api_key, secret: caller.secret.as_bytes() };
    let headers = attempt.headers(body.as_bytes(), signer, now);
    let outcome = app.config.client.post(&url, headers, body).await;
    Ok(With::new(Common::success(), TestedOut { delivery_id, outcome }).answer())
}

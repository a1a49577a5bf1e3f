//! Makes the deployment's signing secret and its first API key when `CloudFormation` asks for them: what is missing
//! is made, what is there is never touched, and nothing is taken away.
//!
//! The event and the reply are those of a custom resource:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html>. They are our own types because
//! `CloudFormation` has to be answered even when the properties are not what we expect.

mod reply;
mod stores;

use std::time::Duration;

use api::{ConfigError, Env, Error, EventKind, Secret, Ssm, Worker};
use models::{ApiKeyId, Clock, Random, Tenant};
use serde::Deserialize;
use store::ApiKey;
use tracing::{error, info};

use crate::reply::{Reply, send};
use crate::stores::{Stores, Vault};

/// How long the secrets may take. The function has half a minute, and `CloudFormation` must be told in what is left.
const WITHIN: Duration = Duration::from_secs(12);

/// What this function works on.
pub const KIND: EventKind = EventKind { name: "custom resource", within: WITHIN };

/// What this function is configured with.
pub struct Config {
    ssm: Ssm,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::unused_async, reason = "every function loads in the same way; others read secrets")]
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { ssm: Ssm::of(env)? })
    }
}

/// What `CloudFormation` asks.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    request_type: RequestType,
    /// Where the answer goes; whoever knows it may answer, so it is no text for a log.
    #[serde(rename = "ResponseURL")]
    response_url: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    physical_resource_id: Option<String>,
    #[serde(default)]
    resource_properties: serde_json::Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum RequestType {
    Create,
    Update,
    Delete,
}

/// The properties of the resource in the template.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    /// What the names of all secrets begin with: `/vestibule/<stack>`.
    prefix: String,
    /// The public name of the first API key.
    api_key: String,
}

/// Why secrets could not be made; holds nothing of a secret.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// The resource in the template is not what it should be.
    #[error("properties: {0}")]
    Properties(String),
    /// SSM did not take a secret.
    #[error(transparent)]
    Ssm(#[from] api::SsmError),
    /// The table did not take the API key.
    #[error("API key {0}: {1}")]
    Table(String, store::StoreError),
    /// SSM or the table answered, but too slowly.
    #[error("not done within {} seconds", WITHIN.as_secs())]
    Late,
}

/// Works on one event. An error, when `CloudFormation` could not be told, makes Lambda call again.
pub async fn handle(worker: &Worker<Config>, event: Event) -> Result<(), Error> {
    let stores = Stores { ssm: &worker.config.ssm, table: &worker.store };
    let reply = reply(&stores, &*worker.clock, &*worker.random, &event).await;
    Ok(send(&event.response_url, &reply).await?)
}

/// Does what `CloudFormation` asks, and says how that went. The secrets of a deleted stack stay, as its table does.
async fn reply(vault: &impl Vault, clock: &dyn Clock, random: &dyn Random, event: &Event) -> Reply {
    let done = match event.request_type {
        RequestType::Delete => Ok(()),
        RequestType::Create | RequestType::Update => {
            let made = tokio::time::timeout(WITHIN, make(vault, clock, random, event)).await;
            made.unwrap_or(Err(MakeError::Late))
        }
    };
    if let Err(failure) = &done {
        error!(error = %failure, request = ?event.request_type, "secrets");
    }
    Reply::to(event, done.map_err(|failure| failure.to_string()))
}

/// Each step may be repeated, so a call that broke off halfway is completed by the next.
async fn make(
    vault: &impl Vault,
    clock: &dyn Clock,
    random: &dyn Random,
    event: &Event,
) -> Result<(), MakeError> {
    let properties = Properties::deserialize(&event.resource_properties)
        .map_err(|error| MakeError::Properties(error.to_string()))?;
    let id = ApiKeyId::try_from(properties.api_key.as_str())
        .map_err(|error| MakeError::Properties(format!("ApiKey {error}")))?;
    let signing = format!("{}/signing-secret", properties.prefix);
    let secret = format!("{}/api-keys/{id}", properties.prefix);

    let signing_made = vault.keep_secret(&signing, Secret::draw(random)).await?;
    let secret_made = vault.keep_secret(&secret, Secret::draw(random)).await?;
    let key = ApiKey::new(Tenant::main(), format!("ssm:{secret}"), clock.now());
    let key_made = vault.keep_api_key(&id, &key).await?;
    info!(signing_made, secret_made, key_made, "secrets");
    Ok(())
}

#[cfg(test)]
mod tests;

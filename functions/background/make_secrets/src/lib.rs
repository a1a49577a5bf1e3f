//! Makes the deployment's signing secret and its first API key when `CloudFormation` asks for them: what is missing
//! is made, what is there is never touched, and nothing is taken away.
//!
//! The event and the reply are those of a custom resource:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html>. They are our own types because
//! `CloudFormation` has to be answered even when the properties are not what we expect.

mod reply;
mod stores;

use api::Secret;
use models::{ApiKeyId, Clock, Random, Tenant};
use serde::Deserialize;
use store::ApiKey;
use tracing::{error, info};

pub use crate::reply::{Reply, SendError, send};
pub use crate::stores::{Stores, Vault};

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
    /// The function is not configured as it should be.
    #[error(transparent)]
    Config(#[from] api::ConfigError),
    /// SSM did not take a secret.
    #[error(transparent)]
    Ssm(#[from] api::SsmError),
    /// The table did not take the API key.
    #[error("API key {0}: {1}")]
    Table(String, store::StoreError),
}

impl Event {
    /// Where the answer goes.
    pub fn response_url(&self) -> &str {
        &self.response_url
    }
}

/// Does what `CloudFormation` asks, and says how that went. The secrets of a deleted stack stay, as its table does.
pub async fn handle<V: Vault>(
    vault: Result<V, MakeError>,
    clock: &dyn Clock,
    random: &dyn Random,
    event: &Event,
) -> Reply {
    let done = match (event.request_type, vault) {
        (RequestType::Delete, _) => Ok(()),
        (RequestType::Create | RequestType::Update, Ok(vault)) => make(&vault, clock, random, event).await,
        (_, Err(failure)) => Err(failure),
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

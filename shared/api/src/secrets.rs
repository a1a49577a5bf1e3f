//! Secrets: kept in SSM as SecureStrings, never in the template.

use std::collections::HashMap;

use aws_credential_types::Credentials;
use aws_sdk_ssm::config::{BehaviorVersion, Region};
use aws_sdk_ssm::error::DisplayErrorContext;

/// Why a secret could not be read; holds nothing of the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// SSM did not give it.
    #[error("SSM parameter {0}: {1}")]
    Ssm(String, String),
}

/// The place where secrets are looked up.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    region: String,
    credentials: Credentials,
}

/// AWS credentials of the process, as Lambda sets them.
pub(crate) fn credentials(variables: &HashMap<String, String>) -> Credentials {
    let variable = |name: &str| variables.get(name).cloned();
    Credentials::new(
        variable("AWS_ACCESS_KEY_ID").unwrap_or_default(),
        variable("AWS_SECRET_ACCESS_KEY").unwrap_or_default(),
        variable("AWS_SESSION_TOKEN"),
        None,
        "environment",
    )
}

impl Secrets {
    pub(crate) fn new(variables: &HashMap<String, String>) -> Self {
        Self {
            region: variables.get("AWS_REGION").cloned().unwrap_or_default(),
            credentials: credentials(variables),
        }
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The secret that `reference` names (`ssm:<name>`), or is.
    pub(crate) async fn resolve(&self, reference: &str) -> Result<Vec<u8>, SecretError> {
        let Some(name) = reference.strip_prefix("ssm:") else { return Ok(reference.as_bytes().to_vec()) };
        let config = aws_sdk_ssm::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(self.credentials.clone())
            .build();
        let failed = |reason: String| SecretError::Ssm(name.to_owned(), reason);
        let found = aws_sdk_ssm::Client::from_conf(config)
            .get_parameter()
            .name(name)
            .with_decryption(true)
            .send()
            .await
            .map_err(|error| failed(DisplayErrorContext(&error).to_string()))?;
        let value = found.parameter.and_then(|parameter| parameter.value);
        value.map(String::into_bytes).ok_or_else(|| failed("has no value".to_owned()))
    }
}

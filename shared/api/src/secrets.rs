//! Secrets: kept in SSM as SecureStrings, never in the template.

use std::collections::HashMap;

use aws_credential_types::Credentials;

use crate::ssm::{Ssm, SsmError};

/// The place where secrets are looked up.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    region: String,
    credentials: Credentials,
    ssm: Ssm,
}

/// AWS credentials of the process, as Lambda sets them.
fn credentials(variables: &HashMap<String, String>) -> Credentials {
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
        let region = variables.get("AWS_REGION").cloned().unwrap_or_default();
        let credentials = credentials(variables);
        let ssm = Ssm::new(&region, variables.get("AWS_ENDPOINT_URL_SSM").cloned(), credentials.clone());
        Self { region, credentials, ssm }
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    pub(crate) fn ssm(&self) -> &Ssm {
        &self.ssm
    }

    /// The secret that `reference` names (`ssm:<name>`), or is.
    pub(crate) async fn resolve(&self, reference: &str) -> Result<Vec<u8>, SsmError> {
        match reference.strip_prefix("ssm:") {
            Some(name) => self.ssm.get(name).await,
            None => Ok(reference.as_bytes().to_vec()),
        }
    }
}

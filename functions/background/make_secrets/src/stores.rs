//! Where secrets are kept: in SSM, and the API key that refers to one in the table.

use api::{App, Dialect, Env, Parts};
use aws_credential_types::Credentials;
use aws_sdk_ssm::config::{BehaviorVersion, Region};
use aws_sdk_ssm::error::DisplayErrorContext;
use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::types::ParameterType;
use models::ApiKeyId;
use store::{ApiKey, Store};

use crate::MakeError;

/// What keeps secrets. Neither call replaces what is there; both say whether they made something.
pub trait Vault {
    /// Keeps a secret under this name.
    fn keep_secret(&self, name: &str, secret: String)
    -> impl Future<Output = Result<bool, MakeError>> + Send;

    /// Keeps an API key.
    fn keep_api_key(
        &self,
        id: &ApiKeyId,
        key: &ApiKey,
    ) -> impl Future<Output = Result<bool, MakeError>> + Send;
}

/// The deployment's SSM parameters and its table.
pub struct Stores {
    ssm: aws_sdk_ssm::Client,
    table: Store,
}

impl Stores {
    /// Prepares the clients; nothing is sent yet.
    pub fn connect(env: &Env, parts: &Parts) -> Result<Self, MakeError> {
        let credentials = Credentials::new(
            env.required("AWS_ACCESS_KEY_ID")?,
            env.required("AWS_SECRET_ACCESS_KEY")?,
            env.optional("AWS_SESSION_TOKEN").map(str::to_owned),
            None,
            "environment",
        );
        let mut config = aws_sdk_ssm::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(env.required("AWS_REGION")?.to_owned()))
            .credentials_provider(credentials);
        if let Some(endpoint) = env.optional("AWS_ENDPOINT_URL_SSM") {
            config = config.endpoint_url(endpoint);
        }
        let table = App::new(env, Dialect::Rooms, parts.clone(), ())?.store;
        Ok(Self { ssm: aws_sdk_ssm::Client::from_conf(config.build()), table })
    }
}

impl Vault for Stores {
    async fn keep_secret(&self, name: &str, secret: String) -> Result<bool, MakeError> {
        let sent = self
            .ssm
            .put_parameter()
            .name(name)
            .value(secret)
            .r#type(ParameterType::SecureString)
            .overwrite(false)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(true),
            Err(error)
                if error.as_service_error().is_some_and(PutParameterError::is_parameter_already_exists) =>
            {
                Ok(false)
            }
            Err(error) => Err(MakeError::Ssm(name.to_owned(), DisplayErrorContext(&error).to_string())),
        }
    }

    async fn keep_api_key(&self, id: &ApiKeyId, key: &ApiKey) -> Result<bool, MakeError> {
        let kept = self.table.put_api_key(id, key, false).await;
        kept.map_err(|failure| MakeError::Table(id.to_string(), failure))
    }
}

//! Where secrets are kept: in SSM, and the API key that refers to one in the table.

use api::{Secret, Ssm};
use models::ApiKeyId;
use store::{ApiKey, Store};

use crate::MakeError;

/// What keeps secrets. Neither call replaces what is there; both say whether they made something.
pub(crate) trait Vault {
    /// Keeps a secret under this name.
    fn keep_secret(&self, name: &str, secret: Secret)
    -> impl Future<Output = Result<bool, MakeError>> + Send;

    /// Keeps an API key.
    fn keep_api_key(
        &self,
        id: &ApiKeyId,
        key: &ApiKey,
    ) -> impl Future<Output = Result<bool, MakeError>> + Send;
}

/// The deployment's SSM parameters and its table.
pub(crate) struct Stores<'a> {
    pub(crate) ssm: &'a Ssm,
    pub(crate) table: &'a Store,
}

impl Vault for Stores<'_> {
    async fn keep_secret(&self, name: &str, secret: Secret) -> Result<bool, MakeError> {
        Ok(self.ssm.put_new(name, &secret).await?)
    }

    async fn keep_api_key(&self, id: &ApiKeyId, key: &ApiKey) -> Result<bool, MakeError> {
        let kept = self.table.put_api_key(id, key, false).await;
        kept.map_err(|failure| MakeError::Table(id.to_string(), failure))
    }
}

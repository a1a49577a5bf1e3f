//! API keys as data.

use std::fmt;

use models::{ApiKeyId, Tenant, Timestamp};
use serde::{Deserialize, Serialize};

/// An API key of a tenant.
#[derive(Clone, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its public name.
    #[serde(skip)]
    pub id: Option<ApiKeyId>,
    /// Whose rooms it opens.
    pub tenant: Tenant,
    /// References of its secrets (`ssm:<name>`, or the secret itself in the local stack); two while one is rotated.
    pub secrets: Vec<String>,
    /// `active`, or anything else for one that is switched off.
    pub status: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Without the secrets, which in the local stack stand here themselves.
impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl ApiKey {
    /// Whether it may be used.
    pub fn is_active(&self) -> bool {
        self.status == "active"
    }
}

//! API keys as data.

use std::collections::BTreeSet;
use std::fmt;

use models::{ApiKeyId, Permission, Tenant, Timestamp};
use serde::{Deserialize, Serialize};

/// Whether a key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    /// It may.
    Active,
    /// It is switched off; so is one whose status is a word that we do not know.
    #[serde(other)]
    Disabled,
}

impl fmt::Display for KeyStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        })
    }
}

/// An API key of a tenant.
#[derive(Clone, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its public name.
    #[serde(skip)]
    pub id: Option<ApiKeyId>,
    /// Whose rooms it opens.
    pub tenant: Tenant,
    /// References of its secrets, the newest first (`ssm:<name>`, or the secret itself in the local stack); two while one
    /// is rotated.
    pub secrets: Vec<String>,
    /// Whether it may be used.
    pub status: KeyStatus,
    /// What it may do; none when everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<BTreeSet<Permission>>,
    /// Counts its changes, so that of two at once one is refused.
    #[serde(default)]
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl ApiKey {
    /// An active key of one secret that may do everything.
    pub fn new(tenant: Tenant, secret: String, created_at: Timestamp) -> Self {
        Self {
            id: None,
            tenant,
            secrets: vec![secret],
            status: KeyStatus::Active,
            permissions: None,
            version: 0,
            created_at,
        }
    }

    /// Whether it may be used.
    pub fn is_active(&self) -> bool {
        self.status == KeyStatus::Active
    }

    /// Whether it may do this.
    pub fn allows(&self, permission: Permission) -> bool {
        self.permissions.as_ref().is_none_or(|own| own.contains(&permission))
    }
}

/// Without the secrets, which in the local stack stand here themselves.
impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("status", &self.status)
            .field("permissions", &self.permissions)
            .finish_non_exhaustive()
    }
}

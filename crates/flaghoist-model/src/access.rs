//! Who acts, and what they may do.

use crate::id::{CredentialId, ProjectId, UserId};
use serde::{Deserialize, Serialize};

/// What an operation may require. The names are Datadog's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Read flags.
    FeatureFlagConfigRead,
    /// Change flags, variants, allocations and what an environment serves.
    FeatureFlagConfigWrite,
    /// Read environments; also needed by every operation that returns a flag.
    FeatureFlagEnvironmentConfigRead,
    /// Change environments.
    FeatureFlagEnvironmentConfigWrite,
}

impl Permission {
    /// All permissions.
    pub const ALL: [Self; 4] = [
        Self::FeatureFlagConfigRead,
        Self::FeatureFlagConfigWrite,
        Self::FeatureFlagEnvironmentConfigRead,
        Self::FeatureFlagEnvironmentConfigWrite,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FeatureFlagConfigRead => "feature_flag_config_read",
            Self::FeatureFlagConfigWrite => "feature_flag_config_write",
            Self::FeatureFlagEnvironmentConfigRead => "feature_flag_environment_config_read",
            Self::FeatureFlagEnvironmentConfigWrite => "feature_flag_environment_config_write",
        }
    }
}

/// A built-in bundle of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads everything.
    Viewer,
    /// Changes flags, reads environments.
    Editor,
    /// Everything.
    Admin,
}

impl Role {
    /// What the role may do.
    pub fn permissions(self) -> &'static [Permission] {
        use Permission::{FeatureFlagConfigRead, FeatureFlagConfigWrite, FeatureFlagEnvironmentConfigRead};
        match self {
            Self::Viewer => &[FeatureFlagConfigRead, FeatureFlagEnvironmentConfigRead],
            Self::Editor => {
                &[FeatureFlagConfigRead, FeatureFlagConfigWrite, FeatureFlagEnvironmentConfigRead]
            }
            Self::Admin => &Permission::ALL,
        }
    }
}

/// Who sends a management request: a person or service account, through an application key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The project all of the request's ids belong to.
    pub project_id: ProjectId,
    /// The user or service account.
    pub user_id: UserId,
    /// The application key used.
    pub credential_id: CredentialId,
    /// What the user may do through this key.
    pub role: Role,
}

impl Principal {
    /// Whether the principal has the permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.role.permissions().contains(&permission)
    }
}

/// Who made a change, as the history keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A user through a credential.
    User {
        /// The user or service account.
        user_id: UserId,
        /// The application key used.
        credential_id: CredentialId,
    },
    /// Flaghoist itself, such as the first start.
    System,
}

impl From<&Principal> for Actor {
    fn from(principal: &Principal) -> Self {
        Self::User { user_id: principal.user_id, credential_id: principal.credential_id }
    }
}

//! Keys by which clients identify themselves. Secrets themselves never stand here: only their SHA-256.

use crate::access::PermissionSet;
use crate::id::{CredentialId, EnvironmentId, ProjectId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CredentialKind {
    /// Names the project of a management request; worth nothing without an application key.
    ApiKey,
    /// Acts for a user in management requests.
    ApplicationKey {
        /// The user or service account.
        user_id: UserId,
        /// What the key may do at most; none means whatever the user may.
        #[serde(default)]
        scopes: Option<PermissionSet>,
    },
    /// Reads the server-channel flags of one environment.
    ServerSdkKey {
        /// The environment.
        environment_id: EnvironmentId,
    },
    /// Reads evaluated client-channel flags of one environment; may be published.
    ClientSdkKey {
        /// The environment.
        environment_id: EnvironmentId,
    },
}

impl CredentialKind {
    /// The name of the kind in the store and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::ApplicationKey { .. } => "application_key",
            Self::ServerSdkKey { .. } => "server_sdk_key",
            Self::ClientSdkKey { .. } => "client_sdk_key",
        }
    }

    /// The environment of an SDK key.
    pub const fn environment_id(self) -> Option<EnvironmentId> {
        match self {
            Self::ServerSdkKey { environment_id } | Self::ClientSdkKey { environment_id } => {
                Some(environment_id)
            }
            Self::ApiKey | Self::ApplicationKey { .. } => None,
        }
    }

    /// The user of an application key.
    pub const fn user_id(self) -> Option<UserId> {
        match self {
            Self::ApplicationKey { user_id, .. } => Some(user_id),
            Self::ApiKey | Self::ServerSdkKey { .. } | Self::ClientSdkKey { .. } => None,
        }
    }
}

/// SHA-256 of a secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// A key. Revoking it removes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Identifier; safe to show.
    pub id: CredentialId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// What it is for.
    pub kind: CredentialKind,
    /// For people.
    pub name: String,
    /// SHA-256 of the secret.
    pub secret_hash: SecretHash,
    /// The last characters of the secret, by which people tell keys apart; empty for keys of older versions.
    pub secret_end: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it; none for those of the first start.
    pub created_by: Option<UserId>,
    /// From when it is no longer taken.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, give or take the interval in which uses are written down.
    pub last_used_at: Option<Timestamp>,
}

impl Credential {
    /// Whether the key is no longer taken.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

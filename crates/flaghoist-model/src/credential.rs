//! Keys by which clients identify themselves, and the users they act for. Secrets themselves never stand
//! here: only their SHA-256.

use crate::access::Role;
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
        /// What the key may do.
        role: Role,
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
    /// The name of the kind in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::ApplicationKey { .. } => "application_key",
            Self::ServerSdkKey { .. } => "server_sdk_key",
            Self::ClientSdkKey { .. } => "client_sdk_key",
        }
    }

    /// The environment of an SDK key.
    pub fn environment_id(self) -> Option<EnvironmentId> {
        match self {
            Self::ServerSdkKey { environment_id } | Self::ClientSdkKey { environment_id } => {
                Some(environment_id)
            }
            Self::ApiKey | Self::ApplicationKey { .. } => None,
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

/// A key.
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
    /// When it was made.
    pub created_at: Timestamp,
}

/// A person or service account of the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Identifier; the `created_by` of Datadog answers.
    pub id: UserId,
    /// Unique in the installation.
    pub email: String,
    /// For people.
    pub name: String,
    /// Argon2 hash in PHC form; none for service accounts.
    pub password_hash: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

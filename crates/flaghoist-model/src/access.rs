//! Who acts, and what they may do.

mod permission;
mod policy;
mod role;

pub use permission::{Permission, PermissionSet};
pub use policy::{BINDINGS_MAX, Binding, PolicyDraft, PolicyPrincipal, Relation, RestrictionPolicy};
pub use role::{BuiltInRole, CustomRole, RoleDraft, RoleRef};

use crate::id::{CredentialId, ProjectId, SessionId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// By what a principal is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// An application key.
    ApplicationKey(CredentialId),
    /// A log-in.
    Session(SessionId),
}

/// Through which of our interfaces a change was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// The Datadog management API.
    Datadog,
    /// The Flagmint API.
    Flagmint,
    /// Our own API, the console and the command line, which are its clients.
    Native,
    /// None: Flaghoist itself.
    #[default]
    Internal,
}

/// Who sends a management request: a person or service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The project all of the request's ids belong to.
    pub project_id: ProjectId,
    /// The user or service account.
    pub user_id: UserId,
    /// By what they are known.
    pub proof: Proof,
    /// The interface they use.
    pub dialect: Dialect,
    /// The role of the user in the project.
    pub role: RoleRef,
    /// What the user may do here: the role's permissions, within the scopes of the key.
    pub permissions: PermissionSet,
    /// Whether the key has scopes, so that it may never do more than they say.
    pub is_narrowed: bool,
    /// From when the key is no longer taken; a key it makes does not outlive it.
    pub key_expires_at: Option<Timestamp>,
    /// Whether the user administers the installation and not only this project, through a key without scopes.
    pub is_installation_admin: bool,
}

impl Principal {
    /// Whether the principal has the permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }

    /// The application key used, if one was.
    pub fn credential_id(&self) -> Option<CredentialId> {
        match self.proof {
            Proof::ApplicationKey(id) => Some(id),
            Proof::Session(_) => None,
        }
    }
}

/// Who made a change, as the history keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A user.
    User {
        /// The user or service account.
        user_id: UserId,
        /// The application key used; none for a log-in.
        #[serde(default)]
        credential_id: Option<CredentialId>,
    },
    /// Flaghoist itself, such as the first start.
    System,
}

impl Actor {
    /// The user, if it is one.
    pub fn user_id(self) -> Option<UserId> {
        match self {
            Self::User { user_id, .. } => Some(user_id),
            Self::System => None,
        }
    }
}

impl From<&Principal> for Actor {
    fn from(principal: &Principal) -> Self {
        Self::User { user_id: principal.user_id, credential_id: principal.credential_id() }
    }
}

//! `/api/v1/keys`: all keys of the project. Secrets are shown once, when a key is made.

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod revoke;

use super::roles::PermissionName;
use crate::commands::KeyView;
use flaghoist_model::access::PermissionSet;
use flaghoist_model::credential::CredentialKind;
use serde::Serialize;
use utoipa::ToSchema;

/// What a key is for.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents a set of names")]
pub(crate) enum KeyKindName {
    #[schema(rename = "api_key")]
    Api,
    #[schema(rename = "application_key")]
    Application,
    #[schema(rename = "server_sdk_key")]
    ServerSdk,
    #[schema(rename = "client_sdk_key")]
    ClientSdk,
}

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyOut {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// What it is for.
    #[schema(value_type = KeyKindName)]
    kind: &'static str,
    /// For people.
    name: String,
    /// The last characters of the secret.
    #[schema(example = "3f9c")]
    secret_end: String,
    /// Whom an application key acts for.
    #[schema(format = Uuid)]
    user_id: Option<String>,
    /// Their e-mail.
    user_email: Option<String>,
    /// What an application key may do at most; null when that is what its user may.
    #[schema(value_type = Option<Vec<PermissionName>>)]
    scopes: Option<Vec<&'static str>>,
    /// Which environment an SDK key reads.
    #[schema(format = Uuid)]
    environment_id: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// Who made it; null for those of the first start.
    #[schema(format = Uuid)]
    created_by: Option<String>,
    /// From when it is not taken any more; null when it does not expire.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// When it was last used, to within ten seconds; null when it was not.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
}

impl KeyOut {
    pub(super) fn of(view: &KeyView) -> Self {
        let KeyView { key, user } = view;
        let scopes = match key.kind {
            CredentialKind::ApplicationKey { scopes, .. } => scopes.map(PermissionSet::names),
            _ => None,
        };
        Self {
            id: key.id.to_string(),
            kind: key.kind.name(),
            name: key.name.clone(),
            secret_end: key.secret_end.clone(),
            user_id: key.kind.user_id().map(|id| id.to_string()),
            user_email: user.as_ref().map(|user| user.email.clone()),
            scopes,
            environment_id: key.kind.environment_id().map(|id| id.to_string()),
            created_at: key.created_at.to_string(),
            created_by: key.created_by.map(|id| id.to_string()),
            expires_at: key.expires_at.map(|at| at.to_string()),
            last_used_at: key.last_used_at.map(|at| at.to_string()),
        }
    }
}

/// Keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyList {
    /// The keys, oldest first.
    pub(super) keys: Vec<KeyOut>,
}

impl KeyList {
    pub(super) fn of(views: &[KeyView]) -> Self {
        Self { keys: views.iter().map(KeyOut::of).collect() }
    }
}

/// A key with its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyWithSecret {
    #[serde(flatten)]
    pub(super) key: KeyOut,
    /// The secret. Shown this once: only its digest is kept.
    #[schema(example = "fhp_…")]
    pub(super) secret: String,
}

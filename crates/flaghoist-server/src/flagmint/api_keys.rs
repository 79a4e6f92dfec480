//! `/api-keys/{project_id}`

use super::envelope::{Enveloped, InPath};
use super::{FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors};
use crate::ApiError;
use crate::access::{Allowed, ReadKeys, WriteKeys};
use crate::app::AppState;
use crate::commands::{self, KeyView, NewKey};
use crate::decode::{self, A_MOMENT, A_STRING, A_UUID, JsonBody, Member, PathOf};
use axum::extract::State;
use flaghoist_model::Faults;
use flaghoist_model::access::{BuiltInRole, PermissionSet};
use flaghoist_model::credential::{Credential, CredentialKind};
use flaghoist_model::id::{EnvironmentId, UserId};
use flaghoist_model::key::parse_name;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Shortest name of a key in characters.
const NAME_MIN_CHARS: usize = 3;

/// A key to make.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintApiKeyIn)]
pub(crate) struct ApiKeyIn {
    #[serde(default)]
    #[schema(value_type = String, required, example = "Web shop")]
    name: Member<String>,
    /// What an SDK key reads.
    #[serde(default, rename = "environmentId")]
    #[schema(rename = "environmentId", value_type = String, required, format = Uuid)]
    environment_id: Member<String>,
    #[serde(default, rename = "expiresAt")]
    #[schema(rename = "expiresAt", value_type = Option<String>, format = DateTime)]
    expires_at: Member<String>,
    /// `read` (an SDK key of a server), `client` (one that is safe to publish), `write` or `admin` (acts for the caller
    /// in management requests); `read` when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "read")]
    permissions: Member<String>,
    /// Shown in this answer, and not kept.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    metadata: Member<Map<String, Value>>,
}

/// A key.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintApiKeyOut)]
pub(crate) struct ApiKeyOut {
    #[schema(format = Uuid)]
    id: String,
    name: String,
    /// The secret. Shown once: only its digest is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ff_…")]
    key: Option<String>,
    /// The same.
    #[serde(rename = "apiKey", skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
    /// Its end.
    #[schema(example = "****1a2b")]
    masked_key: String,
    /// `read`, `client`, `write` or `admin`.
    #[schema(example = "read")]
    permissions: &'static str,
    #[schema(format = Uuid)]
    project_id: String,
    /// What an SDK key reads.
    #[schema(format = Uuid)]
    environment_id: Option<String>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
}

#[derive(Clone, Copy)]
enum Permissions {
    Read,
    Client,
    Write,
    Admin,
}

impl Permissions {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "read" => Some(Self::Read),
            "client" => Some(Self::Client),
            "write" => Some(Self::Write),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }

    fn kind(self, environment_id: EnvironmentId, user_id: UserId, may: PermissionSet) -> CredentialKind {
        let of_role = |role: BuiltInRole| {
            let scopes = Some(role.permissions().intersection(may));
            CredentialKind::ApplicationKey { user_id, scopes }
        };
        match self {
            Self::Read => CredentialKind::ServerSdkKey { environment_id },
            Self::Client => CredentialKind::ClientSdkKey { environment_id },
            Self::Write => of_role(BuiltInRole::Editor),
            Self::Admin => of_role(BuiltInRole::Admin),
        }
    }
}

/// What a key may do, in the words of this dialect. Keys that only name a project are none of it.
fn permissions_of(kind: CredentialKind) -> Option<&'static str> {
    match kind {
        CredentialKind::ServerSdkKey { .. } => Some("read"),
        CredentialKind::ClientSdkKey { .. } => Some("client"),
        CredentialKind::ApplicationKey { scopes: None, .. } => Some("admin"),
        CredentialKind::ApplicationKey { scopes: Some(scopes), .. } => {
            let is_beyond_editor = !scopes.is_within(BuiltInRole::Editor.permissions());
            Some(if is_beyond_editor { "admin" } else { "write" })
        }
        CredentialKind::ApiKey => None,
    }
}

impl ApiKeyOut {
    fn of(key: &Credential, secret: Option<String>, metadata: Map<String, Value>) -> Option<Self> {
        Some(Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            key: secret.clone(),
            api_key: secret,
            masked_key: format!("****{}", key.secret_end),
            permissions: permissions_of(key.kind)?,
            project_id: key.project_id.to_string(),
            environment_id: key.kind.environment_id().map(|id| id.to_string()),
            expires_at: key.expires_at.map(|at| at.to_string()),
            last_used_at: key.last_used_at.map(|at| at.to_string()),
            created_at: key.created_at.to_string(),
            metadata,
        })
    }
}

/// List keys
#[utoipa::path(
    get,
    path = "/api-keys/{project_id}",
    operation_id = "flagmint_list_api_keys",
    tag = "Flagmint",
    params(("project_id" = String, Path, description = "The project's id", format = Uuid)),
    responses(
        (status = 200, description = "The keys, the oldest first", body = Enveloped<Vec<ApiKeyOut>>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn list_api_keys(
    State(app): State<AppState>,
    caller: Allowed<ReadKeys>,
) -> Result<Enveloped<Vec<ApiKeyOut>>, ApiError> {
    let keys = commands::view_keys(&app, &caller.principal, None).await?;
    let shown = keys.iter().filter_map(|view| ApiKeyOut::of(&view.key, None, Map::new()));
    Ok(Enveloped::ok(shown.collect()))
}

/// Create a key
#[utoipa::path(
    post,
    path = "/api-keys/{project_id}",
    operation_id = "flagmint_create_api_key",
    tag = "Flagmint",
    params(("project_id" = String, Path, description = "The project's id", format = Uuid)),
    request_body = ApiKeyIn,
    responses(
        (status = 201, description = "The key, with its secret", body = Enveloped<ApiKeyOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn create_api_key(
    State(app): State<AppState>,
    caller: Allowed<WriteKeys>,
    JsonBody(wanted): JsonBody<ApiKeyIn>,
) -> Result<Enveloped<ApiKeyOut>, ApiError> {
    let principal = &caller.principal;
    let mut faults = Faults::new();
    let name = wanted.name.required("name", A_STRING, &mut faults);
    let name = name.and_then(|name| faults.at("name", |faults| parse_name(name, faults)));
    if name.as_ref().is_some_and(|name| name.chars().count() < NAME_MIN_CHARS) {
        faults.push_at("name", format!("is too short; give at least {NAME_MIN_CHARS} characters"));
    }
    let environment_id = wanted.environment_id.required("environmentId", A_UUID, &mut faults);
    let environment_id = decode::id(environment_id, "environmentId", &mut faults);
    let expires_at = wanted.expires_at.optional("expiresAt", A_MOMENT, &mut faults);
    let expires_at = decode::moment(expires_at, "expiresAt", &mut faults);
    let permissions = wanted.permissions.optional("permissions", A_STRING, &mut faults);
    let known = "read, client, write, admin";
    let permissions = decode::one_of(permissions, "permissions", Permissions::from_name, known, &mut faults);
    let metadata = wanted.metadata.optional("metadata", "an object", &mut faults).unwrap_or_default();
    let (Some(name), Some(environment_id), true) = (name, environment_id, faults.is_empty()) else {
        return Err(ApiError::Invalid(faults.into_vec()));
    };
    let environments = app.store.read().await?.environments(principal.project_id).await?;
    if !environments.iter().any(|environment| environment.id == environment_id) {
        let message = format!("{environment_id} is no environment of this project");
        return Err(flaghoist_model::Rejection::invalid("/environmentId", message).into());
    }
    let permissions = permissions.unwrap_or(Permissions::Read);
    let kind = permissions.kind(environment_id, principal.user_id, principal.permissions);
    let (KeyView { key, .. }, secret) =
        commands::create_key(&app, principal, NewKey { kind, name, expires_at }).await?;
    let made = ApiKeyOut::of(&key, Some(secret), metadata);
    made.map(Enveloped::created).ok_or_else(|| ApiError::internal("a key of no kind of this dialect"))
}

/// Revoke a key
///
/// It is not taken from the moment of the answer, and its streams end.
#[utoipa::path(
    delete,
    path = "/api-keys/{project_id}/{key_id}",
    operation_id = "flagmint_revoke_api_key",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("key_id" = String, Path, description = "The key's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "The key as it was", body = Enveloped<ApiKeyOut>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn revoke_api_key(
    State(app): State<AppState>,
    caller: Allowed<WriteKeys>,
    PathOf(place): InPath,
) -> Result<Enveloped<ApiKeyOut>, ApiError> {
    let id = place.key_id()?;
    let view = commands::view_key(&app, &caller.principal, id).await?;
    let shown = ApiKeyOut::of(&view.key, None, Map::new());
    let shown = shown.ok_or_else(|| ApiError::NotFound("API key not found".to_owned()))?;
    commands::revoke_key(&app, &caller.principal, id, None).await?;
    Ok(Enveloped::ok(shown))
}

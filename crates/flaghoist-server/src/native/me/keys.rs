//! `GET` and `POST /api/v1/me/keys`, `DELETE /api/v1/me/keys/{key_id}`: the caller's own application keys.

use crate::ApiError;
use crate::access::{Allowed, OwnKeys};
use crate::app::AppState;
use crate::commands::{self, NewKey};
use crate::decode::{JsonBody, PathOf, path_id};
use crate::native::keys::create::KeyDraft;
use crate::native::keys::{KeyList, KeyOut, KeyWithSecret};
use crate::native::roles::PermissionName;
use crate::native::{ProblemBodyErrors, ProblemErrors};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_model::credential::CredentialKind;
use utoipa::ToSchema;

/// An application key to make.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; KeyDraft reads it")]
pub(crate) struct NewOwnKey {
    /// For people.
    #[schema(example = "Laptop")]
    name: String,
    /// What it may do at most. What the caller may, when absent.
    scopes: Option<Vec<PermissionName>>,
    /// From when it is not taken any more. It does not expire when absent.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// List one's own application keys
#[utoipa::path(
    get,
    path = "/api/v1/me/keys",
    operation_id = "list_own_keys",
    tag = "Access",
    responses((status = 200, description = "The keys", body = KeyList), ProblemErrors)
)]
pub(crate) async fn list_own_keys(
    State(app): State<AppState>,
    caller: Allowed<OwnKeys>,
) -> Result<axum::Json<KeyList>, ApiError> {
    let principal = &caller.principal;
    let keys = commands::view_keys(&app, principal, Some(principal.user_id)).await?;
    Ok(axum::Json(KeyList::of(&keys)))
}

/// Make an application key of one's own
///
/// A key with scopes makes only keys within them.
#[utoipa::path(
    post,
    path = "/api/v1/me/keys",
    operation_id = "create_own_key",
    tag = "Access",
    request_body = NewOwnKey,
    responses(
        (status = 201, description = "The key, with its secret", body = KeyWithSecret),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn create_own_key(
    State(app): State<AppState>,
    caller: Allowed<OwnKeys>,
    JsonBody(wanted): JsonBody<KeyDraft>,
) -> Result<(StatusCode, axum::Json<KeyWithSecret>), ApiError> {
    let principal = &caller.principal;
    let mut faults = Faults::new();
    let (name, expires_at, scopes) = wanted.read(&mut faults);
    let (Some(name), true) = (name, faults.is_empty()) else {
        return Err(ApiError::Invalid(faults.into_vec()));
    };
    let kind = CredentialKind::ApplicationKey { user_id: principal.user_id, scopes };
    let (key, secret) = commands::create_key(&app, principal, NewKey { kind, name, expires_at }).await?;
    Ok((StatusCode::CREATED, axum::Json(KeyWithSecret { key: KeyOut::of(&key), secret })))
}

/// Revoke an application key of one's own
#[utoipa::path(
    delete,
    path = "/api/v1/me/keys/{key_id}",
    operation_id = "revoke_own_key",
    tag = "Access",
    params(("key_id" = String, Path, description = "The key's id", format = Uuid)),
    responses((status = 204, description = "It is not taken any more"), ProblemErrors)
)]
pub(crate) async fn revoke_own_key(
    State(app): State<AppState>,
    caller: Allowed<OwnKeys>,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, ApiError> {
    let principal = &caller.principal;
    commands::revoke_key(&app, principal, path_id(&id, "key")?, Some(principal.user_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

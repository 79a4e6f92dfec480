//! `DELETE /api/v1/keys/{key_id}`

use crate::ApiError;
use crate::access::{Allowed, WriteKeys};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, path_id};
use crate::native::ProblemErrors;
use axum::extract::State;
use axum::http::StatusCode;

/// Revoke a key
///
/// It is not taken any more from the moment of the answer.
#[utoipa::path(
    delete,
    path = "/api/v1/keys/{key_id}",
    operation_id = "revoke_key",
    tag = "Access",
    params(("key_id" = String, Path, description = "The key's id", format = Uuid)),
    responses((status = 204, description = "It is not taken any more"), ProblemErrors)
)]
pub(crate) async fn revoke_key(
    State(app): State<AppState>,
    caller: Allowed<WriteKeys>,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, ApiError> {
    commands::revoke_key(&app, &caller.principal, path_id(&id, "key")?, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

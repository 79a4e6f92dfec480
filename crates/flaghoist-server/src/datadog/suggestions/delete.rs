//! `DELETE /api/v2/feature-flags/suggestions/{suggestion_id}`

use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands;
use crate::datadog::{ConflictErrors, Errors, PathErrors};
use crate::decode::{PathOf, path_id};
use axum::extract::State;
use axum::http::StatusCode;

/// Take a suggestion back
///
/// Only its authors can, and only while it is pending: an approved one stays.
#[utoipa::path(
    delete,
    path = "/api/v2/feature-flags/suggestions/{suggestion_id}",
    operation_id = "delete_suggestion",
    tag = "Suggestions",
    params(("suggestion_id" = String, Path, description = "The suggestion's id", format = Uuid)),
    responses((status = 204, description = "Taken back"), Errors, PathErrors, ConflictErrors)
)]
pub(crate) async fn delete_suggestion(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, ApiError> {
    commands::delete_suggestion(&app, &caller.principal, path_id(&id, "suggestion")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

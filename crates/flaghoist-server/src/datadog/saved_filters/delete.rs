//! `DELETE /api/v2/feature-flags/saved-filters/{saved_filter_id}`

use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands;
use crate::datadog::{ConflictErrors, Errors, PathErrors};
use crate::decode::{PathOf, path_id};
use axum::extract::State;
use axum::http::StatusCode;

/// Remove a saved filter
///
/// One that a flag uses stays: 409.
#[utoipa::path(
    delete,
    path = "/api/v2/feature-flags/saved-filters/{saved_filter_id}",
    operation_id = "delete_saved_filter",
    tag = "Saved filters",
    params(("saved_filter_id" = String, Path, description = "The saved filter's id", format = Uuid)),
    responses((status = 204, description = "It is gone"), Errors, PathErrors, ConflictErrors)
)]
pub(crate) async fn delete_saved_filter(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, ApiError> {
    let id = path_id(&id, "saved filter")?;
    commands::delete_saved_filter(&app, &caller.principal, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

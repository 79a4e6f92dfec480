//! `DELETE /api/v2/feature-flags/environments/{environment_id}`

use crate::ApiError;
use crate::access::{Allowed, WriteEnvironments};
use crate::app::AppState;
use crate::commands;
use crate::datadog::{Errors, PathErrors};
use crate::decode::{PathOf, path_id};
use axum::extract::State;
use axum::http::StatusCode;

/// Delete an environment
///
/// Removes the flags' configuration in it and its SDK keys.
#[utoipa::path(
    delete,
    path = "/api/v2/feature-flags/environments/{environment_id}",
    operation_id = "delete_environment",
    tag = "Environments",
    params(("environment_id" = String, Path, description = "The environment's id", format = Uuid)),
    responses((status = 204, description = "Deleted"), Errors, PathErrors)
)]
pub(crate) async fn delete_environment(
    State(app): State<AppState>,
    caller: Allowed<WriteEnvironments>,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, ApiError> {
    let id = path_id(&id, "environment")?;
    commands::delete_environment(&app, &caller.principal, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

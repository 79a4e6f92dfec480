//! `DELETE /api/v1/roles/{role_id}`

use crate::ApiError;
use crate::access::{Allowed, WriteRoles};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, path_id};
use crate::native::{ProblemConflict, ProblemErrors};
use axum::extract::State;
use axum::http::StatusCode;

/// Remove a custom role
///
/// Not while a member has it or a restriction policy names it.
#[utoipa::path(
    delete,
    path = "/api/v1/roles/{role_id}",
    operation_id = "delete_role",
    tag = "Access",
    params(("role_id" = String, Path, description = "The role's id", format = Uuid)),
    responses((status = 204, description = "It is gone"), ProblemErrors, ProblemConflict)
)]
pub(crate) async fn delete_role(
    State(app): State<AppState>,
    caller: Allowed<WriteRoles>,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, ApiError> {
    commands::delete_role(&app, &caller.principal, path_id(&id, "role")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

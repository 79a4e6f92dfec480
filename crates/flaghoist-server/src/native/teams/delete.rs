//! `DELETE /api/v1/teams/{team_id}`

use crate::ApiError;
use crate::access::{Allowed, ManageTeams};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, path_id};
use crate::native::{ProblemConflict, ProblemErrors};
use axum::extract::State;
use axum::http::StatusCode;

/// Remove a team
///
/// Not while a restriction policy names it.
#[utoipa::path(
    delete,
    path = "/api/v1/teams/{team_id}",
    operation_id = "delete_native_team",
    tag = "Access",
    params(("team_id" = String, Path, description = "The team's id", format = Uuid)),
    responses((status = 204, description = "It is gone"), ProblemErrors, ProblemConflict)
)]
pub(crate) async fn delete_native_team(
    State(app): State<AppState>,
    caller: Allowed<ManageTeams>,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, ApiError> {
    commands::delete_team(&app, &caller.principal, path_id(&id, "team")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

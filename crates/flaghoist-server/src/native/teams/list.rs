//! `GET /api/v1/teams`

use super::TeamOut;
use crate::ApiError;
use crate::access::{Allowed, ReadTeams};
use crate::app::AppState;
use crate::commands;
use crate::native::ProblemErrors;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// All teams of the project.
#[derive(Serialize, ToSchema)]
pub(crate) struct TeamList {
    /// The teams, by handle.
    teams: Vec<TeamOut>,
}

/// List teams
#[utoipa::path(
    get,
    path = "/api/v1/teams",
    operation_id = "list_native_teams",
    tag = "Access",
    responses((status = 200, description = "The teams", body = TeamList), ProblemErrors)
)]
pub(crate) async fn list_native_teams(
    State(app): State<AppState>,
    caller: Allowed<ReadTeams>,
) -> Result<axum::Json<TeamList>, ApiError> {
    let teams = commands::view_teams(&app, &caller.principal).await?;
    Ok(axum::Json(TeamList { teams: teams.iter().map(TeamOut::of).collect() }))
}

//! `GET /api/v1/teams/{team_id}`

use super::TeamOut;
use crate::ApiError;
use crate::access::{Allowed, ReadTeams};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, path_id};
use crate::native::ProblemErrors;
use axum::extract::State;

/// Show a team
#[utoipa::path(
    get,
    path = "/api/v1/teams/{team_id}",
    operation_id = "get_native_team",
    tag = "Access",
    params(("team_id" = String, Path, description = "The team's id", format = Uuid)),
    responses((status = 200, description = "The team", body = TeamOut), ProblemErrors)
)]
pub(crate) async fn get_native_team(
    State(app): State<AppState>,
    caller: Allowed<ReadTeams>,
    PathOf(id): PathOf<String>,
) -> Result<axum::Json<TeamOut>, ApiError> {
    let team = commands::view_team(&app, &caller.principal, path_id(&id, "team")?).await?;
    Ok(axum::Json(TeamOut::of(&team)))
}

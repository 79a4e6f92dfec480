//! `PATCH /api/v1/teams/{team_id}`

use super::{TeamIn, TeamOut};
use crate::ApiError;
use crate::access::{Allowed, ManageTeams};
use crate::app::AppState;
use crate::commands;
use crate::decode::{JsonBody, PathOf, path_id};
use crate::native::{ProblemBodyErrors, ProblemErrors};
use axum::extract::State;
use flaghoist_model::Faults;

/// Change a team
///
/// What is absent stays; `member_ids` replaces all members.
#[utoipa::path(
    patch,
    path = "/api/v1/teams/{team_id}",
    operation_id = "update_native_team",
    tag = "Access",
    params(("team_id" = String, Path, description = "The team's id", format = Uuid)),
    request_body = TeamIn,
    responses((status = 200, description = "The team", body = TeamOut), ProblemErrors, ProblemBodyErrors)
)]
pub(crate) async fn update_native_team(
    State(app): State<AppState>,
    caller: Allowed<ManageTeams>,
    PathOf(id): PathOf<String>,
    JsonBody(wanted): JsonBody<TeamIn>,
) -> Result<axum::Json<TeamOut>, ApiError> {
    let id = path_id(&id, "team")?;
    let mut faults = Faults::new();
    let draft = wanted.into_draft(&mut faults);
    let team = commands::update_team(&app, &caller.principal, id, faults, |_| Ok(draft)).await?;
    Ok(axum::Json(TeamOut::of(&team)))
}

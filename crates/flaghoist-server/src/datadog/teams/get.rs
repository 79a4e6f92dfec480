//! `GET /api/v2/team/{team_id}`

use super::{TeamAttributes, team_resource};
use crate::ApiError;
use crate::access::{Allowed, ReadTeams};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::Answer;
use crate::datadog::{Document, Errors, PathErrors, Resource};
use crate::decode::{PathOf, path_id};
use axum::extract::State;
use axum::http::StatusCode;

/// Show a team
#[utoipa::path(
    get,
    path = "/api/v2/team/{team_id}",
    operation_id = "get_team",
    tag = "Access",
    params(("team_id" = String, Path, description = "The team's id", format = Uuid)),
    responses(
        (status = 200, description = "The team", body = Document<Resource<TeamAttributes>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors,
    )
)]
pub(crate) async fn get_team(
    State(app): State<AppState>,
    caller: Allowed<ReadTeams>,
    PathOf(id): PathOf<String>,
) -> Result<Answer<Document<Resource<TeamAttributes>>>, ApiError> {
    let team = commands::view_team(&app, &caller.principal, path_id(&id, "team")?).await?;
    Ok(Answer(StatusCode::OK, Document { data: team_resource(&team) }))
}

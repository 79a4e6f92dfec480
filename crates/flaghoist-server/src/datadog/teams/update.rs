//! `PATCH /api/v2/team/{team_id}`

use super::create::TeamRequest;
use super::{KIND, TeamAttributes, TeamAttributesIn, team_resource};
use crate::ApiError;
use crate::access::{Allowed, ManageTeams};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::{Answer, RequestDocument};
use crate::datadog::{Document, Errors, PathErrors, Resource, WriteErrors};
use crate::decode::{JsonBody, PathOf, path_id};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;

/// Change a team
#[utoipa::path(
    patch,
    path = "/api/v2/team/{team_id}",
    operation_id = "update_team",
    tag = "Access",
    params(("team_id" = String, Path, description = "The team's id", format = Uuid)),
    request_body(content((TeamRequest = "application/json"), (TeamRequest = "application/vnd.api+json"))),
    responses(
        (status = 200, description = "The team", body = Document<Resource<TeamAttributes>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors, WriteErrors,
    )
)]
pub(crate) async fn update_team(
    State(app): State<AppState>,
    caller: Allowed<ManageTeams>,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<RequestDocument<TeamAttributesIn>>,
) -> Result<Answer<Document<Resource<TeamAttributes>>>, ApiError> {
    let id = path_id(&id, "team")?;
    let (wanted, _) = body.open(KIND)?;
    let mut faults = Faults::under("/data/attributes");
    let draft = wanted.read(&mut faults);
    let team = commands::update_team(&app, &caller.principal, id, faults, |_| Ok(draft)).await?;
    Ok(Answer(StatusCode::OK, Document { data: team_resource(&team) }))
}

//! `POST /api/v2/team`

use super::{KIND, TeamAttributes, TeamAttributesIn, team_resource};
use crate::ApiError;
use crate::access::{Allowed, ManageTeams};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::{Answer, RequestDocument};
use crate::datadog::{Document, Errors, Resource, WriteErrors};
use crate::decode::JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use utoipa::ToSchema;

/// Body of the request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct TeamRequest {
    data: TeamRequestData,
}

/// The resource of the request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct TeamRequestData {
    #[schema(rename = "type", example = "team")]
    kind: String,
    attributes: TeamAttributesIn,
}

/// Make a team
///
/// Without members: they are added by their memberships.
#[utoipa::path(
    post,
    path = "/api/v2/team",
    operation_id = "create_team",
    tag = "Access",
    request_body(content((TeamRequest = "application/json"), (TeamRequest = "application/vnd.api+json"))),
    responses(
        (status = 201, description = "The team", body = Document<Resource<TeamAttributes>>, content_type = "application/vnd.api+json"),
        Errors, WriteErrors,
    )
)]
pub(crate) async fn create_team(
    State(app): State<AppState>,
    caller: Allowed<ManageTeams>,
    JsonBody(body): JsonBody<RequestDocument<TeamAttributesIn>>,
) -> Result<Answer<Document<Resource<TeamAttributes>>>, ApiError> {
    let (wanted, _) = body.open(KIND)?;
    let mut faults = Faults::under("/data/attributes");
    let draft = wanted.read(&mut faults);
    let team = commands::create_team(&app, &caller.principal, draft, faults).await?;
    Ok(Answer(StatusCode::CREATED, Document { data: team_resource(&team) }))
}

//! `POST /api/v1/teams`

use super::{TeamIn, TeamOut};
use crate::ApiError;
use crate::access::{Allowed, ManageTeams};
use crate::app::AppState;
use crate::commands;
use crate::decode::JsonBody;
use crate::native::{ProblemBodyErrors, ProblemErrors, require};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use utoipa::ToSchema;

/// A team to make.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; TeamIn reads it")]
pub(crate) struct NewTeam {
    /// Unique in the project.
    #[schema(example = "checkout")]
    handle: String,
    /// For people.
    #[schema(example = "Checkout")]
    name: String,
    /// For people.
    description: Option<String>,
    /// Ids of its members.
    member_ids: Option<Vec<String>>,
}

/// Make a team
#[utoipa::path(
    post,
    path = "/api/v1/teams",
    operation_id = "create_native_team",
    tag = "Access",
    request_body = NewTeam,
    responses((status = 201, description = "The team", body = TeamOut), ProblemErrors, ProblemBodyErrors)
)]
pub(crate) async fn create_native_team(
    State(app): State<AppState>,
    caller: Allowed<ManageTeams>,
    JsonBody(wanted): JsonBody<TeamIn>,
) -> Result<(StatusCode, axum::Json<TeamOut>), ApiError> {
    let mut faults = Faults::new();
    require(wanted.handle.is_given(), "handle", "a string", &mut faults);
    require(wanted.name.is_given(), "name", "a string", &mut faults);
    let draft = wanted.into_draft(&mut faults);
    let team = commands::create_team(&app, &caller.principal, draft, faults).await?;
    Ok((StatusCode::CREATED, axum::Json(TeamOut::of(&team))))
}

//! `PATCH /api/v1/roles/{role_id}`

use super::{RoleIn, RoleOut};
use crate::ApiError;
use crate::access::{Allowed, WriteRoles};
use crate::app::AppState;
use crate::commands;
use crate::decode::{JsonBody, PathOf, path_id};
use crate::native::{ProblemBodyErrors, ProblemErrors};
use axum::extract::State;
use flaghoist_model::Faults;

/// Change a custom role
///
/// What is absent stays. Counts at once for everybody who has the role.
#[utoipa::path(
    patch,
    path = "/api/v1/roles/{role_id}",
    operation_id = "update_role",
    tag = "Access",
    params(("role_id" = String, Path, description = "The role's id", format = Uuid)),
    request_body = RoleIn,
    responses((status = 200, description = "The role", body = RoleOut), ProblemErrors, ProblemBodyErrors)
)]
pub(crate) async fn update_role(
    State(app): State<AppState>,
    caller: Allowed<WriteRoles>,
    PathOf(id): PathOf<String>,
    JsonBody(wanted): JsonBody<RoleIn>,
) -> Result<axum::Json<RoleOut>, ApiError> {
    let id = path_id(&id, "role")?;
    let mut faults = Faults::new();
    let draft = wanted.into_draft(&mut faults);
    let role = commands::update_role(&app, &caller.principal, id, draft, faults).await?;
    Ok(axum::Json(RoleOut::custom(&role)))
}

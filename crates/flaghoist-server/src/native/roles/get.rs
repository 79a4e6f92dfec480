//! `GET /api/v1/roles/{role_id}`

use super::RoleOut;
use crate::ApiError;
use crate::access::{Allowed, ReadRoles};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, not_found};
use crate::native::ProblemErrors;
use axum::extract::State;
use flaghoist_model::access::RoleRef;

/// Show a role
#[utoipa::path(
    get,
    path = "/api/v1/roles/{role_id}",
    operation_id = "get_role",
    tag = "Access",
    params(("role_id" = String, Path, description = "`viewer`, `editor`, `admin` or the id of a custom role")),
    responses((status = 200, description = "The role", body = RoleOut), ProblemErrors)
)]
pub(crate) async fn get_role(
    State(app): State<AppState>,
    caller: Allowed<ReadRoles>,
    PathOf(id): PathOf<String>,
) -> Result<axum::Json<RoleOut>, ApiError> {
    let role = match id.parse().map_err(|_| not_found("role", id))? {
        RoleRef::BuiltIn(role) => RoleOut::built_in(role),
        RoleRef::Custom(id) => RoleOut::custom(&commands::view_role(&app, &caller.principal, id).await?),
    };
    Ok(axum::Json(role))
}

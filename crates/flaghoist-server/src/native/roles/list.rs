//! `GET /api/v1/roles`

use super::RoleOut;
use crate::ApiError;
use crate::access::{Allowed, ReadRoles};
use crate::app::AppState;
use crate::commands;
use crate::native::ProblemErrors;
use axum::extract::State;
use flaghoist_model::access::BuiltInRole;
use serde::Serialize;
use utoipa::ToSchema;

/// All roles of the project.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoleList {
    /// The built-in ones, the weakest first, then the custom ones by name.
    roles: Vec<RoleOut>,
}

/// List roles
#[utoipa::path(
    get,
    path = "/api/v1/roles",
    operation_id = "list_roles",
    tag = "Access",
    responses((status = 200, description = "The roles", body = RoleList), ProblemErrors)
)]
pub(crate) async fn list_roles(
    State(app): State<AppState>,
    caller: Allowed<ReadRoles>,
) -> Result<axum::Json<RoleList>, ApiError> {
    let custom = commands::view_roles(&app, &caller.principal).await?;
    let built_in = BuiltInRole::ALL.into_iter().map(RoleOut::built_in);
    Ok(axum::Json(RoleList { roles: built_in.chain(custom.iter().map(RoleOut::custom)).collect() }))
}

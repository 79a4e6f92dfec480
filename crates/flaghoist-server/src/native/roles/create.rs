//! `POST /api/v1/roles`

use super::{PermissionName, RoleIn, RoleOut};
use crate::ApiError;
use crate::access::{Allowed, WriteRoles};
use crate::app::AppState;
use crate::commands;
use crate::decode::JsonBody;
use crate::native::{ProblemBodyErrors, ProblemErrors, require};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use utoipa::ToSchema;

/// A role to make.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; RoleIn reads it")]
pub(crate) struct NewRole {
    /// Unique in the project.
    #[schema(example = "Release manager")]
    name: String,
    /// For people.
    description: Option<String>,
    /// All it may do.
    #[schema(value_type = Vec<PermissionName>)]
    permissions: Vec<String>,
}

/// Make a role
///
/// A role may do nothing that its maker may not.
#[utoipa::path(
    post,
    path = "/api/v1/roles",
    operation_id = "create_role",
    tag = "Access",
    request_body = NewRole,
    responses((status = 201, description = "The role", body = RoleOut), ProblemErrors, ProblemBodyErrors)
)]
pub(crate) async fn create_role(
    State(app): State<AppState>,
    caller: Allowed<WriteRoles>,
    JsonBody(wanted): JsonBody<RoleIn>,
) -> Result<(StatusCode, axum::Json<RoleOut>), ApiError> {
    let mut faults = Faults::new();
    require(wanted.name.is_given(), "name", "a string", &mut faults);
    require(wanted.permissions.is_given(), "permissions", "an array of names of permissions", &mut faults);
    let draft = wanted.into_draft(&mut faults);
    let role = commands::create_role(&app, &caller.principal, draft, faults).await?;
    Ok((StatusCode::CREATED, axum::Json(RoleOut::custom(&role))))
}

//! `GET /api/v1/me`

use crate::ApiError;
use crate::access::{Allowed, AnyMember};
use crate::app::AppState;
use crate::commands;
use crate::native::ProblemErrors;
use crate::native::projects::ProjectOut;
use crate::native::roles::PermissionName;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// Who the caller is, and what they may do here.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// E-mail.
    email: String,
    /// For people.
    name: String,
    /// Whether they administer the installation, by what they present.
    is_installation_admin: bool,
    /// The project the request acts on.
    #[schema(format = Uuid)]
    project_id: String,
    /// Their role in it.
    #[schema(example = "editor")]
    role: String,
    /// What they may do in it, by what they present.
    #[schema(value_type = Vec<PermissionName>)]
    permissions: Vec<&'static str>,
    /// The projects they can choose from.
    projects: Vec<ProjectOut>,
}

/// Show who the caller is
#[utoipa::path(
    get,
    path = "/api/v1/me",
    operation_id = "get_me",
    tag = "Access",
    responses((status = 200, description = "The caller", body = Me), ProblemErrors)
)]
pub(crate) async fn get_me(
    State(app): State<AppState>,
    caller: Allowed<AnyMember>,
) -> Result<axum::Json<Me>, ApiError> {
    let principal = &caller.principal;
    let user = commands::view_me(&app, principal).await?;
    let projects = commands::view_projects(&app, principal).await?;
    Ok(axum::Json(Me {
        id: user.id.to_string(),
        email: user.email,
        name: user.name,
        is_installation_admin: principal.is_installation_admin,
        project_id: principal.project_id.to_string(),
        role: principal.role.to_string(),
        permissions: principal.permissions.names(),
        projects: projects.iter().map(ProjectOut::of).collect(),
    }))
}

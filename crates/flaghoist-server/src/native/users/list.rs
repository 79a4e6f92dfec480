//! `GET /api/v1/users`

use super::UserOut;
use crate::ApiError;
use crate::access::{Allowed, ReadUsers};
use crate::app::AppState;
use crate::commands;
use crate::native::ProblemErrors;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// All members of the project.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserList {
    /// The members, oldest membership first.
    users: Vec<UserOut>,
}

/// List the members of the project
#[utoipa::path(
    get,
    path = "/api/v1/users",
    operation_id = "list_users",
    tag = "Access",
    responses((status = 200, description = "The members", body = UserList), ProblemErrors)
)]
pub(crate) async fn list_users(
    State(app): State<AppState>,
    caller: Allowed<ReadUsers>,
) -> Result<axum::Json<UserList>, ApiError> {
    let members = commands::view_members(&app, &caller.principal).await?;
    Ok(axum::Json(UserList { users: members.iter().map(UserOut::of).collect() }))
}

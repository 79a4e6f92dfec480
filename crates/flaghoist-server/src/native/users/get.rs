//! `GET /api/v1/users/{user_id}`

use super::UserOut;
use crate::ApiError;
use crate::access::{Allowed, ReadUsers};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, path_id};
use crate::native::ProblemErrors;
use axum::extract::State;

/// Show a member of the project
#[utoipa::path(
    get,
    path = "/api/v1/users/{user_id}",
    operation_id = "get_user",
    tag = "Access",
    params(("user_id" = String, Path, description = "The user's id", format = Uuid)),
    responses((status = 200, description = "The member", body = UserOut), ProblemErrors)
)]
pub(crate) async fn get_user(
    State(app): State<AppState>,
    caller: Allowed<ReadUsers>,
    PathOf(id): PathOf<String>,
) -> Result<axum::Json<UserOut>, ApiError> {
    let member = commands::view_member(&app, &caller.principal, path_id(&id, "user")?).await?;
    Ok(axum::Json(UserOut::of(&member)))
}

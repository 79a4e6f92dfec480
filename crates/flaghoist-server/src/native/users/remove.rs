//! `DELETE /api/v1/users/{user_id}`

use crate::ApiError;
use crate::access::{Allowed, WriteUsers};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, path_id};
use crate::native::{ProblemConflict, ProblemErrors};
use axum::extract::State;
use axum::http::StatusCode;

/// Remove a member from the project
///
/// Their application keys in this project are revoked, and they leave its teams. The user stays known to the
/// installation and to its history. The last administrator cannot be removed.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{user_id}",
    operation_id = "remove_user",
    tag = "Access",
    params(("user_id" = String, Path, description = "The user's id", format = Uuid)),
    responses((status = 204, description = "They are no member any more"), ProblemErrors, ProblemConflict)
)]
pub(crate) async fn remove_user(
    State(app): State<AppState>,
    caller: Allowed<WriteUsers>,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, ApiError> {
    commands::remove_member(&app, &caller.principal, path_id(&id, "user")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `GET /api/v1/keys`

use super::KeyList;
use crate::ApiError;
use crate::access::{Allowed, ReadKeys};
use crate::app::AppState;
use crate::commands;
use crate::native::ProblemErrors;
use axum::extract::State;

/// List all keys of the project
///
/// Of all kinds and users, without their secrets.
#[utoipa::path(
    get,
    path = "/api/v1/keys",
    operation_id = "list_keys",
    tag = "Access",
    responses((status = 200, description = "The keys", body = KeyList), ProblemErrors)
)]
pub(crate) async fn list_keys(
    State(app): State<AppState>,
    caller: Allowed<ReadKeys>,
) -> Result<axum::Json<KeyList>, ApiError> {
    let keys = commands::view_keys(&app, &caller.principal, None).await?;
    Ok(axum::Json(KeyList::of(&keys)))
}

//! `GET /api/v1/keys/{key_id}`

use super::KeyOut;
use crate::ApiError;
use crate::access::{Allowed, ReadKeys};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, path_id};
use crate::native::ProblemErrors;
use axum::extract::State;

/// Show a key
#[utoipa::path(
    get,
    path = "/api/v1/keys/{key_id}",
    operation_id = "get_key",
    tag = "Access",
    params(("key_id" = String, Path, description = "The key's id", format = Uuid)),
    responses((status = 200, description = "The key, without its secret", body = KeyOut), ProblemErrors)
)]
pub(crate) async fn get_key(
    State(app): State<AppState>,
    caller: Allowed<ReadKeys>,
    PathOf(id): PathOf<String>,
) -> Result<axum::Json<KeyOut>, ApiError> {
    let key = commands::view_key(&app, &caller.principal, path_id(&id, "key")?).await?;
    Ok(axum::Json(KeyOut::of(&key)))
}

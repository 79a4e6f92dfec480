//! `GET /api/v1/history/{history_id}`

use super::resource::{HistoryOut, history_out};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::decode::{PathOf, not_found, path_id};
use crate::native::ProblemErrors;
use axum::extract::State;

/// Show what happened, whole
#[utoipa::path(
    get,
    path = "/api/v1/history/{history_id}",
    operation_id = "get_history_entry",
    tag = "History",
    params(("history_id" = String, Path, description = "The entry's id", format = Uuid)),
    responses((status = 200, description = "The entry", body = HistoryOut), ProblemErrors)
)]
pub(crate) async fn get_history_entry(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(id): PathOf<String>,
) -> Result<axum::Json<HistoryOut>, ApiError> {
    let id = path_id(&id, "history entry")?;
    let view = commands::view_history_entry(&app, &caller.principal, id).await?;
    let entry = view.entries.first().ok_or_else(|| not_found("history entry", id))?;
    Ok(axum::Json(history_out(&view, entry, true)))
}

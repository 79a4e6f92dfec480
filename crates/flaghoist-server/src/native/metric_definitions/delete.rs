//! `DELETE /api/v1/metrics/{metric_id}`

use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands;
use crate::decode::PathOf;
use crate::native::ProblemErrors;
use axum::extract::State;
use axum::http::StatusCode;

/// Remove a metric
///
/// Guardrails may go on naming it; runs that start from now on do not watch it.
#[utoipa::path(
    delete,
    path = "/api/v1/metrics/{metric_id}",
    operation_id = "delete_metric",
    tag = "Metrics",
    params(("metric_id" = String, Path, description = "The metric's id")),
    responses((status = 204, description = "It is gone"), ProblemErrors)
)]
pub(crate) async fn delete_metric(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, ApiError> {
    commands::delete_metric(&app, &caller.principal, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `GET /api/v1/metrics/{metric_id}`

use super::resource::MetricOut;
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::decode::PathOf;
use crate::native::ProblemErrors;
use axum::extract::State;

/// Show a metric
#[utoipa::path(
    get,
    path = "/api/v1/metrics/{metric_id}",
    operation_id = "get_metric",
    tag = "Metrics",
    params(("metric_id" = String, Path, description = "The metric's id")),
    responses((status = 200, description = "The metric", body = MetricOut), ProblemErrors)
)]
pub(crate) async fn get_metric(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(id): PathOf<String>,
) -> Result<axum::Json<MetricOut>, ApiError> {
    let metric = commands::view_metric(&app, &caller.principal, &id).await?;
    Ok(axum::Json(MetricOut::of(metric)))
}

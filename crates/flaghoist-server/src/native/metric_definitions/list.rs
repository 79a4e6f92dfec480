//! `GET /api/v1/metrics`

use super::resource::MetricOut;
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::native::ProblemErrors;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// The metrics of the project.
#[derive(Serialize, ToSchema)]
pub(crate) struct MetricList {
    /// Oldest first.
    metrics: Vec<MetricOut>,
}

/// List metrics
#[utoipa::path(
    get,
    path = "/api/v1/metrics",
    operation_id = "list_metrics",
    tag = "Metrics",
    responses((status = 200, description = "All metrics", body = MetricList), ProblemErrors)
)]
pub(crate) async fn list_metrics(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
) -> Result<axum::Json<MetricList>, ApiError> {
    let metrics = commands::view_metrics(&app, &caller.principal).await?;
    Ok(axum::Json(MetricList { metrics: metrics.into_iter().map(MetricOut::of).collect() }))
}

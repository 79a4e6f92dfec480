//! `PUT /api/v1/metrics/{metric_id}`

use super::request::MetricIn;
use super::resource::MetricOut;
use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands;
use crate::decode::{JsonBody, PathOf};
use crate::native::{ProblemBodyErrors, ProblemErrors};
use axum::extract::State;
use flaghoist_model::Faults;

/// Replace a metric
///
/// What is absent gets its default. Rollouts that run go on watching what was there when they started.
#[utoipa::path(
    put,
    path = "/api/v1/metrics/{metric_id}",
    operation_id = "replace_metric",
    tag = "Metrics",
    params(("metric_id" = String, Path, description = "The metric's id")),
    request_body = MetricIn,
    responses(
        (status = 200, description = "The metric", body = MetricOut),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn replace_metric(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
    JsonBody(wanted): JsonBody<MetricIn>,
) -> Result<axum::Json<MetricOut>, ApiError> {
    let mut faults = Faults::new();
    let draft = wanted.into_draft(&mut faults);
    let metric = commands::replace_metric(&app, &caller.principal, &id, draft, faults).await?;
    Ok(axum::Json(MetricOut::of(metric)))
}

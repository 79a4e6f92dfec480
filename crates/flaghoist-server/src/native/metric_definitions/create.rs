//! `POST /api/v1/metrics`

use super::request::MetricIn;
use super::resource::MetricOut;
use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands;
use crate::decode::JsonBody;
use crate::native::{ProblemBodyErrors, ProblemErrors, require};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;

/// Make a metric
///
/// A project has at most 1 000. Guardrails that name its id watch it from their next run on.
#[utoipa::path(
    post,
    path = "/api/v1/metrics",
    operation_id = "create_metric",
    tag = "Metrics",
    request_body = MetricIn,
    responses(
        (status = 201, description = "The metric", body = MetricOut),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn create_metric(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    JsonBody(wanted): JsonBody<MetricIn>,
) -> Result<(StatusCode, axum::Json<MetricOut>), ApiError> {
    let mut faults = Faults::new();
    require(wanted.id.is_given(), "id", "a string such as checkout-errors", &mut faults);
    let draft = wanted.into_draft(&mut faults);
    let metric = commands::create_metric(&app, &caller.principal, draft, faults).await?;
    Ok((StatusCode::CREATED, axum::Json(MetricOut::of(metric))))
}

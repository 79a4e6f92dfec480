//! `GET /metrics`

use crate::ApiError;
use crate::app::AppState;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// Metrics for Prometheus
///
/// In the OpenMetrics text format. Holds counts and keys of flags and environments, no values and no subjects.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "Operation", security(()),
    responses((status = 200, description = "The metrics", body = String, content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8")))]
pub(crate) async fn metrics(State(app): State<AppState>) -> Result<Response, ApiError> {
    let text = app.metrics.render(&app.publisher, app.streams.open_count()).map_err(ApiError::internal)?;
    let media_type = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, media_type)], text).into_response())
}

//! `POST /sdk/v1/metric-events`

use super::{ProblemBodyErrors, ProblemErrors};
use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::events::{self, Accepted, Receipt};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use flaghoist_ingest::read_metric_events;
use utoipa::ToSchema;

/// What happened.
#[derive(ToSchema)]
#[schema(example = json!({"events": [{"name": "checkout.error", "subject": "alice", "timestamp": "2026-11-20T10:00:00Z", "event_id": "e-1", "value": 1, "properties": {"severity": "error"}}]}))]
#[expect(dead_code, reason = "documents the body; flaghoist_ingest reads it")]
pub(crate) struct MetricEventsIn {
    /// The events: `name` and `subject` (the targeting key), and where there is one `timestamp` (RFC 3339 or milliseconds
    /// since 1970; now when absent), `event_id` (an event with the id of an earlier one is counted once), `value` (a
    /// number), `properties`. What OpenFeature's `track` is called with is taken too: `name`, `context.targetingKey` and
    /// `details`.
    events: Vec<serde_json::Value>,
}

/// Report what happened to subjects
///
/// For the metrics that guardrails of rollouts watch. Answered once the report is recorded durably; what concerns no
/// rollout is taken and forgotten. A report that is sent again with the `Idempotency-Key` of an earlier one, within two
/// days, is recorded once.
#[utoipa::path(
    post,
    path = "/sdk/v1/metric-events",
    operation_id = "report_metric_events",
    tag = "SDK",
    params(("Idempotency-Key" = Option<String>, Header, description = "Names the report: what repeats it is ignored")),
    request_body(content((MetricEventsIn = "application/json"), (MetricEventsIn = "text/plain"))),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 202, description = "What was taken, and what was not", body = Receipt),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn report_metric_events(
    State(app): State<AppState>,
    reader: SdkKey,
    headers: HeaderMap,
    body: Body,
) -> Result<Accepted, ApiError> {
    events::take_observations(&app, &reader, &headers, body, read_metric_events).await
}

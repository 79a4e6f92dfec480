//! `POST /sdk/v1/events`

use super::{ProblemBodyErrors, ProblemErrors};
use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::events::{self, Accepted, Kind, Receipt, Source};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use utoipa::ToSchema;

/// What was seen. Both lists are optional; a body may also be one record of an exposure, or lines of them.
#[derive(ToSchema)]
#[schema(example = json!({"exposures": [{"flag": "dark-mode", "variant": "on", "allocation": "beta-users", "timestamp": "2026-11-20T10:00:00Z"}], "evaluations": [{"flag": "dark-mode", "variant": "on", "allocation": "beta-users", "count": 3}]}))]
#[expect(dead_code, reason = "documents the body; events::read reads it")]
pub(crate) struct EventsIn {
    /// Subjects who got a variant: `flag`, `variant`, `allocation`, `timestamp`. The names that Eppo's assignment loggers
    /// use, `featureFlag` and `variation`, are fine too.
    exposures: Vec<serde_json::Value>,
    /// Evaluations: the same members, `count`, and `error` if they failed. Without `variant` they served the default of
    /// the code.
    evaluations: Vec<serde_json::Value>,
}

/// Report exposures and evaluations
///
/// For hooks and trackers of OpenFeature SDKs, and assignment loggers of Eppo's. Answered once the report is counted
/// durably. `timestamp` is RFC 3339 or milliseconds since 1970, and now when it is absent.
#[utoipa::path(
    post,
    path = "/sdk/v1/events",
    operation_id = "report_events",
    tag = "SDK",
    request_body(content((EventsIn = "application/json"), (EventsIn = "text/plain"))),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 202, description = "What is counted, and what is not", body = Receipt),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn report_events(
    State(app): State<AppState>,
    reader: SdkKey,
    headers: HeaderMap,
    body: Body,
) -> Result<Accepted, ApiError> {
    events::take(&app, &headers, body, Kind::Exposure, Source::Key(reader)).await
}

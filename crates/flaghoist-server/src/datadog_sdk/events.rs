//! `POST /api/v2/exposures`, `/api/v2/flagevaluation`, and `/intake`, which browsers' `proxy` option leads to

use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::datadog::{Errors, Filters, WriteErrors};
use crate::decode;
use crate::events::{self, Accepted, BODY_MAX_BYTES, Kind, Receipt, Source};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

/// What was seen, as Datadog's SDKs report it: one object with a list, or lines of records (`text/plain`).
#[derive(ToSchema)]
#[schema(example = json!({"context": {"service": "shop", "env": "prod"}, "exposures": [{"timestamp": 1_795_209_487_554_i64, "flag": {"key": "dark-mode"}, "allocation": {"key": "beta-users"}, "variant": {"key": "on"}, "subject": {"id": "alice"}}]}))]
#[expect(dead_code, reason = "documents the body; events::read reads it")]
pub(crate) struct ExposuresIn {
    /// The exposures.
    exposures: Vec<serde_json::Value>,
}

/// How often flags were evaluated, as Datadog's SDKs report it.
#[derive(ToSchema)]
#[schema(example = json!({"context": {"service": "shop", "env": "prod"}, "flagEvaluations": [{"timestamp": 1_795_209_533_986_i64, "flag": {"key": "dark-mode"}, "variant": {"key": "on"}, "allocation": {"key": "beta-users"}, "first_evaluation": 1_795_209_523_905_i64, "last_evaluation": 1_795_209_523_905_i64, "evaluation_count": 3}]}))]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "documents the body; events::read reads it")]
pub(crate) struct FlagEvaluationsIn {
    /// The counts.
    flag_evaluations: Vec<serde_json::Value>,
}

/// Report which subjects got which variants
///
/// Answered once the report is counted durably.
#[utoipa::path(
    post,
    path = "/api/v2/exposures",
    operation_id = "report_exposures",
    tag = "SDK",
    params(("dd-api-key" = Option<String>, Query, description = "An SDK key, where no header carries it")),
    request_body(content((ExposuresIn = "application/json"), (ExposuresIn = "text/plain"))),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses((status = 202, description = "What is counted, and what is not", body = Receipt), Errors, WriteErrors)
)]
pub(crate) async fn report_exposures(
    State(app): State<AppState>,
    reader: SdkKey,
    headers: HeaderMap,
    body: Body,
) -> Result<Accepted, ApiError> {
    events::take(&app, &headers, body, Kind::Exposure, Source::Key(reader)).await
}

/// Report how often flags were evaluated
///
/// Answered once the report is counted durably.
#[utoipa::path(
    post,
    path = "/api/v2/flagevaluation",
    operation_id = "report_flag_evaluations",
    tag = "SDK",
    params(("dd-api-key" = Option<String>, Query, description = "An SDK key, where no header carries it")),
    request_body(content((FlagEvaluationsIn = "application/json"), (FlagEvaluationsIn = "text/plain"))),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses((status = 202, description = "What is counted, and what is not", body = Receipt), Errors, WriteErrors)
)]
pub(crate) async fn report_flag_evaluations(
    State(app): State<AppState>,
    reader: SdkKey,
    headers: HeaderMap,
    body: Body,
) -> Result<Accepted, ApiError> {
    events::take(&app, &headers, body, Kind::Evaluation, Source::Key(reader)).await
}

/// Query of a forwarded request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ForwardQuery {
    ddforward: Option<String>,
}

/// Take what a browser SDK sends to its `proxy`
///
/// `ddforward` has the path and the query that the SDK would have called, the client SDK key in it. What is about
/// something else than flags is accepted and forgotten.
#[utoipa::path(
    post,
    path = "/intake",
    operation_id = "forward",
    tag = "SDK",
    params(("ddforward" = Option<String>, Query, description = "Path and query, such as /api/v2/exposures?dd-api-key=…")),
    request_body(content((ExposuresIn = "text/plain"), (ExposuresIn = "application/json"))),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses((status = 202, description = "What is counted, and what is not", body = Receipt), Errors, WriteErrors)
)]
pub(crate) async fn forward(
    State(app): State<AppState>,
    reader: SdkKey,
    Filters(query): Filters<ForwardQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Accepted, ApiError> {
    let forward = query.ddforward.unwrap_or_default();
    let kind = match forward.split('?').next().unwrap_or_default() {
        "/api/v2/exposures" => Kind::Exposure,
        "/api/v2/flagevaluation" => Kind::Evaluation,
        _ => {
            decode::read_body(body, BODY_MAX_BYTES, app.body_timeout).await?;
            return Ok((StatusCode::ACCEPTED, Json(Receipt::default())));
        }
    };
    events::take(&app, &headers, body, kind, Source::Key(reader)).await
}

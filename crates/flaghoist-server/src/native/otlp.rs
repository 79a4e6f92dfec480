//! `POST /v1/logs` and `POST /v1/traces`: what OpenTelemetry exporters send (OTLP over HTTP).

use super::{ProblemBodyErrors, ProblemErrors};
use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::events::{self, Receipt};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flaghoist_ingest::{OtlpEncoding, OtlpReport, otlp_answer, read_otlp_logs, read_otlp_traces};

/// What exporters are answered in their own encoding: nothing, or how many records were not taken.
fn answer(encoding: OtlpEncoding, report: OtlpReport, receipt: &Receipt) -> Response {
    let media_type = match encoding {
        OtlpEncoding::Protobuf => "application/x-protobuf",
        OtlpEncoding::Json => "application/json",
    };
    // Records without a subject or an event's name are most of what an application logs: they are no failure of the
    // exporter's, which would tell people of them.
    let rejected = receipt.dropped.get("out_of_time").copied().unwrap_or(0);
    let body = otlp_answer(encoding, report, rejected);
    (StatusCode::OK, [(header::CONTENT_TYPE, media_type)], body).into_response()
}

fn encoding_of(headers: &HeaderMap) -> Result<OtlpEncoding, ApiError> {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/x-protobuf" => Ok(OtlpEncoding::Protobuf),
        // Exporters always say what they send; who does not is somebody with curl.
        "application/json" | "" => Ok(OtlpEncoding::Json),
        _ => Err(ApiError::UnsupportedMediaType(media_type.to_owned())),
    }
}

/// Take logs of OpenTelemetry exporters
///
/// Records of the event `feature_flag.evaluation` are exposures, all others with an event name and a subject are what
/// metrics of source `otlp_log` select. Answered once they are recorded durably.
#[utoipa::path(
    post,
    path = "/v1/logs",
    operation_id = "export_logs",
    tag = "SDK",
    request_body(content(
        (Vec<u8> = "application/x-protobuf"),
        (serde_json::Value = "application/json"),
    ), description = "An ExportLogsServiceRequest, gzip allowed"),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses((status = 200, description = "An ExportLogsServiceResponse"), ProblemErrors, ProblemBodyErrors)
)]
pub(crate) async fn export_logs(
    State(app): State<AppState>,
    reader: SdkKey,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let encoding = encoding_of(&headers)?;
    let read = move |body: &[u8], now_ms: i64, take: flaghoist_ingest::Take<'_>| {
        read_otlp_logs(encoding, body, now_ms, take)
    };
    let (_, receipt) = events::take_observations(&app, &reader, &headers, body, read).await?;
    Ok(answer(encoding, OtlpReport::Logs, &receipt))
}

/// Take traces of OpenTelemetry exporters
///
/// Spans with a subject are what metrics of source `otlp_span` select; their events `feature_flag.evaluation` are exposures.
/// Answered once they are recorded durably.
#[utoipa::path(
    post,
    path = "/v1/traces",
    operation_id = "export_traces",
    tag = "SDK",
    request_body(content(
        (Vec<u8> = "application/x-protobuf"),
        (serde_json::Value = "application/json"),
    ), description = "An ExportTraceServiceRequest, gzip allowed"),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses((status = 200, description = "An ExportTraceServiceResponse"), ProblemErrors, ProblemBodyErrors)
)]
pub(crate) async fn export_traces(
    State(app): State<AppState>,
    reader: SdkKey,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let encoding = encoding_of(&headers)?;
    let read =
        move |body: &[u8], _: i64, take: flaghoist_ingest::Take<'_>| read_otlp_traces(encoding, body, take);
    let (_, receipt) = events::take_observations(&app, &reader, &headers, body, read).await?;
    Ok(answer(encoding, OtlpReport::Traces, &receipt))
}

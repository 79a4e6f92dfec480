//! `GET /ofrep/v1/stream`

use super::{OfrepErrors, Refusal};
use crate::access::sdk_key::StreamKey;
use crate::app::AppState;
use crate::streams::{self, News};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

/// Be told when to evaluate again
///
/// Server-sent events of type `refetchEvaluation`; the address with its token stands in `eventStreams` of a bulk answer.
/// A `Last-Event-ID` of before the last change is answered by an event at once.
#[utoipa::path(
    get,
    path = "/ofrep/v1/stream",
    operation_id = "stream_evaluations",
    tag = "OFREP",
    params(
        ("token" = Option<String>, Query, description = "From a bulk answer; or send an SDK key as with every request"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that the client has"),
    ),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 200, description = "The events", body = crate::streams::StreamEvent, content_type = "text/event-stream"),
        OfrepErrors,
    )
)]
pub(crate) async fn stream_evaluations(
    State(app): State<AppState>,
    reader: Result<StreamKey, crate::ApiError>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let StreamKey(reader) = reader?;
    Ok(streams::open(&app, reader, &headers, tell)?)
}

fn tell(news: &News<'_>) -> Value {
    let environment = news.environment.environment();
    json!({
        "type": "refetchEvaluation",
        "etag": environment.content_revision.to_string(),
        "lastModified": environment.content_at.as_second(),
    })
}

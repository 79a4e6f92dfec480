//! `GET /sdk/v1/stream`

use super::ProblemErrors;
use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::streams::{self, News};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

/// Be told of changes of an environment
///
/// Server-sent events: `{"revision": 7, "changed": ["dark-mode"]}`. `changed` is null when it is not known, after a
/// reconnection with the `Last-Event-ID` of before the last change: read the whole document (`/sdk/v1/config`).
#[utoipa::path(
    get,
    path = "/sdk/v1/stream",
    operation_id = "stream_changes",
    tag = "SDK",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that the client has")),
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 200, description = "The events", body = crate::streams::StreamEvent, content_type = "text/event-stream"),
        ProblemErrors,
    )
)]
pub(crate) async fn stream_changes(
    State(app): State<AppState>,
    reader: SdkKey,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    streams::open(&app, reader, &headers, tell)
}

fn tell(news: &News<'_>) -> Value {
    json!({"revision": news.environment.environment().content_revision, "changed": news.changed()})
}

//! What tracers send to an Agent that is about no flag: taken, so that they neither fail nor complain, and forgotten.

use crate::app::AppState;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::time::Duration;

/// Where tracers send traces, which want an answer about sampling.
pub(super) const TRACES: &[&str] =
    &["/v0.3/traces", "/v0.4/traces", "/v0.5/traces", "/v0.7/traces", "/v1.0/traces"];

/// Where they send other things.
pub(super) const FORGOTTEN: &[&str] = &[
    "/v0.6/stats",
    "/v0.1/pipeline_stats",
    "/v0.4/services",
    "/dogstatsd/v2/proxy",
    "/profiling/v1/input",
    "/debugger/v1/input",
    "/debugger/v1/diagnostics",
    "/debugger/v2/input",
    "/symdb/v1/input",
    "/tracer_flare/v1",
    "/openlineage/api/v1/lineage",
    "/telemetry/proxy/{*rest}",
];

/// Most bytes of a body that are read; the connection of a longer one is closed.
const BODY_MAX_BYTES: usize = 64 * 1024 * 1024;

/// Traces: no rates, so that tracers keep theirs.
pub(super) async fn forget_traces(State(app): State<AppState>, body: Body) -> Json<Value> {
    discard(body, app.body_timeout).await;
    Json(json!({"rate_by_service": {}}))
}

/// Anything else.
pub(super) async fn forget(State(app): State<AppState>, body: Body) -> (StatusCode, Json<Value>) {
    discard(body, app.body_timeout).await;
    (StatusCode::ACCEPTED, Json(json!({})))
}

/// Reads a body without keeping it: an answer before the end of a request breaks some clients.
async fn discard(body: Body, limit: Duration) {
    let mut chunks = body.into_data_stream();
    let read = async {
        let mut length_bytes = 0;
        while let Some(Ok(chunk)) = chunks.next().await {
            length_bytes += chunk.len();
            if length_bytes > BODY_MAX_BYTES {
                return;
            }
        }
    };
    // Whoever sends too slowly gets an answer all the same.
    let _ = tokio::time::timeout(limit, read).await;
}

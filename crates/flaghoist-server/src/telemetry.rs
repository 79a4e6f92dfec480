//! Requests as they are logged and measured. Nothing here ever sees a header value or a query: they hold
//! secrets.

mod metrics;
mod store;

pub(crate) use metrics::Metrics;

use crate::ApiError;
use crate::app::AppState;
use crate::error::error_of;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request id of a client that is taken over, in bytes.
const REQUEST_ID_MAX_BYTES: usize = 64;

/// Where the routes of reading applications start.
const READS: [&str; 23] = [
    "/evaluator/",
    "/ws/",
    "/auth/asl-handshake",
    "/ofrep/",
    "/sdk/",
    "/precompute-assignments",
    "/api/flag-config/",
    "/api/assignments",
    "/api/v2/feature-flagging/",
    "/api/v2/exposures",
    "/api/v2/flagevaluation",
    "/intake",
    "/v0.",
    "/info",
    "/evp_proxy/",
    "/telemetry/",
    "/dogstatsd/",
    "/v1.0/",
    "/profiling/",
    "/debugger/",
    "/symdb/",
    "/tracer_flare/",
    "/openlineage/",
];

/// Counts, times and logs a request, and gives it an id: the client's `X-Request-Id`, or a new one.
pub(crate) async fn observe(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let id = request_id(request.headers());
    // Reads of applications are too many to log one by one; metrics count them.
    let mut response = if READS.iter().any(|start| route.starts_with(start)) {
        let response = next.run(request).await;
        if response.status().is_server_error() {
            let (id, status) = (id.to_str().unwrap_or_default(), response.status().as_u16());
            tracing::error!(request.id = id, http.route = route, http.status = status, "a read failed");
        }
        response
    } else {
        let span = tracing::info_span!("request", request.id = id.to_str().unwrap_or_default());
        let run = async {
            let response = next.run(request).await;
            tracing::info!(
                http.method = method.as_str(),
                http.route = route,
                http.status = response.status().as_u16(),
                duration_ms = started.elapsed().as_secs_f64() * 1_000.0,
                "request"
            );
            response
        };
        run.instrument(span).await
    };
    if response.status() == StatusCode::TOO_MANY_REQUESTS
        && let Some(error) = error_of(&response)
        && let ApiError::RateLimited { name, .. } = *error
    {
        app.metrics.rate_limited(name);
    }
    response.headers_mut().insert(REQUEST_ID, id);
    app.metrics.request(&method, route, response.status(), started.elapsed());
    response
}

/// Differs per process, so that ids of two starts differ too.
static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());
static NEXT: AtomicU64 = AtomicU64::new(0);

fn request_id(headers: &HeaderMap) -> HeaderValue {
    if let Some(id) = headers.get(REQUEST_ID)
        && (1..=REQUEST_ID_MAX_BYTES).contains(&id.len())
        && id.as_bytes().iter().all(u8::is_ascii_graphic)
    {
        return id.clone();
    }
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let id = format!("{:016x}", SEED.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("0"))
}

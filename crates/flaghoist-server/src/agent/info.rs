//! `GET /info`

use super::other::{FORGOTTEN, TRACES};
use axum::Json;
use serde_json::{Value, json};

/// What this Agent can do. Tracers use what it lists and nothing else.
pub(super) async fn get_info() -> Json<Value> {
    let own = ["/v0.7/config", "/evp_proxy/v2/", "/evp_proxy/v4/"];
    let listed = |path: &&str| !path.contains('{');
    let others = TRACES.iter().chain(FORGOTTEN).filter(|path| listed(path));
    let endpoints: Vec<&str> = own.iter().chain(others).copied().chain(["/telemetry/proxy/"]).collect();
    Json(json!({
        // The version of the Agent whose answers these are; tracers compare it.
        "version": "7.66.0",
        "git_commit": "",
        "endpoints": endpoints,
        "feature_flags": [],
        "client_drop_p0s": true,
        "span_meta_structs": true,
        "long_running_spans": false,
        "evp_proxy_allowed_headers": [
            "Content-Type", "Accept-Encoding", "Content-Encoding", "User-Agent", "DD-EVP-ORIGIN",
            "DD-EVP-ORIGIN-VERSION", "X-Datadog-EVP-Subdomain",
        ],
        "config": {"default_env": "none", "max_request_bytes": 26_214_400, "statsd_port": 8125},
    }))
}

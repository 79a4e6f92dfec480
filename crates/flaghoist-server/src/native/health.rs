//! `GET /healthz` and `GET /readyz`

use crate::app::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// How the server is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, or what is wrong.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether the process is alive
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "Operation", security(()),
    responses((status = 200, description = "It is", body = Health)))]
pub(crate) async fn healthz() -> axum::Json<Health> {
    axum::Json(Health { status: "ok" })
}

/// Whether the server can take requests
///
/// Evaluations go on from the last snapshot while this says 503 for the database.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "Operation", security(()),
    responses(
        (status = 200, description = "It can", body = Health),
        (status = 503, description = "The store cannot be reached, or changes are not published", body = Health),
    ))]
pub(crate) async fn readyz(State(app): State<AppState>) -> (StatusCode, axum::Json<Health>) {
    let (status, health) = if !is_store_reachable(&app).await {
        (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be reached")
    } else if !app.publisher.is_current() {
        (StatusCode::SERVICE_UNAVAILABLE, "changes are not published to readers")
    } else {
        (StatusCode::OK, "ok")
    };
    (status, axum::Json(Health { status: health }))
}

async fn is_store_reachable(app: &AppState) -> bool {
    match app.store.read().await {
        Ok(mut reader) => reader.projects().await.is_ok(),
        Err(_) => false,
    }
}

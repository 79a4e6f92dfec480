//! `POST /evp_proxy/{version}/api/v2/exposures` and `/flagevaluation`

use super::Served;
use crate::ApiError;
use crate::app::{App, AppState};
use crate::datadog_sdk::events::BODY_MAX_BYTES;
use crate::decode;
use crate::events::{self, Kind, Receipt, Source};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};

/// Subjects who got variants.
pub(super) async fn report_exposures(
    State(app): State<AppState>,
    Extension(served): Extension<Served>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Receipt>), ApiError> {
    take(&app, served, &headers, body, Kind::Exposure).await
}

/// How often flags were evaluated.
pub(super) async fn report_flag_evaluations(
    State(app): State<AppState>,
    Extension(served): Extension<Served>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Receipt>), ApiError> {
    take(&app, served, &headers, body, Kind::Evaluation).await
}

/// Every report says of which environment it is.
async fn take(
    app: &App,
    served: Served,
    headers: &HeaderMap,
    body: Body,
    kind: Kind,
) -> Result<(StatusCode, Json<Receipt>), ApiError> {
    let body = decode::read_body(body, BODY_MAX_BYTES, app.body_timeout).await?;
    let source = Source::Agent(app.publisher.published_now(), served.0);
    let receipt = events::take(app, headers, body, kind, source).await?;
    Ok((StatusCode::ACCEPTED, Json(receipt)))
}

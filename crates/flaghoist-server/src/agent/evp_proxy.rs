//! `POST /evp_proxy/{version}/api/v2/exposures` and `/flagevaluation`

use super::Served;
use crate::ApiError;
use crate::app::{App, AppState};
use crate::events::{self, Accepted, Kind, Source};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;

/// Subjects who got variants.
pub(super) async fn report_exposures(
    State(app): State<AppState>,
    Extension(served): Extension<Served>,
    headers: HeaderMap,
    body: Body,
) -> Result<Accepted, ApiError> {
    take(&app, served, &headers, body, Kind::Exposure).await
}

/// How often flags were evaluated.
pub(super) async fn report_flag_evaluations(
    State(app): State<AppState>,
    Extension(served): Extension<Served>,
    headers: HeaderMap,
    body: Body,
) -> Result<Accepted, ApiError> {
    take(&app, served, &headers, body, Kind::Evaluation).await
}

/// Every report says of which environment it is.
async fn take(
    app: &App,
    served: Served,
    headers: &HeaderMap,
    body: Body,
    kind: Kind,
) -> Result<Accepted, ApiError> {
    let source = Source::Agent(app.publisher.published_now(), served.0);
    events::take(app, headers, body, kind, source).await
}

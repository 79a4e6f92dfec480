//! `POST /ofrep/v1/evaluate/flags/{key}`

use super::answer::FlagEvaluation;
use super::{EvaluationRequest, OfrepErrors, Refusal, request};
use crate::ApiError;
use crate::access::sdk_key::SdkKey;
use crate::app::AppState;
use crate::decode::PathOf;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flaghoist_eval::{ErrorCode, Expected};

/// Evaluate one flag
///
/// Keys with slashes are fine, encoded or not.
#[utoipa::path(
    post,
    path = "/ofrep/v1/evaluate/flags/{key}",
    operation_id = "evaluate_flag",
    tag = "OFREP",
    params(("key" = String, Path, description = "The flag's key", example = "dark-mode")),
    request_body = EvaluationRequest,
    security(("sdk_key" = []), ("sdk_key_bearer" = [])),
    responses(
        (status = 200, description = "The evaluation", body = FlagEvaluation<'static>),
        (status = 404, description = "No such flag", body = super::OfrepError),
        OfrepErrors,
    )
)]
pub(crate) async fn evaluate_flag(
    State(app): State<AppState>,
    reader: Result<SdkKey, ApiError>,
    key: Result<PathOf<String>, ApiError>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let reader = reader?;
    let PathOf(key) = key?;
    let body = request::read(&app, &headers, body).await?;
    let attributes = match request::attributes(&body) {
        Ok(attributes) => attributes,
        Err(error) => return Ok(error.into_response(Some(&key))),
    };
    let subject = match request::subject(&attributes) {
        Ok(subject) => subject,
        Err(error) => return Ok(error.into_response(Some(&key))),
    };
    app.contexts.take(reader.environment.id(), reader.now, &subject);
    let channel = reader.environment.channel(reader.channel);
    let decision = channel.snapshot.decide(&key, Expected::Any, &subject, reader.now);
    if let Some(counter) = channel.counter(&key) {
        counter.count(&decision);
    }
    let status = match decision.error_code {
        None => StatusCode::OK,
        Some(ErrorCode::FlagNotFound) => StatusCode::NOT_FOUND,
        Some(ErrorCode::ProviderNotReady) => StatusCode::SERVICE_UNAVAILABLE,
        Some(ErrorCode::ParseError | ErrorCode::TypeMismatch | ErrorCode::TargetingKeyMissing) => {
            StatusCode::BAD_REQUEST
        }
    };
    let answer = serde_json::to_vec(&FlagEvaluation::new(&key, &decision)).map_err(ApiError::internal)?;
    Ok((status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], answer)
        .into_response())
}

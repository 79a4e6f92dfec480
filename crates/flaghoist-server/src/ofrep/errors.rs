//! Errors in this dialect.

use crate::ApiError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// The body of an error that concerns the request as a whole.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfrepError {
    /// The flag asked for, if one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// `PARSE_ERROR`, `INVALID_CONTEXT`, `TARGETING_KEY_MISSING`, `FLAG_NOT_FOUND` or `GENERAL`.
    #[schema(example = "INVALID_CONTEXT")]
    error_code: &'static str,
    /// The same in words.
    error_details: String,
}

/// Why a context was not read.
pub(crate) enum ContextError {
    /// The body is no JSON object.
    Unreadable(String),
    /// `context` is no object.
    NoObject(String),
    /// `context.targetingKey` is no string.
    TargetingKeyNoString,
}

impl ContextError {
    /// The answer, for a request about `key` if it is about one flag.
    pub(crate) fn into_response(self, key: Option<&str>) -> Response {
        let (error_code, error_details) = match self {
            Self::Unreadable(cause) => {
                ("PARSE_ERROR", format!("the body is no JSON object with a context: {cause}"))
            }
            Self::NoObject(cause) => ("INVALID_CONTEXT", format!("context is no JSON object: {cause}")),
            Self::TargetingKeyNoString => (
                "INVALID_CONTEXT",
                "context.targetingKey is no string; give a string, or leave it out".to_owned(),
            ),
        };
        let key = key.map(str::to_owned);
        (StatusCode::BAD_REQUEST, axum::Json(OfrepError { key, error_code, error_details })).into_response()
    }
}

/// What every operation may answer beside its success.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents answers; they are made from ApiError and ContextError")]
pub(crate) enum OfrepErrors {
    /// The request or its context is not valid.
    #[response(status = 400)]
    BadRequest(OfrepError),
    /// No SDK key, or an unknown one.
    #[response(status = 401)]
    Unauthorized(OfrepError),
    /// The body did not arrive in time.
    #[response(status = 408)]
    TooSlow(OfrepError),
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(OfrepError),
    /// The body is no JSON.
    #[response(status = 415)]
    UnsupportedMediaType(OfrepError),
    /// Too many requests. The headers `X-RateLimit-…` say of which limit.
    #[response(
        status = 429,
        headers(("Retry-After" = u64, description = "In how many seconds to try again"))
    )]
    TooManyRequests(OfrepError),
}

/// An error of this dialect's routes. It renders itself: a layer would cost every evaluation more than it saves here.
pub(crate) struct Refusal(ApiError);

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        render(&self.0, self.0.clone().into_response())
    }
}

/// Methods that evaluation paths do not take.
pub(crate) async fn method_not_allowed() -> Refusal {
    Refusal(ApiError::MethodNotAllowed)
}

/// `response` with the body of `error`.
pub(crate) fn render(error: &ApiError, response: Response) -> Response {
    let error_code = match error {
        ApiError::Invalid(_) | ApiError::BodyBroken => "PARSE_ERROR",
        ApiError::NotFound(_) => "FLAG_NOT_FOUND",
        _ => "GENERAL",
    };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = axum::Json(OfrepError { key: None, error_code, error_details: error.to_string() });
    (parts, body).into_response()
}

//! Errors as RFC 9457 problem documents.

use crate::ApiError;
use crate::error::error_of;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flaghoist_model::Fault;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// A problem document.
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: `code` says more than a page would.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "about:blank")]
    kind: &'static str,
    /// The status in words.
    #[schema(example = "Bad Request")]
    title: &'static str,
    /// The status.
    #[schema(example = 400)]
    status: u16,
    /// What is wrong.
    #[schema(example = "the request is not valid")]
    detail: String,
    /// A stable name for programs.
    #[schema(example = "request_invalid")]
    code: &'static str,
    /// One entry for each faulty member.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>, required = false)]
    errors: Vec<Fault>,
}

impl Problem {
    pub(crate) fn of(error: &ApiError) -> Self {
        let status = error.status();
        let errors = match error {
            ApiError::Invalid(faults) => faults.iter().map(without_envelope).collect(),
            ApiError::Conflict(fault) => vec![without_envelope(fault)],
            _ => Vec::new(),
        };
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: match error {
                ApiError::Conflict(fault) => fault.message.clone(),
                other => other.to_string(),
            },
            code: error.code(),
            errors,
        }
    }
}

/// The fault of a member as a body without the envelope of the Datadog dialect has it: what the database finds is
/// taken does not know the dialect.
fn without_envelope(fault: &Fault) -> Fault {
    let pointer = fault.pointer.strip_prefix("/data/attributes").unwrap_or(&fault.pointer);
    Fault { pointer: pointer.to_owned(), message: fault.message.clone() }
}

/// What every operation may answer beside its success.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents answers; they are made from ApiError")]
pub(crate) enum ProblemErrors {
    /// The request is not valid.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(Problem),
    /// No credentials, or unknown ones.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// The credentials lack a permission, or are of the wrong kind.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// What the path names is not there.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// Too many requests. The headers `X-RateLimit-…` say of which limit.
    #[response(
        status = 429, content_type = "application/problem+json",
        headers(("Retry-After" = u64, description = "In how many seconds to try again"))
    )]
    TooManyRequests(Problem),
    /// The database is unavailable.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// What operations without a body may answer beside, when they clash with what exists.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents answers; they are made from ApiError")]
pub(crate) enum ProblemConflict {
    /// Something else stands in the way, or somebody else changed it at the same time.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
}

/// What operations that honour `If-Match` may answer beside.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents answers; they are made from ApiError")]
pub(crate) enum ProblemMatchErrors {
    /// Somebody saved it meanwhile: its `ETag` is none of `If-Match`.
    #[response(status = 412, content_type = "application/problem+json")]
    PreconditionFailed(Problem),
}

/// What operations with a body may answer beside.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents answers; they are made from ApiError")]
pub(crate) enum ProblemBodyErrors {
    /// The body did not arrive in time.
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(Problem),
    /// Somebody else changed it at the same time.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The body is no JSON.
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(Problem),
}

/// Gives errors of native routes their body.
pub(crate) async fn render_errors(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    match error_of(&response) {
        Some(error) => render(&error, response),
        None => response,
    }
}

/// `response` with the problem document of `error`.
pub(crate) fn render(error: &ApiError, response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let body = axum::Json(Problem::of(error));
    let mut response = (parts, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

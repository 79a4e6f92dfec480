//! Errors in this dialect: an array of strings, or of error objects for clients that declare JSON:API.

use super::{JsonApi, MEDIA_TYPE};
use crate::ApiError;
use crate::error::error_of;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flaghoist_model::Fault;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// The body of every error.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// What is wrong, one entry for each fault.
    #[schema(example = json!(["/data/attributes/key: is required; give a string"]))]
    errors: Vec<ErrorEntry>,
}

/// One fault.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum ErrorEntry {
    /// `<JSON pointer>: <what is wrong and what would be accepted>`.
    Text(String),
    /// For clients that declare `application/vnd.api+json`.
    Object(ErrorObject),
}

/// A JSON:API error object.
#[derive(Serialize, ToSchema)]
struct ErrorObject {
    /// The status.
    #[schema(example = "400")]
    status: String,
    /// The status in words.
    #[schema(example = "Bad Request")]
    title: &'static str,
    /// What is wrong and what would be accepted.
    #[schema(example = "is required; give a string")]
    detail: String,
    /// The member.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<ErrorSource>,
}

/// The member that is wrong.
#[derive(Serialize, ToSchema)]
struct ErrorSource {
    /// JSON pointer.
    #[schema(example = "/data/attributes/key")]
    pointer: String,
}

/// What every operation may answer beside its success.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents answers; they are made from ApiError")]
pub(crate) enum Errors {
    /// The request is not valid.
    #[response(status = 400, content_type = "application/vnd.api+json")]
    BadRequest(ErrorBody),
    /// No credentials, or unknown ones.
    #[response(status = 401, content_type = "application/vnd.api+json")]
    Unauthorized(ErrorBody),
    /// The credentials lack a permission.
    #[response(status = 403, content_type = "application/vnd.api+json")]
    Forbidden(ErrorBody),
    /// Too many requests. The headers `X-RateLimit-…` say of which limit.
    #[response(
        status = 429, content_type = "application/vnd.api+json",
        headers(("Retry-After" = u64, description = "In how many seconds to try again"))
    )]
    TooManyRequests(ErrorBody),
    /// The database is unavailable.
    #[response(status = 503, content_type = "application/vnd.api+json")]
    Unavailable(ErrorBody),
}

/// What operations with a path id may answer beside.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents answers; they are made from ApiError")]
pub(crate) enum PathErrors {
    /// What the path names is not there.
    #[response(status = 404, content_type = "application/vnd.api+json")]
    NotFound(ErrorBody),
}

/// What operations without a body may answer beside, when they clash with what exists.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents answers; they are made from ApiError")]
pub(crate) enum ConflictErrors {
    /// The request clashes with what exists, such as another suggestion for the same property.
    #[response(status = 409, content_type = "application/vnd.api+json")]
    Conflict(ErrorBody),
}

/// What operations that honour `If-Match` may answer beside.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents answers; they are made from ApiError")]
pub(crate) enum MatchErrors {
    /// Somebody saved it meanwhile: its `ETag` is none of `If-Match`.
    #[response(status = 412, content_type = "application/vnd.api+json")]
    PreconditionFailed(ErrorBody),
}

/// What operations with a body may answer beside.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents answers; they are made from ApiError")]
pub(crate) enum WriteErrors {
    /// The request clashes with what exists.
    #[response(status = 409, content_type = "application/vnd.api+json")]
    Conflict(ErrorBody),
    /// The body did not arrive in time.
    #[response(status = 408, content_type = "application/vnd.api+json")]
    TooSlow(ErrorBody),
    /// The body is too large.
    #[response(status = 413, content_type = "application/vnd.api+json")]
    TooLarge(ErrorBody),
    /// The body is no JSON.
    #[response(status = 415, content_type = "application/vnd.api+json")]
    UnsupportedMediaType(ErrorBody),
}

/// Gives errors of this dialect's routes their body.
pub(crate) async fn render_errors(request: Request, next: Next) -> Response {
    let json_api = JsonApi::of(request.headers());
    let response = next.run(request).await;
    match error_of(&response) {
        Some(error) => render(&error, json_api, response),
        None => response,
    }
}

/// `response` with the body of `error`.
pub(crate) fn render(error: &ApiError, JsonApi(json_api): JsonApi, response: Response) -> Response {
    let status = response.status();
    let entry = |Fault { pointer, message }: Fault| match (json_api, pointer.is_empty()) {
        (true, _) => ErrorEntry::Object(ErrorObject {
            status: status.as_u16().to_string(),
            title: status.canonical_reason().unwrap_or("Error"),
            detail: message,
            source: (!pointer.is_empty()).then_some(ErrorSource { pointer }),
        }),
        (false, true) => ErrorEntry::Text(message),
        (false, false) => ErrorEntry::Text(format!("{pointer}: {message}")),
    };
    let body = ErrorBody { errors: error.faults().into_iter().map(entry).collect() };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let media_type = HeaderValue::from_static(MEDIA_TYPE);
    let mut response = (parts, axum::Json(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

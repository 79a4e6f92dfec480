//! Errors in this dialect: `{"statusCode", "error", "message"}`.

use crate::ApiError;
use crate::error::error_of;
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flaghoist_model::Fault;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// The body of every error.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FlagmintError {
    /// The HTTP status.
    #[schema(example = 404)]
    status_code: u16,
    /// The status in words.
    #[schema(example = "Not Found")]
    error: &'static str,
    /// What is wrong.
    #[schema(example = "Targeting rule not found")]
    message: String,
}

/// What every operation may answer beside its success.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents answers; they are made from ApiError")]
pub(crate) enum FlagmintErrors {
    /// The request is not valid.
    #[response(status = 400)]
    BadRequest(FlagmintError),
    /// No token, or one that is not taken.
    #[response(status = 401)]
    Unauthorized(FlagmintError),
    /// The role does not allow it, or the token is an SDK key.
    #[response(status = 403)]
    Forbidden(FlagmintError),
    /// Too many requests. The headers `X-RateLimit-…` say of which limit.
    #[response(
        status = 429,
        headers(("Retry-After" = u64, description = "In how many seconds to try again"))
    )]
    TooManyRequests(FlagmintError),
    /// The database is unavailable.
    #[response(status = 503)]
    Unavailable(FlagmintError),
}

/// What operations with ids in their path may answer beside.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents answers; they are made from ApiError")]
pub(crate) enum FlagmintPathErrors {
    /// What the path names is not there.
    #[response(status = 404)]
    NotFound(FlagmintError),
}

/// What operations that change something may answer beside.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents answers; they are made from ApiError")]
pub(crate) enum FlagmintWriteErrors {
    /// The body did not arrive in time.
    #[response(status = 408)]
    TooSlow(FlagmintError),
    /// The request clashes with what exists.
    #[response(status = 409)]
    Conflict(FlagmintError),
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(FlagmintError),
    /// The body is no JSON.
    #[response(status = 415)]
    UnsupportedMediaType(FlagmintError),
}

/// Gives errors of Flagmint routes their body.
pub(crate) async fn render_errors(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    match error_of(&response) {
        Some(error) => render(&error, response),
        None => response,
    }
}

/// `response` with the body of `error`.
pub(crate) fn render(error: &ApiError, response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let status = error.status();
    let faults = match error {
        ApiError::Invalid(faults) => faults.iter().map(in_words).collect(),
        ApiError::Conflict(fault) => vec![in_words(fault)],
        other => vec![other.to_string()],
    };
    let body = FlagmintError {
        status_code: status.as_u16(),
        error: status.canonical_reason().unwrap_or("Error"),
        message: faults.join("; "),
    };
    (parts, axum::Json(body)).into_response()
}

/// A fault as `body/<member> <what is wrong>`.
fn in_words(fault: &Fault) -> String {
    // What the database finds is taken knows no dialect.
    let pointer = fault.pointer.strip_prefix("/data/attributes").unwrap_or(&fault.pointer);
    match pointer {
        "" => fault.message.clone(),
        pointer if pointer.starts_with("/params/") || pointer.starts_with("/query") => {
            format!("{} {}", &pointer[1..], fault.message)
        }
        pointer => format!("body{pointer} {}", fault.message),
    }
}

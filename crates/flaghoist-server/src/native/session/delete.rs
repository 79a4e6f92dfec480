//! `DELETE /api/v1/session`

use super::create::forgotten;
use crate::ApiError;
use crate::access::{Allowed, AnyMember};
use crate::app::AppState;
use crate::commands;
use crate::native::ProblemErrors;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{AppendHeaders, IntoResponse, Response};

/// Log out
///
/// The secret of the log-in is not taken any more.
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    operation_id = "delete_session",
    tag = "Access",
    responses((status = 204, description = "The log-in is over"), ProblemErrors)
)]
pub(crate) async fn delete_session(
    State(app): State<AppState>,
    caller: Allowed<AnyMember>,
) -> Result<Response, ApiError> {
    commands::log_out(&app, &caller.principal).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders(forgotten())).into_response())
}

//! `DELETE /api/v2/restriction_policy/{resource_id}`

use super::flag_id;
use crate::ApiError;
use crate::access::{Allowed, WritePolicies};
use crate::app::AppState;
use crate::commands;
use crate::datadog::{Errors, PathErrors};
use crate::decode::PathOf;
use axum::extract::State;
use axum::http::StatusCode;

/// Let everybody change a flag whose role allows it
#[utoipa::path(
    delete,
    path = "/api/v2/restriction_policy/{resource_id}",
    operation_id = "delete_restriction_policy",
    tag = "Access",
    params(("resource_id" = String, Path, description = "`feature-flag:` and the flag's id")),
    responses((status = 204, description = "The policy is gone"), Errors, PathErrors)
)]
pub(crate) async fn delete_restriction_policy(
    State(app): State<AppState>,
    caller: Allowed<WritePolicies>,
    PathOf(resource_id): PathOf<String>,
) -> Result<StatusCode, ApiError> {
    commands::delete_policy(&app, &caller.principal, flag_id(&resource_id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

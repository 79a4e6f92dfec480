//! `GET /api/v2/restriction_policy/{resource_id}`

use super::{PolicyOut, flag_id, policy_resource};
use crate::ApiError;
use crate::access::{Allowed, ReadPolicies};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::Answer;
use crate::datadog::{Document, Errors, PathErrors, Resource};
use crate::decode::PathOf;
use axum::extract::State;
use axum::http::StatusCode;

/// Show who may change a flag
///
/// 404 when nothing was said: then everybody may whose role allows it.
#[utoipa::path(
    get,
    path = "/api/v2/restriction_policy/{resource_id}",
    operation_id = "get_restriction_policy",
    tag = "Access",
    params(("resource_id" = String, Path, description = "`feature-flag:` and the flag's id")),
    responses(
        (status = 200, description = "The policy", body = Document<Resource<PolicyOut>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors,
    )
)]
pub(crate) async fn get_restriction_policy(
    State(app): State<AppState>,
    caller: Allowed<ReadPolicies>,
    PathOf(resource_id): PathOf<String>,
) -> Result<Answer<Document<Resource<PolicyOut>>>, ApiError> {
    let policy = commands::view_policy(&app, &caller.principal, flag_id(&resource_id)?).await?;
    Ok(Answer(StatusCode::OK, Document { data: policy_resource(&policy) }))
}

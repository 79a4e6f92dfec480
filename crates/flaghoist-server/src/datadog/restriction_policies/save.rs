//! `POST /api/v2/restriction_policy/{resource_id}`

use super::{KIND, LockoutOption, PolicyIn, PolicyOut, flag_id, policy_resource};
use crate::ApiError;
use crate::access::{Allowed, WritePolicies};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::{Answer, RequestDocument};
use crate::datadog::{Document, Errors, Filters, PathErrors, Resource, WriteErrors};
use crate::decode::{JsonBody, PathOf};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use utoipa::ToSchema;

/// Body of the request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct PolicyRequest {
    data: PolicyRequestData,
}

/// The resource of the request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct PolicyRequestData {
    /// As in the path.
    id: Option<String>,
    #[schema(rename = "type", example = "restriction_policy")]
    kind: String,
    attributes: PolicyIn,
}

/// Say who may change a flag
///
/// Besides a role that allows it, a binding is then needed: `contributor` to change what the flag serves in
/// environments, `editor` to change the flag itself and this policy. Replaces a policy that is there.
#[utoipa::path(
    post,
    path = "/api/v2/restriction_policy/{resource_id}",
    operation_id = "update_restriction_policy",
    tag = "Access",
    params(
        ("resource_id" = String, Path, description = "`feature-flag:` and the flag's id"),
        ("allow_self_lockout" = Option<bool>, Query, description = "Whether the caller may end up without the relation editor"),
    ),
    request_body(content((PolicyRequest = "application/json"), (PolicyRequest = "application/vnd.api+json"))),
    responses(
        (status = 200, description = "The policy", body = Document<Resource<PolicyOut>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors, WriteErrors,
    )
)]
pub(crate) async fn update_restriction_policy(
    State(app): State<AppState>,
    caller: Allowed<WritePolicies>,
    PathOf(resource_id): PathOf<String>,
    Filters(option): Filters<LockoutOption>,
    JsonBody(body): JsonBody<RequestDocument<PolicyIn>>,
) -> Result<Answer<Document<Resource<PolicyOut>>>, ApiError> {
    let flag_id = flag_id(&resource_id)?;
    let allow_self_lockout = option.read()?;
    let (wanted, _) = body.open(KIND)?;
    let (draft, faults) = wanted.read(Faults::under("/data/attributes"))?;
    let policy =
        commands::save_policy(&app, &caller.principal, flag_id, draft, allow_self_lockout, faults).await?;
    Ok(Answer(StatusCode::OK, Document { data: policy_resource(&policy) }))
}

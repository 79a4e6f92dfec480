//! `GET`, `PUT` and `DELETE /api/v1/flags/{flag_id}/restriction-policy`

use super::{ProblemBodyErrors, ProblemErrors};
use crate::ApiError;
use crate::access::{Allowed, ReadPolicies, WritePolicies};
use crate::app::AppState;
use crate::commands;
use crate::datadog::Filters;
use crate::datadog::restriction_policies::{BindingOut, LockoutOption, PolicyIn, bindings};
use crate::decode::{JsonBody, PathOf, path_id};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use serde::Serialize;
use utoipa::ToSchema;

/// Who may change a flag.
#[derive(Serialize, ToSchema)]
pub(crate) struct RestrictionPolicyOut {
    /// Who may what. Everybody whose role allows it, when there is no policy.
    bindings: Vec<BindingOut>,
}

/// Show who may change a flag
///
/// 404 when nothing was said: then everybody may whose role allows it.
#[utoipa::path(
    get,
    path = "/api/v1/flags/{flag_id}/restriction-policy",
    operation_id = "get_flag_restriction_policy",
    tag = "Access",
    params(("flag_id" = String, Path, description = "The flag's id", format = Uuid)),
    responses((status = 200, description = "The policy", body = RestrictionPolicyOut), ProblemErrors)
)]
pub(crate) async fn get_flag_restriction_policy(
    State(app): State<AppState>,
    caller: Allowed<ReadPolicies>,
    PathOf(id): PathOf<String>,
) -> Result<axum::Json<RestrictionPolicyOut>, ApiError> {
    let policy = commands::view_policy(&app, &caller.principal, path_id(&id, "feature flag")?).await?;
    Ok(axum::Json(RestrictionPolicyOut { bindings: bindings(&policy) }))
}

/// Say who may change a flag
///
/// Besides a role that allows it, a binding is then needed: `contributor` to change what the flag serves in
/// environments, `editor` to change the flag itself and this policy.
#[utoipa::path(
    put,
    path = "/api/v1/flags/{flag_id}/restriction-policy",
    operation_id = "save_flag_restriction_policy",
    tag = "Access",
    params(
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("allow_self_lockout" = Option<bool>, Query, description = "Whether the caller may end up without the relation editor"),
    ),
    request_body = PolicyIn,
    responses((status = 200, description = "The policy", body = RestrictionPolicyOut), ProblemErrors, ProblemBodyErrors)
)]
pub(crate) async fn save_flag_restriction_policy(
    State(app): State<AppState>,
    caller: Allowed<WritePolicies>,
    PathOf(id): PathOf<String>,
    Filters(option): Filters<LockoutOption>,
    JsonBody(wanted): JsonBody<PolicyIn>,
) -> Result<axum::Json<RestrictionPolicyOut>, ApiError> {
    let flag_id = path_id(&id, "feature flag")?;
    let allow_self_lockout = option.read()?;
    let (draft, faults) = wanted.read(Faults::new())?;
    let policy =
        commands::save_policy(&app, &caller.principal, flag_id, draft, allow_self_lockout, faults).await?;
    Ok(axum::Json(RestrictionPolicyOut { bindings: bindings(&policy) }))
}

/// Let everybody change a flag whose role allows it
#[utoipa::path(
    delete,
    path = "/api/v1/flags/{flag_id}/restriction-policy",
    operation_id = "delete_flag_restriction_policy",
    tag = "Access",
    params(("flag_id" = String, Path, description = "The flag's id", format = Uuid)),
    responses((status = 204, description = "The policy is gone"), ProblemErrors)
)]
pub(crate) async fn delete_flag_restriction_policy(
    State(app): State<AppState>,
    caller: Allowed<WritePolicies>,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, ApiError> {
    commands::delete_policy(&app, &caller.principal, path_id(&id, "feature flag")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

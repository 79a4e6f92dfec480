//! `POST /api/v1/flags/{flag_id}/environments/{environment_id}/copy`

use super::{ProblemBodyErrors, ProblemErrors};
use crate::ApiError;
use crate::access::{Allowed, WriteFlags};
use crate::app::AppState;
use crate::commands::{self, Copy};
use crate::decode::{self, A_BOOLEAN, A_STRING, A_UUID, JsonBody, Member, PathOf, path_id};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_model::difference::Difference;
use flaghoist_model::key::parse_description;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A copy to make.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct CopyIn {
    /// The environment to copy from.
    #[serde(default)]
    #[schema(value_type = String, format = Uuid, required)]
    from_environment_id: Member<String>,
    /// Whether the flag is then enabled as it is there; false when absent: it stays as it is.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    with_status: Member<bool>,
    /// Whether to say only what would change.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    dry_run: Member<bool>,
    /// Why.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    reason: Member<String>,
}

/// What a copy changes, or would.
#[derive(Serialize, ToSchema)]
pub(crate) struct CopyOut {
    /// Whether it is made; otherwise it was a dry run, or waits for approval.
    is_applied: bool,
    /// The suggestion that it waits in.
    #[schema(format = Uuid)]
    suggestion_id: Option<String>,
    /// The change in sentences.
    summary: Vec<String>,
    /// The change, place by place.
    #[schema(value_type = Vec<Object>)]
    differences: Vec<Difference>,
}

/// Copy what a flag serves from another environment
///
/// Allocations get keys that end in the key of this environment, and continue those of an earlier copy. Where changes
/// need an approval the copy becomes a suggestion.
#[utoipa::path(
    post,
    path = "/api/v1/flags/{flag_id}/environments/{environment_id}/copy",
    operation_id = "copy_configuration",
    tag = "Serving",
    params(
        ("flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment to copy to", format = Uuid),
    ),
    request_body = CopyIn,
    responses(
        (status = 200, description = "What changed, or would", body = CopyOut),
        (status = 202, description = "It needs an approval", body = CopyOut),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn copy_configuration(
    State(app): State<AppState>,
    caller: Allowed<WriteFlags>,
    PathOf((flag_id, environment_id)): PathOf<(String, String)>,
    JsonBody(wanted): JsonBody<CopyIn>,
) -> Result<(StatusCode, axum::Json<CopyOut>), ApiError> {
    let flag_id = path_id(&flag_id, "flag")?;
    let to = path_id(&environment_id, "environment")?;
    let mut faults = Faults::new();
    let from = wanted.from_environment_id.required("from_environment_id", A_UUID, &mut faults);
    let from = decode::id(from, "from_environment_id", &mut faults);
    let with_status = wanted.with_status.optional("with_status", A_BOOLEAN, &mut faults).unwrap_or(false);
    let dry_run = wanted.dry_run.optional("dry_run", A_BOOLEAN, &mut faults).unwrap_or(false);
    let reason = wanted.reason.optional("reason", A_STRING, &mut faults);
    let reason = reason.and_then(|text| faults.at("reason", |faults| parse_description(text, faults)));
    let (Some(from), true) = (from, faults.is_empty()) else {
        return Err(ApiError::Invalid(faults.into_vec()));
    };
    let copy = Copy { flag_id, from, to, with_status, reason };
    let outcome = if dry_run {
        commands::preview_copy(&app, &caller.principal, &copy).await?
    } else {
        commands::copy_configuration(&app, &caller.principal, copy).await?
    };
    let status = if outcome.suggestion_id.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    let out = CopyOut {
        is_applied: !dry_run && outcome.suggestion_id.is_none(),
        suggestion_id: outcome.suggestion_id.map(|id| id.to_string()),
        summary: outcome.summary,
        differences: outcome.differences,
    };
    Ok((status, axum::Json(out)))
}

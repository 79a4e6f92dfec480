//! `POST /api/v1/history/{history_id}/revert`

use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands;
use crate::decode::{A_BOOLEAN, A_STRING, JsonBody, Member, PathOf, path_id};
use crate::native::{ProblemBodyErrors, ProblemErrors};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_model::key::parse_description;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How to revert.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct RevertIn {
    /// Why.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    reason: Member<String>,
    /// Whether changes of the same thing that came after are undone too. Without it such changes are a conflict.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    discard_later_changes: Member<bool>,
}

/// What became of a change.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangeOutcome {
    /// Whether it is made; otherwise it waits for approval.
    is_applied: bool,
    /// The suggestion that it waits in.
    #[schema(format = Uuid)]
    suggestion_id: Option<String>,
}

/// Revert a change
///
/// A new change makes the flag, what it serves in the environment, or the environment, what it was before the entry.
/// Where that needs an approval it becomes a suggestion.
#[utoipa::path(
    post,
    path = "/api/v1/history/{history_id}/revert",
    operation_id = "revert_history_entry",
    tag = "History",
    params(("history_id" = String, Path, description = "The entry's id", format = Uuid)),
    request_body = RevertIn,
    responses(
        (status = 200, description = "It is as before", body = ChangeOutcome),
        (status = 202, description = "It needs an approval", body = ChangeOutcome),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn revert_history_entry(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
    JsonBody(wanted): JsonBody<RevertIn>,
) -> Result<(StatusCode, axum::Json<ChangeOutcome>), ApiError> {
    let id = path_id(&id, "history entry")?;
    let mut faults = Faults::new();
    let reason = wanted.reason.optional("reason", A_STRING, &mut faults);
    let reason = reason.and_then(|text| faults.at("reason", |faults| parse_description(text, faults)));
    let discard_later =
        wanted.discard_later_changes.optional("discard_later_changes", A_BOOLEAN, &mut faults);
    faults.check()?;
    let suggestion =
        commands::revert(&app, &caller.principal, id, discard_later.unwrap_or(false), reason).await?;
    let status = if suggestion.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    let outcome = ChangeOutcome {
        is_applied: suggestion.is_none(),
        suggestion_id: suggestion.map(|suggestion| suggestion.id.to_string()),
    };
    Ok((status, axum::Json(outcome)))
}

//! `POST /api/v2/feature-flags/{feature_flag_id}/archive` and `/unarchive`

use super::resource::{FlagAttributes, changed};
use crate::ApiError;
use crate::access::{Allowed, WriteFlags};
use crate::app::AppState;
use crate::commands::{self, FlagChange, Intent};
use crate::datadog::envelope::Answer;
use crate::datadog::{ConflictErrors, Document, Errors, JsonApi, PathErrors, Resource};
use crate::decode::{PathOf, path_id};
use axum::extract::State;
use flaghoist_model::flag::Flag;
use flaghoist_model::history::Action;

/// Archive a feature flag
///
/// Readers do not know an archived flag any more. Archiving an archived flag is fine.
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags/{feature_flag_id}/archive",
    operation_id = "archive_feature_flag",
    tag = "Feature flags",
    params(("feature_flag_id" = String, Path, description = "The flag's id", format = Uuid)),
    responses(
        (status = 200, description = "The flag", body = Document<Resource<FlagAttributes>>, content_type = "application/vnd.api+json"),
        (status = 202, description = "The change needs an approval: the flag as it is", body = Document<Resource<FlagAttributes>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors, ConflictErrors,
    )
)]
pub(crate) async fn archive_feature_flag(
    State(app): State<AppState>,
    caller: Allowed<WriteFlags>,
    shape: JsonApi,
    PathOf(id): PathOf<String>,
) -> Result<Answer<Document<Resource<FlagAttributes>>>, ApiError> {
    change(&app, &caller, shape, &id, Action::FlagArchived, |change| {
        change.view.flag.archive(change.principal, change.now)
    })
    .await
}

/// Unarchive a feature flag
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags/{feature_flag_id}/unarchive",
    operation_id = "unarchive_feature_flag",
    tag = "Feature flags",
    params(("feature_flag_id" = String, Path, description = "The flag's id", format = Uuid)),
    responses(
        (status = 200, description = "The flag", body = Document<Resource<FlagAttributes>>, content_type = "application/vnd.api+json"),
        (status = 202, description = "The change needs an approval: the flag as it is", body = Document<Resource<FlagAttributes>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors, ConflictErrors,
    )
)]
pub(crate) async fn unarchive_feature_flag(
    State(app): State<AppState>,
    caller: Allowed<WriteFlags>,
    shape: JsonApi,
    PathOf(id): PathOf<String>,
) -> Result<Answer<Document<Resource<FlagAttributes>>>, ApiError> {
    change(&app, &caller, shape, &id, Action::FlagUnarchived, |change| {
        change.view.flag.unarchive(change.principal, change.now)
    })
    .await
}

async fn change(
    app: &AppState,
    caller: &Allowed<WriteFlags>,
    shape: JsonApi,
    id: &str,
    action: Action,
    apply: impl FnOnce(FlagChange<'_>) -> Flag + Send,
) -> Result<Answer<Document<Resource<FlagAttributes>>>, ApiError> {
    let id = path_id(id, "feature flag")?;
    let intent = Intent::to(action);
    let outcome =
        commands::change_flag(app, &caller.principal, id, intent, |change| Ok(apply(change))).await?;
    let staleness = commands::staleness_of(app, &outcome.view);
    Ok(changed(&outcome, staleness, shape))
}

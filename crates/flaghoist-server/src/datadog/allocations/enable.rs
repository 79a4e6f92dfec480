//! `POST /api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/enable` and `/disable`

use crate::ApiError;
use crate::access::{Allowed, WriteFlags};
use crate::app::AppState;
use crate::commands::{self, Intent};
use crate::datadog::{ConflictErrors, Errors, PathErrors};
use crate::decode::{PathOf, path_id};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::history::Action;

/// Enable a flag in an environment
///
/// Enabling an enabled flag is fine.
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/enable",
    operation_id = "enable_feature_flag",
    tag = "Allocations",
    params(
        ("feature_flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "Enabled"),
        (status = 202, description = "The change needs an approval"),
        Errors, PathErrors, ConflictErrors,
    )
)]
pub(crate) async fn enable_feature_flag(
    State(app): State<AppState>,
    caller: Allowed<WriteFlags>,
    PathOf(place): PathOf<(String, String)>,
) -> Result<StatusCode, ApiError> {
    set_enabled(&app, &caller, &place, true).await
}

/// Disable a flag in an environment
///
/// Readers get their coded default, or the off variant. Disabling a disabled flag is fine.
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/disable",
    operation_id = "disable_feature_flag",
    tag = "Allocations",
    params(
        ("feature_flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "Disabled"),
        (status = 202, description = "The change needs an approval"),
        Errors, PathErrors, ConflictErrors,
    )
)]
pub(crate) async fn disable_feature_flag(
    State(app): State<AppState>,
    caller: Allowed<WriteFlags>,
    PathOf(place): PathOf<(String, String)>,
) -> Result<StatusCode, ApiError> {
    set_enabled(&app, &caller, &place, false).await
}

async fn set_enabled(
    app: &AppState,
    caller: &Allowed<WriteFlags>,
    (flag_id, environment_id): &(String, String),
    enabled: bool,
) -> Result<StatusCode, ApiError> {
    let place = (path_id(flag_id, "feature flag")?, path_id(environment_id, "environment")?);
    let action = if enabled { Action::FlagEnabled } else { Action::FlagDisabled };
    let intent = Intent::to(action);
    let outcome = commands::change_flag_environment(app, &caller.principal, place, intent, |change| {
        Ok((change.entry.with_enabled(enabled, change.now), ()))
    })
    .await?;
    Ok(if outcome.suggestion.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK })
}

//! `POST /api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/enable` and `/disable`

use crate::ApiError;
use crate::access::{Allowed, WriteFlags};
use crate::app::AppState;
use crate::commands::{self, Intent};
use crate::datadog::{ConflictErrors, Errors, MatchErrors, PathErrors};
use crate::decode::{PathOf, path_id};
use crate::if_match::{IfMatch, etag};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
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
        ("If-Match" = Option<String>, Header, description = "ETags of the definitions it is for, or `*`; 412 when it is another now"),
    ),
    responses(
        (status = 200, description = "Enabled", headers(("ETag" = String, description = "The definition of what the flag serves here now"))),
        (status = 202, description = "The change needs an approval", headers(("ETag" = String, description = "The definition of what the flag serves here now"))),
        Errors, PathErrors, ConflictErrors, MatchErrors,
    )
)]
pub(crate) async fn enable_feature_flag(
    State(app): State<AppState>,
    caller: Allowed<WriteFlags>,
    PathOf(place): PathOf<(String, String)>,
    if_match: IfMatch,
) -> Result<impl IntoResponse, ApiError> {
    set_enabled(&app, &caller, &place, if_match, true).await
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
        ("If-Match" = Option<String>, Header, description = "ETags of the definitions it is for, or `*`; 412 when it is another now"),
    ),
    responses(
        (status = 200, description = "Disabled", headers(("ETag" = String, description = "The definition of what the flag serves here now"))),
        (status = 202, description = "The change needs an approval", headers(("ETag" = String, description = "The definition of what the flag serves here now"))),
        Errors, PathErrors, ConflictErrors, MatchErrors,
    )
)]
pub(crate) async fn disable_feature_flag(
    State(app): State<AppState>,
    caller: Allowed<WriteFlags>,
    PathOf(place): PathOf<(String, String)>,
    if_match: IfMatch,
) -> Result<impl IntoResponse, ApiError> {
    set_enabled(&app, &caller, &place, if_match, false).await
}

async fn set_enabled(
    app: &AppState,
    caller: &Allowed<WriteFlags>,
    (flag_id, environment_id): &(String, String),
    if_match: IfMatch,
    enabled: bool,
) -> Result<impl IntoResponse + use<>, ApiError> {
    let place = (path_id(flag_id, "feature flag")?, path_id(environment_id, "environment")?);
    let action = if enabled { Action::FlagEnabled } else { Action::FlagDisabled };
    let intent = Intent::to(action).matching(if_match);
    let outcome = commands::change_flag_environment(app, &caller.principal, place, intent, |change| {
        Ok((change.entry.with_enabled(enabled, change.now), ()))
    })
    .await?;
    let status = if outcome.suggestion.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, etag(&outcome.hash())))
}

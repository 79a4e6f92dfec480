//! `GET /api/v2/feature-flags/{feature_flag_id}`

use super::resource::{FlagAttributes, single};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::Answer;
use crate::datadog::{Document, Errors, JsonApi, PathErrors, Resource};
use crate::decode::{PathOf, path_id};
use crate::if_match::etag;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use flaghoist_model::definition::FlagDefinition;

/// Get a feature flag
///
/// The `ETag` is of the flag's own definition, without what it serves in environments: give it as `If-Match` with a change
/// of the flag or its variants.
#[utoipa::path(
    get,
    path = "/api/v2/feature-flags/{feature_flag_id}",
    operation_id = "get_feature_flag",
    tag = "Feature flags",
    params(("feature_flag_id" = String, Path, description = "The flag's id", format = Uuid)),
    responses(
        (status = 200, description = "The flag", body = Document<Resource<FlagAttributes>>, content_type = "application/vnd.api+json", headers(("ETag" = String, description = "The flag's own definition now"))),
        Errors, PathErrors,
    )
)]
pub(crate) async fn get_feature_flag(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    shape: JsonApi,
    PathOf(id): PathOf<String>,
) -> Result<impl IntoResponse, ApiError> {
    let view = commands::view_flag(&app, &caller.principal, path_id(&id, "feature flag")?).await?;
    let staleness = commands::staleness_of(&app, &view);
    let etag = etag(&FlagDefinition::from(&view.flag).edited_hash());
    Ok((etag, Answer(StatusCode::OK, single(&view, staleness, shape))))
}

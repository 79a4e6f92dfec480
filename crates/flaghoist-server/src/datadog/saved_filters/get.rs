//! `GET /api/v2/feature-flags/saved-filters/{saved_filter_id}`

use super::{SavedFilterAttributes, resource};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::Answer;
use crate::datadog::{Document, Errors, PathErrors, Resource};
use crate::decode::{PathOf, path_id};
use axum::extract::State;
use axum::http::StatusCode;

/// Get a saved filter
#[utoipa::path(
    get,
    path = "/api/v2/feature-flags/saved-filters/{saved_filter_id}",
    operation_id = "get_saved_filter",
    tag = "Saved filters",
    params(("saved_filter_id" = String, Path, description = "The saved filter's id", format = Uuid)),
    responses(
        (status = 200, description = "The saved filter", body = Document<Resource<SavedFilterAttributes>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors,
    )
)]
pub(crate) async fn get_saved_filter(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(id): PathOf<String>,
) -> Result<Answer<Document<Resource<SavedFilterAttributes>>>, ApiError> {
    let id = path_id(&id, "saved filter")?;
    let (filter, _) = commands::view_saved_filter(&app, &caller.principal, id).await?;
    Ok(Answer(StatusCode::OK, Document { data: resource(&filter) }))
}

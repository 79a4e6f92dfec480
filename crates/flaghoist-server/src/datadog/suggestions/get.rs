//! `GET /api/v2/feature-flags/suggestions/{suggestion_id}`

use super::resource::{SuggestionOut, viewed};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::Answer;
use crate::datadog::{Document, Errors, PathErrors, Resource};
use crate::decode::{PathOf, path_id};
use axum::extract::State;
use axum::http::StatusCode;

/// Get a suggestion
#[utoipa::path(
    get,
    path = "/api/v2/feature-flags/suggestions/{suggestion_id}",
    operation_id = "get_suggestion",
    tag = "Suggestions",
    params(("suggestion_id" = String, Path, description = "The suggestion's id", format = Uuid)),
    responses(
        (status = 200, description = "The suggestion", body = Document<Resource<SuggestionOut>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors,
    )
)]
pub(crate) async fn get_suggestion(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(id): PathOf<String>,
) -> Result<Answer<Document<Resource<SuggestionOut>>>, ApiError> {
    let view = commands::view_suggestion(&app, &caller.principal, path_id(&id, "suggestion")?).await?;
    Ok(Answer(StatusCode::OK, Document { data: viewed(&view) }))
}

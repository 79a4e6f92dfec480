//! `PUT /api/v2/feature-flags/saved-filters/{saved_filter_id}`

use super::create::SavedFilterRequest;
use super::{KIND, SavedFilterAttributes, SavedFilterIn, resource};
use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands::{self, SavedFilterOutcome};
use crate::datadog::envelope::{Answer, RequestDocument};
use crate::datadog::{Document, Errors, PathErrors, Resource, WriteErrors};
use crate::decode::{JsonBody, PathOf, path_id};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;

/// Change a saved filter
///
/// What is absent stays as it is. Every flag that uses the filter is changed with it; where one of them needs an
/// approval, the change becomes a suggestion and the answer is 202 with the unchanged filter.
#[utoipa::path(
    put,
    path = "/api/v2/feature-flags/saved-filters/{saved_filter_id}",
    operation_id = "update_saved_filter",
    tag = "Saved filters",
    params(("saved_filter_id" = String, Path, description = "The saved filter's id", format = Uuid)),
    request_body(content((SavedFilterRequest = "application/json"), (SavedFilterRequest = "application/vnd.api+json"))),
    responses(
        (status = 200, description = "The saved filter", body = Document<Resource<SavedFilterAttributes>>, content_type = "application/vnd.api+json"),
        (status = 202, description = "It waits for an approval", body = Document<Resource<SavedFilterAttributes>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors, WriteErrors,
    )
)]
pub(crate) async fn update_saved_filter(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<RequestDocument<SavedFilterIn>>,
) -> Result<Answer<Document<Resource<SavedFilterAttributes>>>, ApiError> {
    let id = path_id(&id, "saved filter")?;
    let (wanted, _) = body.open(KIND)?;
    let mut faults = Faults::under("/data/attributes");
    let draft = wanted.read(false, &mut faults);
    let outcome = commands::change_saved_filter(&app, &caller.principal, id, "", |filter, context| {
        filter.update(draft, context, faults)
    });
    let SavedFilterOutcome { filter, suggestion } = outcome.await?;
    let status = if suggestion.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok(Answer(status, Document { data: resource(&filter) }))
}

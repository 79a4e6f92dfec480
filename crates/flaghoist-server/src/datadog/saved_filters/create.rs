//! `POST /api/v2/feature-flags/saved-filters`

use super::{KIND, SavedFilterAttributes, SavedFilterIn, resource};
use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::{Answer, RequestDocument};
use crate::datadog::{Document, Errors, Resource, WriteErrors};
use crate::decode::JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use utoipa::ToSchema;

/// Body of the request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct SavedFilterRequest {
    data: SavedFilterRequestData,
}

/// The resource of the request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct SavedFilterRequestData {
    #[schema(rename = "type", example = "saved-filters")]
    kind: String,
    attributes: SavedFilterIn,
}

/// Make a saved filter
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags/saved-filters",
    operation_id = "create_saved_filter",
    tag = "Saved filters",
    request_body(content((SavedFilterRequest = "application/json"), (SavedFilterRequest = "application/vnd.api+json"))),
    responses(
        (status = 201, description = "The saved filter", body = Document<Resource<SavedFilterAttributes>>, content_type = "application/vnd.api+json"),
        Errors, WriteErrors,
    )
)]
pub(crate) async fn create_saved_filter(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    JsonBody(body): JsonBody<RequestDocument<SavedFilterIn>>,
) -> Result<Answer<Document<Resource<SavedFilterAttributes>>>, ApiError> {
    let (wanted, _) = body.open(KIND)?;
    let mut faults = Faults::under("/data/attributes");
    let draft = wanted.read(true, &mut faults);
    let filter = commands::create_saved_filter(&app, &caller.principal, draft, "", faults).await?;
    Ok(Answer(StatusCode::CREATED, Document { data: resource(&filter) }))
}

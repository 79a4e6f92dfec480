//! `POST /api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/allocations`

use super::request::AllocationIn;
use super::resource::{AllocationOut, KIND, allocation_out};
use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands::{self, EntryOutcome, Intent};
use crate::datadog::envelope::{Answer, RequestDocument};
use crate::datadog::{Document, Errors, MatchErrors, PathErrors, Resource, WriteErrors};
use crate::decode::{JsonBody, PathOf, path_id};
use crate::if_match::{IfMatch, etag};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use flaghoist_model::Faults;
use flaghoist_model::history::Action;
use utoipa::ToSchema;

/// Body of the request.
#[derive(ToSchema)]
#[schema(example = json!({"data": {"type": "allocations", "attributes": {"key": "beta-users", "name": "Beta users", "type": "FEATURE_GATE", "targeting_rules": [{"conditions": [{"attribute": "plan", "operator": "ONE_OF", "value": ["beta", "staff"]}]}], "variant_weights": [{"variant_key": "on", "value": 100}]}}}))]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct CreateAllocationRequest {
    data: AllocationData,
}

/// A resource of a request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct AllocationData {
    #[schema(rename = "type", example = "allocations")]
    kind: String,
    attributes: AllocationIn,
}

/// Append an allocation
///
/// The new allocation is evaluated after those that are there. One that names an existing allocation by id
/// changes that one in place.
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/allocations",
    operation_id = "create_allocation",
    tag = "Allocations",
    params(
        ("feature_flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
        ("If-Match" = Option<String>, Header, description = "ETags of the definitions it is for, or `*`; 412 when it is another now"),
    ),
    request_body(content((CreateAllocationRequest = "application/json"), (CreateAllocationRequest = "application/vnd.api+json"))),
    responses(
        (status = 201, description = "The allocation", body = Document<Resource<AllocationOut>>, content_type = "application/vnd.api+json", headers(("ETag" = String, description = "The definition of what the flag serves here now"))),
        (status = 202, description = "The change needs an approval: the allocation as it is suggested", body = Document<Resource<AllocationOut>>, content_type = "application/vnd.api+json", headers(("ETag" = String, description = "The definition of what the flag serves here now"))),
        Errors, PathErrors, WriteErrors, MatchErrors,
    )
)]
pub(crate) async fn create_allocation(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf((flag_id, environment_id)): PathOf<(String, String)>,
    if_match: IfMatch,
    JsonBody(request): JsonBody<RequestDocument<AllocationIn>>,
) -> Result<impl IntoResponse, ApiError> {
    let place = (path_id(&flag_id, "feature flag")?, path_id(&environment_id, "environment")?);
    let (attributes, id) = request.open(KIND)?;
    let mut faults = Faults::under("/data/attributes");
    let draft = attributes.into_draft(id, &mut faults);
    let outcome = commands::change_flag_environment(
        &app,
        &caller.principal,
        place,
        Intent::to(Action::AllocationCreated).matching(if_match),
        |change| change.entry.with_allocation(draft, &change.allocation_context(change.entry), faults),
    )
    .await?;
    let etag = etag(&outcome.hash());
    let EntryOutcome { view, entry, said: id, suggestion } = outcome;
    let mut allocations = entry.allocations.iter().enumerate();
    let (position, allocation) = allocations
        .find(|(_, allocation)| allocation.id == id)
        .ok_or_else(|| ApiError::internal("an allocation that was just saved is not there"))?;
    let allocation = allocation_out(&view.flag, &entry, position, allocation);
    let status = if suggestion.is_some() { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    Ok((etag, Answer(status, Document { data: allocation.into_resource() })))
}

//! `POST /api/v2/feature-flags/environments`

use super::resource::{EnvironmentAttributes, EnvironmentIn, KIND};
use crate::ApiError;
use crate::access::{Allowed, WriteEnvironments};
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
#[schema(example = json!({"data": {"type": "environments", "attributes": {"name": "Load test", "queries": ["load-test"]}}}))]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct CreateEnvironmentRequest {
    data: CreateEnvironmentData,
}

/// The resource of the request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct CreateEnvironmentData {
    #[schema(rename = "type", example = "environments")]
    kind: String,
    attributes: EnvironmentIn,
}

/// Create an environment
///
/// Every flag gets an entry for it at once: disabled, serving its default variant by default.
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags/environments",
    operation_id = "create_environment",
    tag = "Environments",
    request_body(content((CreateEnvironmentRequest = "application/json"), (CreateEnvironmentRequest = "application/vnd.api+json"))),
    responses(
        (status = 201, description = "The environment", body = Document<Resource<EnvironmentAttributes>>, content_type = "application/vnd.api+json"),
        Errors, WriteErrors,
    )
)]
pub(crate) async fn create_environment(
    State(app): State<AppState>,
    caller: Allowed<WriteEnvironments>,
    JsonBody(request): JsonBody<RequestDocument<EnvironmentIn>>,
) -> Result<Answer<Document<Resource<EnvironmentAttributes>>>, ApiError> {
    let (attributes, _) = request.open(KIND)?;
    let mut faults = Faults::under("/data/attributes");
    let draft = attributes.into_draft(&mut faults);
    let environment = commands::create_environment(&app, &caller.principal, draft, faults).await?;
    Ok(Answer(StatusCode::CREATED, Document { data: Resource::from(&environment) }))
}

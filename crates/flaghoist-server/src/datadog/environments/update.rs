//! `PUT /api/v2/feature-flags/environments/{environment_id}`

use super::resource::{EnvironmentAttributes, EnvironmentIn, KIND};
use crate::ApiError;
use crate::access::{Allowed, WriteEnvironments};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::{Answer, RequestDocument};
use crate::datadog::{Document, Errors, PathErrors, Resource, WriteErrors};
use crate::decode::{JsonBody, PathOf, path_id};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use utoipa::ToSchema;

/// Body of the request.
#[derive(ToSchema)]
#[schema(example = json!({"data": {"type": "environments", "attributes": {"queries": ["load-test", "lt"]}}}))]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct UpdateEnvironmentRequest {
    data: UpdateEnvironmentData,
}

/// The resource of the request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct UpdateEnvironmentData {
    #[schema(rename = "type", example = "environments")]
    kind: String,
    attributes: EnvironmentUpdate,
}

/// Members of an environment that may change.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the members; EnvironmentIn reads them")]
pub(crate) struct EnvironmentUpdate {
    /// Unique.
    #[schema(example = "Load test")]
    name: Option<String>,
    /// For people; null removes it.
    description: Option<String>,
    /// The `DD_ENV` values that mean this environment, at least one.
    #[schema(example = json!(["load-test"]))]
    queries: Option<Vec<String>>,
    /// Whether it serves real users.
    is_production: Option<bool>,
    /// Whether every change of what readers get needs an approval.
    require_feature_flag_approval: Option<bool>,
}

/// Update an environment
///
/// What is absent stays. The key never changes.
#[utoipa::path(
    put,
    path = "/api/v2/feature-flags/environments/{environment_id}",
    operation_id = "update_environment",
    tag = "Environments",
    params(("environment_id" = String, Path, description = "The environment's id", format = Uuid)),
    request_body(content((UpdateEnvironmentRequest = "application/json"), (UpdateEnvironmentRequest = "application/vnd.api+json"))),
    responses(
        (status = 200, description = "The environment", body = Document<Resource<EnvironmentAttributes>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors, WriteErrors,
    )
)]
pub(crate) async fn update_environment(
    State(app): State<AppState>,
    caller: Allowed<WriteEnvironments>,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<RequestDocument<EnvironmentIn>>,
) -> Result<Answer<Document<Resource<EnvironmentAttributes>>>, ApiError> {
    let id = path_id(&id, "environment")?;
    let (attributes, _) = request.open(KIND)?;
    let mut faults = Faults::under("/data/attributes");
    let draft = attributes.into_patch(&mut faults);
    let environment = commands::update_environment(&app, &caller.principal, id, draft, faults, None).await?;
    Ok(Answer(StatusCode::OK, Document { data: Resource::from(&environment) }))
}

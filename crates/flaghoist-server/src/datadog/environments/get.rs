//! `GET /api/v2/feature-flags/environments/{environment_id}`

use super::resource::EnvironmentAttributes;
use crate::ApiError;
use crate::access::{Allowed, ReadEnvironments};
use crate::app::AppState;
use crate::datadog::envelope::Answer;
use crate::datadog::{Document, Errors, PathErrors, Resource};
use crate::decode::{PathOf, not_found, path_id};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::id::EnvironmentId;

/// Get an environment
#[utoipa::path(
    get,
    path = "/api/v2/feature-flags/environments/{environment_id}",
    operation_id = "get_environment",
    tag = "Environments",
    params(("environment_id" = String, Path, description = "The environment's id", format = Uuid)),
    responses(
        (status = 200, description = "The environment", body = Document<Resource<EnvironmentAttributes>>, content_type = "application/vnd.api+json"),
        Errors, PathErrors,
    )
)]
pub(crate) async fn get_environment(
    State(app): State<AppState>,
    caller: Allowed<ReadEnvironments>,
    PathOf(id): PathOf<String>,
) -> Result<Answer<Document<Resource<EnvironmentAttributes>>>, ApiError> {
    let id: EnvironmentId = path_id(&id, "environment")?;
    let environments = app.store.read().await?.environments(caller.principal.project_id).await?;
    let found = environments.iter().find(|environment| environment.id == id);
    let environment = found.ok_or_else(|| not_found("environment", id))?;
    Ok(Answer(StatusCode::OK, Document { data: Resource::from(environment) }))
}

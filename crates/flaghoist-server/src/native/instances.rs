//! `GET /api/v1/instances`

use super::ProblemErrors;
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::agent::{ApplyState, Instance};
use crate::app::AppState;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// The instances of applications that this server is the Agent of.
#[derive(Serialize, ToSchema)]
pub(crate) struct Instances {
    /// The last seen first.
    data: Vec<InstanceOut>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
pub(crate) struct InstanceOut {
    /// As the tracer calls itself.
    id: String,
    service: String,
    /// Its `DD_ENV`.
    env: String,
    /// The environment that it reads; null when none has that `DD_ENV`.
    environment_key: Option<String>,
    language: String,
    tracer_version: String,
    app_version: String,
    /// The revision that it runs; null before it has one.
    revision: Option<i64>,
    /// The revision that it should run.
    current_revision: Option<i64>,
    /// `applied`, `unacknowledged`, `error`, or `none` before it has a document.
    #[schema(example = "applied")]
    state: &'static str,
    /// What went wrong there.
    error: Option<String>,
    #[schema(format = DateTime)]
    first_seen_at: String,
    #[schema(format = DateTime)]
    last_seen_at: String,
}

/// List the instances of applications that ask this server as their Agent
///
/// Which of them runs which revision, and with what error. Those not seen for ten minutes are forgotten. Every server
/// knows its own only.
#[utoipa::path(
    get,
    path = "/api/v1/instances",
    operation_id = "list_instances",
    tag = "Operation",
    responses((status = 200, description = "The instances", body = Instances), ProblemErrors)
)]
pub(crate) async fn list_instances(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
) -> Result<axum::Json<Instances>, ApiError> {
    let published = app.publisher.published();
    let show = |instance: Instance| {
        let mut environments = published.environments();
        let environment = environments.find(|environment| Some(environment.id()) == instance.environment_id);
        let environment = environment.map(|environment| environment.environment());
        InstanceOut {
            environment_key: environment.map(|environment| environment.key.clone()),
            current_revision: environment.map(|environment| environment.content_revision),
            id: instance.id,
            service: instance.service,
            env: instance.env,
            language: instance.language,
            tracer_version: instance.tracer_version,
            app_version: instance.app_version,
            revision: instance.revision,
            state: match instance.state {
                ApplyState::None => "none",
                ApplyState::Unacknowledged => "unacknowledged",
                ApplyState::Applied => "applied",
                ApplyState::Error => "error",
            },
            error: instance.error,
            first_seen_at: instance.first_seen_at.to_string(),
            last_seen_at: instance.last_seen_at.to_string(),
        }
    };
    let instances = app.instances.of_project(caller.principal.project_id, app.clock.now());
    Ok(axum::Json(Instances { data: instances.into_iter().map(show).collect() }))
}

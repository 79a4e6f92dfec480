//! `GET` and `POST /api/v1/projects`

use super::{ProblemBodyErrors, ProblemErrors};
use crate::ApiError;
use crate::access::{Allowed, AnyMember, WriteProjects};
use crate::app::AppState;
use crate::bootstrap::{BootstrapEnvironment, USUAL_ENVIRONMENTS};
use crate::commands;
use crate::decode::{A_STRING, JsonBody, Member};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_model::key::{parse_key, parse_name, slug};
use flaghoist_model::project::Project;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A project.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectOut {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// Unique in the installation.
    #[schema(example = "default")]
    key: String,
    /// For people.
    name: String,
    /// Number of its last change.
    revision: i64,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
}

impl ProjectOut {
    pub(super) fn of(project: &Project) -> Self {
        Self {
            id: project.id.to_string(),
            key: project.key.clone(),
            name: project.name.clone(),
            revision: project.revision,
            created_at: project.created_at.to_string(),
        }
    }
}

/// Projects.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectList {
    /// The projects, oldest first.
    projects: Vec<ProjectOut>,
}

/// A project to make.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct NewProject {
    /// For people.
    #[serde(default)]
    #[schema(value_type = String, required, example = "Shop")]
    name: Member<String>,
    /// Unique in the installation; made from the name when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "shop")]
    key: Member<String>,
}

/// A project that was made, with its keys. They are shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectWithKeys {
    #[serde(flatten)]
    project: ProjectOut,
    /// Names the project in management requests.
    #[schema(example = "fha_…")]
    api_key: String,
    /// Acts for the caller in the new project.
    #[schema(example = "fhp_…")]
    application_key: String,
    /// Its environments with their SDK keys.
    #[schema(value_type = Vec<Object>)]
    environments: Vec<BootstrapEnvironment>,
}

/// List projects
///
/// Those the caller belongs to; all of them for who administers the installation.
#[utoipa::path(
    get,
    path = "/api/v1/projects",
    operation_id = "list_projects",
    tag = "Access",
    responses((status = 200, description = "The projects", body = ProjectList), ProblemErrors)
)]
pub(crate) async fn list_projects(
    State(app): State<AppState>,
    caller: Allowed<AnyMember>,
) -> Result<axum::Json<ProjectList>, ApiError> {
    let projects = commands::view_projects(&app, &caller.principal).await?;
    Ok(axum::Json(ProjectList { projects: projects.iter().map(ProjectOut::of).collect() }))
}

/// Make a project
///
/// With the environments Development, Staging and Production, keys, and the caller as its administrator. Only who
/// administers the installation may.
#[utoipa::path(
    post,
    path = "/api/v1/projects",
    operation_id = "create_project",
    tag = "Access",
    request_body = NewProject,
    responses(
        (status = 201, description = "The project, with its keys", body = ProjectWithKeys),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn create_project(
    State(app): State<AppState>,
    caller: Allowed<WriteProjects>,
    JsonBody(wanted): JsonBody<NewProject>,
) -> Result<(StatusCode, axum::Json<ProjectWithKeys>), ApiError> {
    let mut faults = Faults::new();
    let name = wanted.name.required("name", A_STRING, &mut faults);
    let name = name.and_then(|name| faults.at("name", |faults| parse_name(name, faults)));
    let key = wanted.key.optional("key", A_STRING, &mut faults).or_else(|| name.as_deref().map(slug));
    let key = key.and_then(|key| faults.at("key", |faults| parse_key(key, faults)));
    let (Some(key), Some(name), true) = (key, name, faults.is_empty()) else {
        return Err(ApiError::Invalid(faults.into_vec()));
    };
    let (project, keys) =
        commands::create_project(&app, &caller.principal, key, name, None, USUAL_ENVIRONMENTS).await?;
    let made = ProjectWithKeys {
        project: ProjectOut::of(&project),
        api_key: keys.api_key,
        application_key: keys.application_key,
        environments: keys.environments,
    };
    Ok((StatusCode::CREATED, axum::Json(made)))
}

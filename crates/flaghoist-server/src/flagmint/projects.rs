//! `/projects`

use super::envelope::{Enveloped, PageQuery, Paged};
use super::environments::EnvironmentOut;
use super::{FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors};
use crate::ApiError;
use crate::access::{Allowed, AnyMember, ReadEnvironments, WriteEnvironments, WriteProjects};
use crate::app::{App, AppState};
use crate::bootstrap::LIVE_AND_STAGING;
use crate::commands;
use crate::datadog::Filters;
use crate::decode::{A_STRING, JsonBody, Member};
use axum::extract::State;
use flaghoist_model::access::Principal;
use flaghoist_model::environment::Environment;
use flaghoist_model::key::{parse_description, parse_key, parse_name, slug};
use flaghoist_model::project::Project;
use flaghoist_model::{Faults, Patch};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A project.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintProjectOut)]
pub(crate) struct ProjectOut {
    #[schema(format = Uuid)]
    id: String,
    name: String,
    /// Unique in the installation.
    #[schema(example = "default")]
    project_key: String,
    /// The same, as requests spell it.
    #[serde(rename = "projectKey")]
    #[schema(example = "default")]
    key: String,
    description: Option<String>,
    /// Always null: an installation is one organization.
    organization_id: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    /// Always null: projects are not archived.
    archived_at: Option<String>,
    /// Its environments, the default one first; left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    environments: Option<Vec<EnvironmentOut>>,
}

impl ProjectOut {
    fn of(project: &Project, environments: Option<&[Environment]>) -> Self {
        Self {
            id: project.id.to_string(),
            name: project.name.clone(),
            project_key: project.key.clone(),
            key: project.key.clone(),
            description: project.description.clone(),
            organization_id: None,
            created_at: project.created_at.to_string(),
            updated_at: project.updated_at.to_string(),
            archived_at: None,
            environments: environments.map(EnvironmentOut::all),
        }
    }
}

/// A project to make or change.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintProjectIn)]
pub(crate) struct ProjectIn {
    #[serde(default)]
    #[schema(value_type = String, required, example = "Shop")]
    name: Member<String>,
    /// Unique in the installation; made from the name when absent. Never changes.
    #[serde(default, rename = "projectKey")]
    #[schema(rename = "projectKey", value_type = Option<String>, example = "shop")]
    key: Member<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Member<String>,
}

/// Which projects a list shows.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ProjectFilters {
    q: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// List projects
#[utoipa::path(
    get,
    path = "/projects",
    operation_id = "flagmint_list_projects",
    tag = "Flagmint",
    params(
        ("q" = Option<String>, Query, description = "Part of the name or key"),
        ("page" = Option<i64>, Query, description = "Counted from 1", minimum = 1),
        ("limit" = Option<i64>, Query, description = "Entries of a page; 20 when absent", minimum = 1, maximum = 100),
    ),
    responses(
        (status = 200, description = "A page of projects", body = Enveloped<Paged<ProjectOut>>),
        FlagmintErrors,
    )
)]
pub(crate) async fn list_projects(
    State(app): State<AppState>,
    caller: Allowed<AnyMember>,
    Filters(filters): Filters<ProjectFilters>,
) -> Result<Enveloped<Paged<ProjectOut>>, ApiError> {
    let mut faults = Faults::under("/query");
    let part = filters.page.read(&mut faults);
    faults.check()?;
    let wanted = filters.q.unwrap_or_default().to_lowercase();
    let mut projects = commands::view_projects(&app, &caller.principal).await?;
    projects.retain(|project| {
        project.name.to_lowercase().contains(&wanted) || project.key.to_lowercase().contains(&wanted)
    });
    let projects = projects.iter().map(|project| ProjectOut::of(project, None)).collect();
    Ok(Enveloped::ok(part.cut(projects)))
}

/// A description as a column of text takes it: PostgreSQL's have no U+0000.
fn parse_project_description(text: String, faults: &mut Faults) -> Option<String> {
    if text.contains('\0') {
        faults.push("has the character U+0000, which the description of a project may not");
        return None;
    }
    parse_description(text, faults)
}

/// Make a project
///
/// With the environments Live (the default) and Staging. Only who administers the installation may.
#[utoipa::path(
    post,
    path = "/projects",
    operation_id = "flagmint_create_project",
    tag = "Flagmint",
    request_body = ProjectIn,
    responses(
        (status = 201, description = "The project", body = Enveloped<ProjectOut>),
        FlagmintErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn create_project(
    State(app): State<AppState>,
    caller: Allowed<WriteProjects>,
    JsonBody(wanted): JsonBody<ProjectIn>,
) -> Result<Enveloped<ProjectOut>, ApiError> {
    let mut faults = Faults::new();
    let name = wanted.name.required("name", A_STRING, &mut faults);
    let name = name.and_then(|name| faults.at("name", |faults| parse_name(name, faults)));
    let key = wanted.key.optional("projectKey", A_STRING, &mut faults).or_else(|| name.as_deref().map(slug));
    let key = key.and_then(|key| faults.at("projectKey", |faults| parse_key(key, faults)));
    let description = wanted.description.optional("description", A_STRING, &mut faults);
    let description = description
        .and_then(|text| faults.at("description", |faults| parse_project_description(text, faults)));
    let (Some(key), Some(name), true) = (key, name, faults.is_empty()) else {
        return Err(ApiError::Invalid(faults.into_vec()));
    };
    let (project, _) =
        commands::create_project(&app, &caller.principal, key, name, description, LIVE_AND_STAGING).await?;
    let environments = app.store.read().await?.environments(project.id).await?;
    Ok(Enveloped::created(ProjectOut::of(&project, Some(&environments))))
}

/// Get a project
#[utoipa::path(
    get,
    path = "/projects/{project_id}",
    operation_id = "flagmint_get_project",
    tag = "Flagmint",
    params(("project_id" = String, Path, description = "The project's id", format = Uuid)),
    responses(
        (status = 200, description = "The project", body = Enveloped<ProjectOut>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn get_project(
    State(app): State<AppState>,
    caller: Allowed<ReadEnvironments>,
) -> Result<Enveloped<ProjectOut>, ApiError> {
    Ok(Enveloped::ok(shown(&app, &caller.principal).await?))
}

/// Change a project
///
/// What is absent stays as it is. The key never changes.
#[utoipa::path(
    put,
    path = "/projects/{project_id}",
    operation_id = "flagmint_update_project",
    tag = "Flagmint",
    params(("project_id" = String, Path, description = "The project's id", format = Uuid)),
    request_body = ProjectIn,
    responses(
        (status = 200, description = "The project", body = Enveloped<ProjectOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn update_project(
    State(app): State<AppState>,
    caller: Allowed<WriteEnvironments>,
    JsonBody(wanted): JsonBody<ProjectIn>,
) -> Result<Enveloped<ProjectOut>, ApiError> {
    let mut faults = Faults::new();
    let name = wanted.name.optional("name", A_STRING, &mut faults);
    let name = name.and_then(|name| faults.at("name", |faults| parse_name(name, faults)));
    let key = wanted.key.optional("projectKey", A_STRING, &mut faults);
    let description = match wanted.description.patch("description", A_STRING, &mut faults) {
        Patch::Set(text) => faults
            .at("description", |faults| parse_project_description(text, faults))
            .map_or(Patch::Keep, Patch::Set),
        other => other,
    };
    commands::update_project(&app, &caller.principal, key, name, description, faults).await?;
    Ok(Enveloped::ok(shown(&app, &caller.principal).await?))
}

async fn shown(app: &App, principal: &Principal) -> Result<ProjectOut, ApiError> {
    let mut reader = app.store.read().await?;
    let project = reader.find_project(principal.project_id).await?;
    let project = project.ok_or_else(|| ApiError::NotFound("Project not found".to_owned()))?;
    let environments = reader.environments(project.id).await?;
    Ok(ProjectOut::of(&project, Some(&environments)))
}

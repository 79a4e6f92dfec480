//! `/projects/{project_id}/environments`, also spelt `envs`.

use super::envelope::{Enveloped, InPath};
use super::{FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors};
use crate::ApiError;
use crate::access::{Allowed, ReadEnvironments, WriteEnvironments};
use crate::app::{App, AppState};
use crate::commands;
use crate::decode::{A_STRING, JsonBody, Member, PathOf};
use axum::extract::State;
use flaghoist_model::Faults;
use flaghoist_model::access::Principal;
use flaghoist_model::environment::{Environment, EnvironmentDraft};
use flaghoist_model::id::EnvironmentId;
use flaghoist_model::key::slug;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An environment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintEnvironmentOut)]
pub(crate) struct EnvironmentOut {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uuid)]
    project_id: String,
    name: String,
    /// Unique in the project; never changes.
    #[schema(example = "live")]
    slug: String,
    description: Option<String>,
    /// Whether it is the project's first.
    is_default: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl EnvironmentOut {
    /// All environments of a project, in their order: the oldest is the default.
    pub(super) fn all(environments: &[Environment]) -> Vec<Self> {
        environments.iter().enumerate().map(|(position, one)| Self::of(one, position == 0)).collect()
    }

    fn of(environment: &Environment, is_default: bool) -> Self {
        Self {
            id: environment.id.to_string(),
            project_id: environment.project_id.to_string(),
            name: environment.name.clone(),
            slug: environment.key.clone(),
            description: environment.description.clone(),
            is_default,
            created_at: environment.created_at.to_string(),
            updated_at: environment.updated_at.to_string(),
        }
    }
}

/// An environment to make or change.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintEnvironmentIn)]
pub(crate) struct EnvironmentIn {
    #[serde(default)]
    #[schema(value_type = String, required, example = "QA")]
    name: Member<String>,
    /// Unique in the project; made from the name when absent. Never changes.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "qa")]
    slug: Member<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Member<String>,
}

/// List environments
#[utoipa::path(
    get,
    path = "/projects/{project_id}/environments",
    operation_id = "flagmint_list_environments",
    tag = "Flagmint",
    params(("project_id" = String, Path, description = "The project's id", format = Uuid)),
    responses(
        (status = 200, description = "All environments, the default one first", body = Enveloped<Vec<EnvironmentOut>>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn list_environments(
    State(app): State<AppState>,
    caller: Allowed<ReadEnvironments>,
) -> Result<Enveloped<Vec<EnvironmentOut>>, ApiError> {
    let environments = app.store.read().await?.environments(caller.principal.project_id).await?;
    Ok(Enveloped::ok(EnvironmentOut::all(&environments)))
}

/// Make an environment
///
/// Its slug is the one value of `DD_ENV` that means it.
#[utoipa::path(
    post,
    path = "/projects/{project_id}/environments",
    operation_id = "flagmint_create_environment",
    tag = "Flagmint",
    params(("project_id" = String, Path, description = "The project's id", format = Uuid)),
    request_body = EnvironmentIn,
    responses(
        (status = 201, description = "The environment", body = Enveloped<EnvironmentOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn create_environment(
    State(app): State<AppState>,
    caller: Allowed<WriteEnvironments>,
    JsonBody(wanted): JsonBody<EnvironmentIn>,
) -> Result<Enveloped<EnvironmentOut>, ApiError> {
    let mut faults = Faults::new();
    let name = wanted.name.required("name", A_STRING, &mut faults);
    let key = wanted.slug.optional("slug", A_STRING, &mut faults);
    let query = key.clone().or_else(|| name.as_deref().map(slug)).filter(|query| !query.is_empty());
    let draft = EnvironmentDraft {
        name,
        key,
        description: wanted.description.patch("description", A_STRING, &mut faults),
        queries: query.map(|query| vec![query]),
        ..EnvironmentDraft::default()
    };
    let environment = commands::create_environment(&app, &caller.principal, draft, faults).await?;
    Ok(Enveloped::created(shown(&app, &caller.principal, environment.id).await?))
}

/// Get an environment
#[utoipa::path(
    get,
    path = "/projects/{project_id}/environments/{environment_id}",
    operation_id = "flagmint_get_environment",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "The environment", body = Enveloped<EnvironmentOut>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn get_environment(
    State(app): State<AppState>,
    caller: Allowed<ReadEnvironments>,
    PathOf(place): InPath,
) -> Result<Enveloped<EnvironmentOut>, ApiError> {
    Ok(Enveloped::ok(shown(&app, &caller.principal, place.environment_id()?).await?))
}

/// Change an environment
///
/// What is absent stays as it is. The slug never changes.
#[utoipa::path(
    put,
    path = "/projects/{project_id}/environments/{environment_id}",
    operation_id = "flagmint_update_environment",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
    ),
    request_body = EnvironmentIn,
    responses(
        (status = 200, description = "The environment", body = Enveloped<EnvironmentOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn update_environment(
    State(app): State<AppState>,
    caller: Allowed<WriteEnvironments>,
    PathOf(place): InPath,
    JsonBody(wanted): JsonBody<EnvironmentIn>,
) -> Result<Enveloped<EnvironmentOut>, ApiError> {
    let id = place.environment_id()?;
    let mut faults = Faults::new();
    let draft = EnvironmentDraft {
        name: wanted.name.optional("name", A_STRING, &mut faults),
        key: wanted.slug.optional("slug", A_STRING, &mut faults),
        description: wanted.description.patch("description", A_STRING, &mut faults),
        ..EnvironmentDraft::default()
    };
    commands::update_environment(&app, &caller.principal, id, draft, faults, None).await?;
    Ok(Enveloped::ok(shown(&app, &caller.principal, id).await?))
}

/// Remove an environment
///
/// With everything flags have in it and its SDK keys.
#[utoipa::path(
    delete,
    path = "/projects/{project_id}/environments/{environment_id}",
    operation_id = "flagmint_delete_environment",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
    ),
    responses(
        (status = 200, description = "The environment as it was", body = Enveloped<EnvironmentOut>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn delete_environment(
    State(app): State<AppState>,
    caller: Allowed<WriteEnvironments>,
    PathOf(place): InPath,
) -> Result<Enveloped<EnvironmentOut>, ApiError> {
    let id = place.environment_id()?;
    let environment = shown(&app, &caller.principal, id).await?;
    commands::delete_environment(&app, &caller.principal, id).await?;
    Ok(Enveloped::ok(environment))
}

async fn shown(app: &App, principal: &Principal, id: EnvironmentId) -> Result<EnvironmentOut, ApiError> {
    let environments = app.store.read().await?.environments(principal.project_id).await?;
    let found = environments.iter().enumerate().find(|(_, environment)| environment.id == id);
    let (position, environment) =
        found.ok_or_else(|| ApiError::NotFound("Environment not found".to_owned()))?;
    Ok(EnvironmentOut::of(environment, position == 0))
}

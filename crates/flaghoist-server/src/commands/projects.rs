//! Projects.

use super::{Edit, Record};
use crate::ApiError;
use crate::access::authentication::check_still_allowed;
use crate::app::App;
use crate::bootstrap::{BootstrapError, FirstEnvironment, FirstKeys, GivenSecrets, furnish};
use crate::decode::not_found;
use flaghoist_model::access::{Actor, Principal};
use flaghoist_model::history::{Action, Change};
use flaghoist_model::id::{HistoryId, ProjectId};
use flaghoist_model::project::Project;
use flaghoist_model::{Faults, Patch};

/// The projects a caller belongs to, or all for who administers the installation, oldest first.
pub(crate) async fn view_projects(app: &App, principal: &Principal) -> Result<Vec<Project>, ApiError> {
    let mut reader = app.store.read().await?;
    let mut projects = reader.projects().await?;
    if !principal.is_installation_admin {
        let own = reader.memberships(principal.user_id).await?;
        // A key shows only the project it is of.
        let is_shown = |id: ProjectId| match principal.credential_id() {
            Some(_) => id == principal.project_id,
            None => own.iter().any(|membership| membership.project_id == id),
        };
        projects.retain(|project| is_shown(project.id));
    }
    Ok(projects)
}

/// Changes the name and description of the caller's project. Its key never changes.
pub(crate) async fn update_project(
    app: &App,
    principal: &Principal,
    key: Option<String>,
    name: Option<String>,
    description: Patch<String>,
    mut faults: Faults,
) -> Result<Project, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let id = principal.project_id;
    let before = edit.writer.find_project(id).await?.ok_or_else(|| not_found("project", id))?;
    if let Some(key) = key.filter(|key| *key != before.key) {
        faults.push_at("projectKey", format!("{key:?} differs from {:?}; the key never changes", before.key));
    }
    faults.check()?;
    let after = Project {
        name: name.unwrap_or_else(|| before.name.clone()),
        description: description.apply(before.description.clone()),
        updated_at: edit.now,
        ..before.clone()
    };
    edit.writer.update_project(&after).await?;
    let record = Record { before: Some(&before), after: Some(&after), ..Record::of(Action::ProjectUpdated) };
    edit.commit(record).await?;
    Ok(after)
}

/// Makes a project with the usual environments, whose administrator is the caller, and gives its keys, which nothing
/// will show again. Only who administers the installation may.
pub(crate) async fn create_project(
    app: &App,
    principal: &Principal,
    key: String,
    name: String,
    description: Option<String>,
    environments: &[FirstEnvironment],
) -> Result<(Project, FirstKeys), ApiError> {
    if !principal.is_installation_admin {
        return Err(ApiError::Refused(
            "only who administers the installation makes projects, and with a key that has no scopes"
                .to_owned(),
        ));
    }
    let now = app.clock.now();
    let ids = app.ids.as_ref();
    let project = Project {
        id: ProjectId::mint(ids),
        key,
        name,
        description,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    let mut writer = app.store.begin_project(&project).await?;
    check_still_allowed(writer.as_mut(), principal, now).await?;
    let furnished = furnish(
        writer.as_mut(),
        &project,
        principal.user_id,
        environments,
        GivenSecrets::default(),
        now,
        ids,
    )
    .await;
    let keys = furnished.map_err(|error| match error {
        BootstrapError::Store(error) => error.into(),
        other => ApiError::internal(other),
    })?;
    let change = Change {
        id: HistoryId::mint(ids),
        actor: Actor::from(principal),
        dialect: principal.dialect,
        action: Action::ProjectCreated,
        flag_id: None,
        environment_id: None,
        before: None,
        after: serde_json::to_value(&project).ok(),
        reason: None,
        authority: None,
        reverts: None,
        at: now,
    };
    writer.commit(change).await?;
    if let Err(error) = app.publisher.refresh().await {
        tracing::warn!(cause = %error, "a new project is not published yet");
    }
    Ok((project, keys))
}

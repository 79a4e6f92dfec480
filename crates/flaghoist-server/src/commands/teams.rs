//! Teams.

use super::roles::policy_that_names;
use super::{Edit, Record};
use crate::ApiError;
use crate::app::App;
use crate::decode::not_found;
use flaghoist_model::access::{PolicyPrincipal, Principal};
use flaghoist_model::history::Action;
use flaghoist_model::id::{TeamId, UserId};
use flaghoist_model::user::{Team, TeamDraft};
use flaghoist_model::{Faults, Rejection};
use flaghoist_store::Reader;
use std::collections::BTreeSet;

/// Most teams of a project.
const TEAMS_MAX: usize = 1_000;

/// The teams of the project, by handle.
pub(crate) async fn view_teams(app: &App, principal: &Principal) -> Result<Vec<Team>, ApiError> {
    Ok(app.store.read().await?.teams(principal.project_id).await?)
}

/// One team.
pub(crate) async fn view_team(app: &App, principal: &Principal, id: TeamId) -> Result<Team, ApiError> {
    find(app.store.read().await?.as_mut(), principal, id).await
}

async fn find(reader: &mut dyn Reader, principal: &Principal, id: TeamId) -> Result<Team, ApiError> {
    let teams = reader.teams(principal.project_id).await?;
    teams.into_iter().find(|team| team.id == id).ok_or_else(|| not_found("team", id))
}

/// Makes a team.
pub(crate) async fn create_team(
    app: &App,
    principal: &Principal,
    draft: TeamDraft,
    faults: Faults,
) -> Result<Team, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let members = member_ids(&mut edit).await?;
    let is_member = |id| members.contains(&id);
    let ids = app.ids.as_ref();
    let team = Team::create(draft, principal.project_id, is_member, edit.now, ids, faults)?;
    if edit.writer.teams(principal.project_id).await?.len() >= TEAMS_MAX {
        let message = format!("this project has {TEAMS_MAX} teams, which is the most; remove one first");
        return Err(Rejection::conflict("", message).into());
    }
    edit.writer.insert_team(&team).await?;
    let record = Record { after: Some(&team), ..Record::of(Action::TeamCreated) };
    edit.commit(record).await?;
    Ok(team)
}

/// Changes a team as `wanted` says, given what it is.
pub(crate) async fn update_team(
    app: &App,
    principal: &Principal,
    id: TeamId,
    faults: Faults,
    wanted: impl FnOnce(&Team) -> Result<TeamDraft, ApiError> + Send,
) -> Result<Team, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let before = find(edit.writer.as_mut(), principal, id).await?;
    let members = member_ids(&mut edit).await?;
    let after = before.update(wanted(&before)?, |id| members.contains(&id), edit.now, faults)?;
    edit.writer.update_team(&after).await?;
    let record = Record { before: Some(&before), after: Some(&after), ..Record::of(Action::TeamUpdated) };
    edit.commit(record).await?;
    Ok(after)
}

async fn member_ids(edit: &mut Edit<'_>) -> Result<BTreeSet<UserId>, ApiError> {
    let members = edit.writer.members(edit.principal.project_id).await?;
    Ok(members.into_iter().map(|(user, _)| user.id).collect())
}

/// Removes a team that no policy names.
pub(crate) async fn delete_team(app: &App, principal: &Principal, id: TeamId) -> Result<(), ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let team = find(edit.writer.as_mut(), principal, id).await?;
    if let Some(flag_key) = policy_that_names(&mut edit, PolicyPrincipal::Team(id)).await? {
        let message =
            format!("the restriction policy of feature flag {flag_key:?} names the team; change it first");
        return Err(Rejection::conflict("", message).into());
    }
    edit.writer.delete_team(id).await?;
    let record = Record { before: Some(&team), ..Record::of(Action::TeamDeleted) };
    edit.commit(record).await?;
    Ok(())
}

//! Custom roles.

use super::{Edit, Record};
use crate::ApiError;
use crate::access::delegation::{check_is_within, check_may_give};
use crate::app::App;
use crate::decode::not_found;
use flaghoist_model::access::{
    CustomRole, PermissionSet, PolicyPrincipal, Principal, RestrictionPolicy, RoleDraft, RoleRef,
};
use flaghoist_model::history::Action;
use flaghoist_model::id::RoleId;
use flaghoist_model::{Faults, Rejection};
use flaghoist_store::Reader;

/// Most custom roles of a project.
const ROLES_MAX: usize = 200;

/// The custom roles of the project, by name.
pub(crate) async fn view_roles(app: &App, principal: &Principal) -> Result<Vec<CustomRole>, ApiError> {
    Ok(app.store.read().await?.roles(principal.project_id).await?)
}

/// One custom role.
pub(crate) async fn view_role(app: &App, principal: &Principal, id: RoleId) -> Result<CustomRole, ApiError> {
    find(app.store.read().await?.as_mut(), principal, id).await
}

async fn find(reader: &mut dyn Reader, principal: &Principal, id: RoleId) -> Result<CustomRole, ApiError> {
    let roles = reader.roles(principal.project_id).await?;
    roles.into_iter().find(|role| role.id == id).ok_or_else(|| not_found("role", id))
}

/// Makes a role, which may do nothing that the caller may not.
pub(crate) async fn create_role(
    app: &App,
    principal: &Principal,
    draft: RoleDraft,
    faults: Faults,
) -> Result<CustomRole, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let mut role = CustomRole::create(draft, principal.project_id, edit.now, app.ids.as_ref(), faults)?;
    check_may_give(principal, role.permissions)?;
    if edit.writer.roles(principal.project_id).await?.len() >= ROLES_MAX {
        let message = format!("this project has {ROLES_MAX} roles, which is the most; remove one first");
        return Err(Rejection::conflict("", message).into());
    }
    role.revision = edit.writer.revision();
    edit.writer.insert_role(&role).await?;
    let record = Record { after: Some(&role), ..Record::of(Action::RoleCreated) };
    edit.commit(record).await?;
    Ok(role)
}

/// Changes a role, and with it what everybody may do who has it.
pub(crate) async fn update_role(
    app: &App,
    principal: &Principal,
    id: RoleId,
    draft: RoleDraft,
    faults: Faults,
) -> Result<CustomRole, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let before = find(edit.writer.as_mut(), principal, id).await?;
    check_is_within(principal, before.permissions)?;
    let after = before.update(draft, edit.now, faults)?;
    let added = after.permissions.without(before.permissions);
    if added != PermissionSet::NONE {
        check_may_give(principal, after.permissions)?;
    }
    edit.writer.update_role(&after).await?;
    let record = Record { before: Some(&before), after: Some(&after), ..Record::of(Action::RoleUpdated) };
    edit.commit(record).await?;
    Ok(after)
}

/// Removes a role that nobody has and no policy names.
pub(crate) async fn delete_role(app: &App, principal: &Principal, id: RoleId) -> Result<(), ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let role = find(edit.writer.as_mut(), principal, id).await?;
    check_is_within(principal, role.permissions)?;
    let reference = RoleRef::Custom(id);
    let members = edit.writer.members(principal.project_id).await?;
    let holders = members.iter().filter(|(_, membership)| membership.role == reference).count();
    if holders > 0 {
        let message = format!("{holders} members have the role; give them another first");
        return Err(Rejection::conflict("", message).into());
    }
    if let Some(flag_key) = policy_that_names(&mut edit, PolicyPrincipal::Role(reference)).await? {
        let message =
            format!("the restriction policy of feature flag {flag_key:?} names the role; change it first");
        return Err(Rejection::conflict("", message).into());
    }
    edit.writer.delete_role(id).await?;
    let record = Record { before: Some(&role), ..Record::of(Action::RoleDeleted) };
    edit.commit(record).await?;
    Ok(())
}

/// The key of a flag whose policy names a principal, if there is one.
pub(super) async fn policy_that_names(
    edit: &mut Edit<'_>,
    principal: PolicyPrincipal,
) -> Result<Option<String>, ApiError> {
    let project_id = edit.principal.project_id;
    let policies = edit.writer.restriction_policies(project_id).await?;
    let names_it = |policy: &RestrictionPolicy| {
        policy.bindings.iter().any(|binding| binding.principals.contains(&principal))
    };
    let Some(policy) = policies.into_iter().find(names_it) else { return Ok(None) };
    let flag = edit.writer.find_flag(project_id, policy.flag_id).await?;
    Ok(Some(flag.map_or_else(|| policy.flag_id.to_string(), |flag| flag.key)))
}

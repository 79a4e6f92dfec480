//! Restriction policies: who, of those whose role lets them, may change a flag.

use super::{Edit, Record};
use crate::ApiError;
use crate::access::restriction::{check_relation, teams_of};
use crate::app::App;
use crate::decode::not_found;
use flaghoist_model::access::{
    Permission, PolicyDraft, PolicyPrincipal, Principal, Relation, RestrictionPolicy, RoleRef,
};
use flaghoist_model::history::Action;
use flaghoist_model::id::FlagId;
use flaghoist_model::{Faults, Rejection};
use flaghoist_store::Reader;

/// The policy of a flag, if it has one.
pub(crate) async fn view_policy(
    app: &App,
    principal: &Principal,
    flag_id: FlagId,
) -> Result<RestrictionPolicy, ApiError> {
    let mut reader = app.store.read().await?;
    check_flag(reader.as_mut(), principal, flag_id).await?;
    reader.restriction_policy(flag_id).await?.ok_or_else(|| not_found("restriction policy of", flag_id))
}

async fn check_flag(reader: &mut dyn Reader, principal: &Principal, flag_id: FlagId) -> Result<(), ApiError> {
    let flag = reader.find_flag(principal.project_id, flag_id).await?;
    flag.map(drop).ok_or_else(|| not_found("feature flag", flag_id))
}

/// Says who may change a flag. Unless `allow_self_lockout`, the caller has to stay among them.
pub(crate) async fn save_policy(
    app: &App,
    principal: &Principal,
    flag_id: FlagId,
    draft: PolicyDraft,
    allow_self_lockout: bool,
    faults: Faults,
) -> Result<RestrictionPolicy, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    check_flag(edit.writer.as_mut(), principal, flag_id).await?;
    check_may_change_policy(&mut edit, flag_id).await?;
    let place = faults.pointer().to_owned();
    let known = Known::of(&mut edit).await?;
    let policy = RestrictionPolicy::parse(draft, flag_id, |named| known.has(named), edit.now, faults)?;
    let teams = teams_of(edit.writer.as_mut(), principal).await?;
    if !allow_self_lockout && !policy.lets(principal, &teams, Relation::Editor) {
        let message =
            "would leave you without the relation editor; add yourself, or give allow_self_lockout=true";
        return Err(Rejection::invalid(place, message).into());
    }
    let before = edit.writer.restriction_policy(flag_id).await?;
    edit.writer.save_restriction_policy(&policy).await?;
    let record = Record {
        flag_id: Some(flag_id),
        before: before.as_ref(),
        after: Some(&policy),
        ..Record::of(Action::RestrictionPolicySaved)
    };
    edit.commit(record).await?;
    Ok(policy)
}

/// Takes the policy of a flag away: everybody whose role lets them may change it again.
pub(crate) async fn delete_policy(app: &App, principal: &Principal, flag_id: FlagId) -> Result<(), ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    check_flag(edit.writer.as_mut(), principal, flag_id).await?;
    let before = edit.writer.restriction_policy(flag_id).await?;
    let before = before.ok_or_else(|| not_found("restriction policy of", flag_id))?;
    check_may_change_policy(&mut edit, flag_id).await?;
    edit.writer.delete_restriction_policy(flag_id).await?;
    let record = Record {
        flag_id: Some(flag_id),
        before: Some(&before),
        ..Record::of(Action::RestrictionPolicyDeleted)
    };
    edit.commit(record).await?;
    Ok(())
}

/// A policy is changed by its editors, and by who manages the members of the project: they could make themselves
/// editors, and somebody has to be able to when the last editor is gone.
async fn check_may_change_policy(edit: &mut Edit<'_>, flag_id: FlagId) -> Result<(), ApiError> {
    if edit.principal.may(Permission::UsersWrite) {
        return Ok(());
    }
    check_relation(edit.writer.as_mut(), edit.principal, flag_id, Relation::Editor).await
}

/// Whom a policy of this project can name.
struct Known {
    principals: Vec<PolicyPrincipal>,
}

impl Known {
    async fn of(edit: &mut Edit<'_>) -> Result<Self, ApiError> {
        let project_id = edit.principal.project_id;
        let mut principals = vec![PolicyPrincipal::Org(project_id)];
        for (user, _) in edit.writer.members(project_id).await? {
            principals.push(PolicyPrincipal::User(user.id));
        }
        for team in edit.writer.teams(project_id).await? {
            principals.push(PolicyPrincipal::Team(team.id));
        }
        for role in edit.writer.roles(project_id).await? {
            principals.push(PolicyPrincipal::Role(RoleRef::Custom(role.id)));
        }
        Ok(Self { principals })
    }

    fn has(&self, named: PolicyPrincipal) -> bool {
        matches!(named, PolicyPrincipal::Role(RoleRef::BuiltIn(_))) || self.principals.contains(&named)
    }
}

//! Nobody gives more than they have, and nobody makes themselves an approver.

use crate::ApiError;
use flaghoist_model::access::{Permission, PermissionSet, Principal};

/// Refuses to give somebody permissions that the giver lacks, by a role, a key or a password.
///
/// Whoever may change flags may approve changes of others. Whoever makes such somebody could be both, so that takes
/// the permission to do without approvals.
pub(crate) fn check_may_give(giver: &Principal, given: PermissionSet) -> Result<(), ApiError> {
    check_is_within(giver, given)?;
    let approvals_override = Permission::FeatureFlagApprovalsOverride;
    if given.contains(Permission::FeatureFlagConfigWrite) && !giver.may(approvals_override) {
        return Err(ApiError::Refused(format!(
            "whoever lets somebody change flags lets them approve changes too, which needs the permission {}",
            approvals_override.as_str()
        )));
    }
    Ok(())
}

/// Refuses to change what somebody is who may do more than the caller.
pub(crate) fn check_is_within(caller: &Principal, theirs: PermissionSet) -> Result<(), ApiError> {
    match theirs.without(caller.permissions).iter().next() {
        None => Ok(()),
        Some(missing) => Err(ApiError::Refused(format!(
            "this concerns the permission {}, which you do not have yourself",
            missing.as_str()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flaghoist_model::access::{BuiltInRole, Dialect, Proof, RoleRef};
    use flaghoist_model::id::{CredentialId, ProjectId, UserId};
    use uuid::Uuid;

    fn somebody(permissions: PermissionSet) -> Principal {
        Principal {
            project_id: ProjectId(Uuid::nil()),
            user_id: UserId(Uuid::nil()),
            proof: Proof::ApplicationKey(CredentialId(Uuid::nil())),
            dialect: Dialect::Native,
            role: RoleRef::BuiltIn(BuiltInRole::Viewer),
            permissions,
            is_narrowed: false,
            key_expires_at: None,
            is_installation_admin: false,
        }
    }

    #[test]
    fn what_one_has_can_be_given_and_nothing_else() {
        let viewer = BuiltInRole::Viewer.permissions();
        assert_eq!(check_may_give(&somebody(viewer), viewer), Ok(()));
        let refused = check_may_give(&somebody(viewer), BuiltInRole::Editor.permissions()).unwrap_err();
        assert!(refused.to_string().contains("feature_flag_config_write"), "{refused}");
    }

    #[test]
    fn only_who_may_do_without_approvals_can_make_approvers() {
        let overriding = PermissionSet::of(&[Permission::FeatureFlagApprovalsOverride]);
        let all_but_overriding = PermissionSet::all().without(overriding);
        let editor = BuiltInRole::Editor.permissions();
        let refused = check_may_give(&somebody(all_but_overriding), editor).unwrap_err();
        assert!(refused.to_string().contains("feature_flag_approvals_override"), "{refused}");
        assert_eq!(check_may_give(&somebody(PermissionSet::all()), editor), Ok(()));
    }
}

use crate::given::{Ids, author, now};
use flaghoist_model::access::{CustomRole, Permission, PermissionSet, RoleDraft};
use flaghoist_model::user::{Team, TeamDraft};
use flaghoist_model::{Faults, Rejection};

fn role(draft: RoleDraft) -> Result<CustomRole, Rejection> {
    CustomRole::create(draft, author().project_id, now(), &Ids::default(), Faults::new())
}

fn draft(name: &str, permissions: &[&str]) -> RoleDraft {
    RoleDraft {
        name: Some(name.to_owned()),
        permissions: Some(permissions.iter().map(ToString::to_string).collect()),
        ..RoleDraft::default()
    }
}

#[test]
fn a_custom_role_holds_the_permissions_it_was_given() {
    let made =
        role(draft("Release captain", &["feature_flag_config_read", "feature_flag_approvals_override"]))
            .unwrap();
    assert_eq!(
        made.permissions,
        PermissionSet::of(&[Permission::FeatureFlagConfigRead, Permission::FeatureFlagApprovalsOverride])
    );
    let renamed = RoleDraft { name: Some("Captain".to_owned()), ..RoleDraft::default() };
    let changed = made.update(renamed, now(), Faults::new()).unwrap();
    assert_eq!((changed.name.as_str(), changed.permissions), ("Captain", made.permissions));
}

#[test]
fn a_permission_that_is_none_and_a_built_in_name_are_both_named() {
    let Err(Rejection::Invalid(faults)) = role(draft("Admin", &["everything"])) else {
        panic!("it is refused")
    };
    let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["/name", "/permissions/0"]);
    assert!(faults[1].message.contains("feature_flag_config_write"), "the known ones are listed");
}

#[test]
fn only_members_of_the_project_are_in_its_teams_and_each_once() {
    let us = author().user_id;
    let stranger = crate::given::principal(99, flaghoist_model::access::BuiltInRole::Viewer).user_id;
    let draft = |member_ids| TeamDraft {
        handle: Some("payments".to_owned()),
        name: Some("Payments".to_owned()),
        member_ids: Some(member_ids),
        ..TeamDraft::default()
    };
    let create = |member_ids| {
        Team::create(
            draft(member_ids),
            author().project_id,
            |id| id == us,
            now(),
            &Ids::default(),
            Faults::new(),
        )
    };
    assert_eq!(create(vec![us, us]).unwrap().member_ids, [us]);
    let Err(Rejection::Invalid(faults)) = create(vec![us, stranger]) else { panic!("it is refused") };
    assert_eq!(faults[0].pointer, "/member_ids/1");
}

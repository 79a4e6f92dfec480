use crate::given::{author, now, principal};
use flaghoist_model::access::{BuiltInRole, Principal, Relation, RestrictionPolicy};
use flaghoist_model::id::{FlagId, TeamId};
use flaghoist_model::{Faults, Rejection};
use uuid::Uuid;

fn policy(bindings: &[(&str, &[String])]) -> Result<RestrictionPolicy, Rejection> {
    let draft =
        bindings.iter().map(|(relation, principals)| (Some((*relation).to_owned()), principals.to_vec()));
    let flag_id = FlagId(Uuid::from_u128(5));
    RestrictionPolicy::parse(draft.collect(), flag_id, |_| true, now(), Faults::under("/bindings"))
}

fn user(principal: &Principal) -> String {
    format!("user:{}", principal.user_id)
}

#[test]
fn an_editor_may_all_a_contributor_may_and_nobody_else_may_anything() {
    let (ada, ben, eve) = (author(), principal(3, BuiltInRole::Editor), principal(4, BuiltInRole::Editor));
    let policy = policy(&[("editor", &[user(&ada)]), ("contributor", &[user(&ben)])]).unwrap();
    let may = |who: &Principal, what| policy.lets(who, &[], what);
    assert!(may(&ada, Relation::Editor) && may(&ada, Relation::Contributor));
    assert!(!may(&ben, Relation::Editor) && may(&ben, Relation::Contributor));
    assert!(!may(&eve, Relation::Contributor) && may(&eve, Relation::Viewer));
}

#[test]
fn a_team_a_role_and_the_whole_organisation_can_be_bound() {
    let team = TeamId(Uuid::from_u128(6));
    let ben = principal(3, BuiltInRole::Editor);
    for (bound, teams) in [
        (format!("team:{team}"), vec![team]),
        ("role:editor".to_owned(), vec![]),
        (format!("org:{}", ben.project_id), vec![]),
    ] {
        let policy = policy(&[("contributor", &[bound])]).unwrap();
        assert!(policy.lets(&ben, &teams, Relation::Contributor));
    }
    let theirs = policy(&[("editor", &[format!("team:{team}")])]).unwrap();
    assert!(!theirs.lets(&ben, &[], Relation::Contributor), "who is not in the team is not bound by it");
}

#[test]
fn what_is_no_principal_and_a_viewer_who_is_not_everybody_are_refused_with_their_place() {
    let refused = |bindings: &[(&str, &[String])]| match policy(bindings) {
        Err(Rejection::Invalid(faults)) => faults.into_iter().map(|fault| fault.pointer).collect::<Vec<_>>(),
        other => panic!("it is refused, not {other:?}"),
    };
    assert_eq!(refused(&[("editor", &["ada".to_owned()])]), ["/bindings/0/principals/0"]);
    assert_eq!(refused(&[("viewer", &[user(&author())])]), ["/bindings/0/principals/0"]);
    assert_eq!(refused(&[("owner", &[user(&author())])]), ["/bindings/0/relation"]);
    assert_eq!(refused(&[("editor", &[])]), ["/bindings/0/principals"]);
}

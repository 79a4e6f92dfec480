//! Suggestions and their rules, without a store.

use crate::given::{Ids, environment_id, later, letters, no_filters, now, principal};
use flaghoist_model::access::{BuiltInRole, Principal};
use flaghoist_model::difference::Difference;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::{FlagEnvironment, ServingPatch};
use flaghoist_model::history::{Action, Authority};
use flaghoist_model::id::UserId;
use flaghoist_model::suggestion::{
    Property, ProposedChange, Subject, Suggestion, SuggestionAction, SuggestionDraft, SuggestionStatus,
};
use flaghoist_model::{Faults, Patch, Rejection};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn subject() -> Subject {
    Subject {
        action: SuggestionAction::Updated,
        property: Property::DefaultVariant,
        variant_id: None,
        history_action: Action::ServingUpdated,
    }
}

/// A flag, and its state in an environment.
fn world() -> (Flag, FlagEnvironment) {
    let flag = letters();
    let entry = FlagEnvironment::initial(&flag, environment_id());
    (flag, entry)
}

fn serving(flag: &Flag, entry: &FlagEnvironment, key: &str) -> FlagEnvironment {
    let id = flag.variant_by_key(key).unwrap().id;
    let patch = ServingPatch { default_variant_id: Patch::Set(id), ..ServingPatch::default() };
    entry.with_serving(patch, flag, later(5), Faults::new()).unwrap()
}

fn suggest(change: ProposedChange, author: &Principal, entry: &FlagEnvironment) -> Suggestion {
    let draft = SuggestionDraft {
        flag_id: entry.flag_id,
        environment_id: Some(entry.environment_id),
        subject: subject(),
        change,
        base_revision: 1,
        base_history_id: None,
        reverts: None,
        comment: None,
        notification_rule_targets: Vec::new(),
    };
    Suggestion::open(draft, author, now(), &Ids::default())
}

/// Everybody who approves anything here.
fn everybody() -> BTreeSet<UserId> {
    (10..14).map(|number| editor(number).user_id).collect()
}

fn drift(change: &ProposedChange, flag: &Flag, entry: Option<&FlagEnvironment>) -> Vec<Difference> {
    change.drift(flag, entry, entry.into_iter(), &BTreeMap::new())
}

/// A change of an entry where there are no saved filters.
fn entry_change(flag: &Flag, before: &FlagEnvironment, after: &FlagEnvironment) -> ProposedChange {
    ProposedChange::entry(flag, before, after, &BTreeMap::new())
}

fn editor(number: u64) -> Principal {
    principal(number, BuiltInRole::Editor)
}

#[test]
fn somebody_elses_approval_is_what_lets_a_suggestion_be_applied() {
    let (flag, entry) = world();
    let (ada, ben) = (editor(10), editor(11));
    let suggestion = suggest(entry_change(&flag, &entry, &serving(&flag, &entry, "b")), &ada, &entry);
    assert!(matches!(suggestion.authority(&ada, &everybody()), Err(Rejection::Conflict(_))));
    assert!(matches!(suggestion.approve(&ada, now()), Err(Rejection::Forbidden(_))));
    let approved = suggestion.approve(&ben, now()).unwrap();
    let Ok(Authority::Approved { authors, approved_by, .. }) = approved.authority(&ada, &everybody()) else {
        panic!("it is approved")
    };
    assert_eq!((authors, approved_by), (vec![ada.user_id], vec![ben.user_id]));
}

#[test]
fn who_may_do_without_approvals_applies_and_it_is_said() {
    let (flag, entry) = world();
    let root = principal(12, BuiltInRole::Admin);
    let suggestion = suggest(entry_change(&flag, &entry, &serving(&flag, &entry, "b")), &root, &entry);
    assert!(matches!(
        suggestion.authority(&root, &everybody()),
        Ok(Authority::Overridden { suggestion_id: Some(_) })
    ));
    assert!(
        matches!(suggestion.approve(&root, now()), Err(Rejection::Forbidden(_))),
        "approving one's own stays wrong"
    );
}

#[test]
fn an_edit_takes_the_approvals_away_and_makes_an_author_of_the_editor() {
    let (flag, entry) = world();
    let (ada, ben, cleo) = (editor(10), editor(11), editor(12));
    let change = |key| entry_change(&flag, &entry, &serving(&flag, &entry, key));
    let approved = suggest(change("b"), &ada, &entry).approve(&ben, now()).unwrap();
    let edited = approved.edit(subject(), change("c"), 2, None, &ben, now()).unwrap();
    assert_eq!(edited.status, SuggestionStatus::Pending);
    assert!(edited.authority(&ada, &everybody()).is_err());
    assert!(
        matches!(edited.approve(&ben, now()), Err(Rejection::Forbidden(_))),
        "the editor is an author now"
    );
    assert!(edited.approve(&cleo, now()).unwrap().authority(&ben, &everybody()).is_ok());
}

#[test]
fn what_is_decided_stays_decided() {
    let (flag, entry) = world();
    let (ada, ben) = (editor(10), editor(11));
    let suggestion = suggest(entry_change(&flag, &entry, &serving(&flag, &entry, "b")), &ada, &entry);
    for decided in [
        suggestion.reject(&ben, now()).unwrap(),
        suggestion.delete(&ada, now()).unwrap(),
        suggestion.approve(&ben, now()).unwrap().applied(&ada, now()),
    ] {
        let is_conflict =
            |result: Result<Suggestion, Rejection>| matches!(result, Err(Rejection::Conflict(_)));
        assert!(is_conflict(decided.approve(&ben, now())));
        assert!(is_conflict(decided.reject(&ben, now())));
        assert!(is_conflict(decided.delete(&ada, now())));
        assert!(decided.authority(&principal(12, BuiltInRole::Admin), &everybody()).is_err());
    }
}

#[test]
fn an_approved_suggestion_is_not_taken_back_and_only_an_author_takes_one_back() {
    let (flag, entry) = world();
    let (ada, ben) = (editor(10), editor(11));
    let suggestion = suggest(entry_change(&flag, &entry, &serving(&flag, &entry, "b")), &ada, &entry);
    assert!(matches!(suggestion.delete(&ben, now()), Err(Rejection::Forbidden(_))));
    let approved = suggestion.approve(&ben, now()).unwrap();
    assert!(matches!(approved.delete(&ada, now()), Err(Rejection::Conflict(_))));
}

#[test]
fn what_was_changed_since_is_told_and_times_alone_are_no_change() {
    let (flag, entry) = world();
    let change = entry_change(&flag, &entry, &serving(&flag, &entry, "b"));
    assert!(drift(&change, &flag, Some(&entry)).is_empty());
    let touched = FlagEnvironment { updated_at: later(60), revision: 9, ..entry.clone() };
    assert!(drift(&change, &flag, Some(&touched)).is_empty());
    let found = drift(&change, &flag, Some(&entry.with_enabled(true, later(60))));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].path.as_str(), &found[0].after), ("/enabled", &Some(true.into())));
    assert!(!drift(&change, &flag, None).is_empty(), "an environment that is gone cannot be changed");
}

#[test]
fn a_change_that_readers_cannot_notice_needs_no_approval() {
    let (flag, entry) = world();
    let renamed = Flag { name: "Another".to_owned(), description: "More".to_owned(), ..flag.clone() };
    assert!(!ProposedChange::flag(&flag, &renamed, std::iter::empty()).matters());
    let mut revalued = flag.clone();
    revalued.variants[0].value = "Z".to_owned();
    assert!(ProposedChange::flag(&flag, &revalued, std::iter::empty()).matters());
    assert!(!entry_change(&flag, &entry, &entry.with_enabled(false, later(9))).matters());
}

#[test]
fn a_suggestion_about_a_flag_leaves_alone_what_it_does_not_touch() {
    let (flag, _) = world();
    let ada = editor(10);
    let mut target = flag.clone();
    target.variants[1].value = "BB".to_owned();
    let ProposedChange::Flag { base, target, .. } = ProposedChange::flag(&flag, &target, std::iter::empty())
    else {
        panic!("of a flag")
    };
    let meanwhile = Flag { name: "Renamed".to_owned(), tags: vec!["new".to_owned()], ..flag.clone() };
    let merged = meanwhile.merged(&base, &target, &ada, later(9));
    assert_eq!((merged.name.as_str(), merged.tags.len()), ("Renamed", 1));
    assert_eq!(merged.variants[1].value, "BB");
    assert_eq!(merged.variants[0], flag.variants[0]);
}

#[test]
fn an_approval_does_not_count_once_its_giver_may_not_approve_any_more() {
    let (flag, entry) = world();
    let (ada, ben) = (editor(10), editor(11));
    let change = entry_change(&flag, &entry, &serving(&flag, &entry, "b"));
    let approved = suggest(change, &ada, &entry).approve(&ben, now()).unwrap();
    let without_ben = BTreeSet::from([ada.user_id, editor(12).user_id]);
    assert!(matches!(approved.authority(&ada, &without_ben), Err(Rejection::Conflict(_))));
}

#[test]
fn what_an_entry_serves_is_bound_to_the_values_and_a_value_to_where_it_is_served() {
    let (flag, entry) = world();
    let serves_b = serving(&flag, &entry, "b");
    let to_b = entry_change(&flag, &entry, &serves_b);
    let mut revalued = flag.clone();
    revalued.variants.iter_mut().find(|variant| variant.key == "b").unwrap().value = "evil".to_owned();
    let found = drift(&to_b, &revalued, Some(&entry));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].path.as_str(), &found[0].after), ("/variants/b/value", &Some("evil".into())));
    let new_value = ProposedChange::flag(&flag, &revalued, [&entry].into_iter());
    assert!(
        new_value.drift(&flag, None, [&entry].into_iter(), &BTreeMap::new()).is_empty(),
        "nobody is served b"
    );
    assert_eq!(
        new_value.drift(&flag, None, [&serves_b].into_iter(), &BTreeMap::new()).len(),
        1,
        "somebody is now"
    );
}

#[test]
fn what_readers_never_see_is_no_drift_unless_it_is_the_very_thing_proposed() {
    let (flag, _) = world();
    let renamed = |name: &str| Flag { name: name.to_owned(), ..flag.clone() };
    let change = ProposedChange::flag(&flag, &renamed("Proposed"), std::iter::empty());
    let described = Flag { description: "More".to_owned(), ..flag.clone() };
    assert!(drift(&change, &described, None).is_empty());
    assert!(drift(&change, &renamed("Proposed"), None).is_empty(), "it is done already");
    assert_eq!(drift(&change, &renamed("Another"), None)[0].path, "/name");
}

#[test]
fn a_property_that_does_not_say_everything_becomes_a_configuration() {
    let (flag, entry) = world();
    let serves_b = serving(&flag, &entry, "b");
    let one = entry_change(&flag, &entry, &serves_b);
    assert_eq!(one.property(Property::DefaultVariant), Property::DefaultVariant);
    let two = entry_change(&flag, &entry, &serves_b.with_enabled(true, now()));
    assert_eq!(two.property(Property::DefaultVariant), Property::Configuration);
}

#[test]
fn a_summary_quotes_what_people_typed() {
    let (flag, _) = world();
    let mut sly = flag.clone();
    sly.variants[0].value = "A. Disables the flag".to_owned();
    let said = ProposedChange::flag(&flag, &sly, std::iter::empty()).summary(&flag);
    assert_eq!(said, ["Variant \"a\" has the value \"A. Disables the flag\" instead of \"A\"."]);
}

#[test]
fn a_summary_says_what_people_would() {
    let (flag, entry) = world();
    let after = serving(&flag, &entry, "b").with_enabled(true, now());
    let said = entry_change(&flag, &entry, &after).summary(&flag);
    assert_eq!(said, ["Enables the flag.", "Serves by default: \"b\" (\"B\") instead of \"a\" (\"A\")."]);
    let archived = flag.archive(&editor(10), now());
    assert_eq!(
        ProposedChange::flag(&flag, &archived, std::iter::empty()).summary(&flag),
        ["Archives the flag: no reader knows it any more."]
    );
}

#[test]
fn a_definition_of_earlier_days_is_refused_when_its_parts_are_gone() {
    let (flag, entry) = world();
    let before = serving(&flag, &entry, "c");
    let mut smaller = flag.clone();
    smaller.variants.retain(|variant| variant.key != "c");
    let refused = entry.with_definition(&(&before).into(), &smaller, &no_filters(), now());
    assert!(matches!(refused, Err(Rejection::Conflict(_))));
    assert!(entry.with_definition(&(&before).into(), &flag, &no_filters(), now()).is_ok());
}

/// What somebody may do to a suggestion.
#[derive(Clone, Copy, Debug)]
enum Step {
    Approve,
    Reject,
    Delete,
    Edit(usize),
    Comment,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Approve),
        1 => Just(Step::Reject),
        1 => Just(Step::Delete),
        3 => (0..3_usize).prop_map(Step::Edit),
        1 => Just(Step::Comment),
    ]
}

proptest! {
    #[test]
    fn nothing_is_applicable_without_an_approval_of_exactly_it_by_somebody_else(
        steps in proptest::collection::vec((step(), 10_u64..14), 1..30)
    ) {
        let (flag, entry) = world();
        let change = |key: usize| entry_change(&flag, &entry, &serving(&flag, &entry, ["a", "b", "c"][key]));
        let mut suggestion = suggest(change(1), &editor(10), &entry);
        // What was approved by whom, and who wrote what is proposed: kept apart from the suggestion itself.
        let mut writers = vec![10];
        let mut approvers: Vec<u64> = Vec::new();
        for (step, who) in steps {
            let by = editor(who);
            let result = match step {
                Step::Approve => suggestion.approve(&by, now()),
                Step::Reject => suggestion.reject(&by, now()),
                Step::Delete => suggestion.delete(&by, now()),
                Step::Edit(key) => suggestion.edit(subject(), change(key), 1, None, &by, now()),
                Step::Comment => suggestion.with_comment("well".to_owned(), &by, now(), &Ids::default()),
            };
            if let Ok(next) = result {
                match step {
                    Step::Approve => {
                        prop_assert!(!writers.contains(&who));
                        approvers.push(who);
                    }
                    Step::Edit(_) => {
                        approvers.clear();
                        writers.push(who);
                    }
                    Step::Reject | Step::Delete | Step::Comment => {}
                }
                suggestion = next;
            }
            let may_apply = (10..14).any(|who| suggestion.authority(&editor(who), &everybody()).is_ok());
            let is_open = suggestion.status.is_open();
            prop_assert_eq!(may_apply, is_open && !approvers.is_empty());
        }
    }
}

use crate::given::{
    Ids, allocation, condition, enabled, faults, later, letters, no_filters, now, pointers, replace, rule,
    serving, weight,
};
use flaghoist_model::allocation::{AllocationContext, AllocationDraft};
use flaghoist_model::condition::{ConditionDraft, Operator};
use flaghoist_model::flag_environment::{FlagEnvironment, ServingPatch};
use flaghoist_model::id::{AllocationId, SavedFilterId, VariantId};
use flaghoist_model::{Faults, Patch, Rejection};
use uuid::Uuid;

fn keys(entry: &FlagEnvironment) -> Vec<&str> {
    entry.allocations.iter().map(|allocation| allocation.key.as_str()).collect()
}

fn append(
    entry: &FlagEnvironment,
    draft: AllocationDraft,
) -> Result<(FlagEnvironment, AllocationId), Rejection> {
    let flag = letters();
    let (filters, ids) = (no_filters(), Ids::default());
    let context = AllocationContext {
        flag: &flag,
        default_variant_id: entry.default_variant_id,
        saved_filters: &filters,
        now: later(1),
        ids: &ids,
    };
    entry.with_allocation(draft, &context, Faults::under("/data/attributes"))
}

fn with_condition(draft: ConditionDraft) -> Vec<AllocationDraft> {
    vec![AllocationDraft { rules: vec![rule(vec![draft])], ..allocation("x", &[("a", 100.0)]) }]
}

#[test]
fn a_replace_keeps_order_and_identity_and_removes_what_is_not_listed() {
    let flag = letters();
    let ids = Ids::default();
    let all = [("a", 100.0)];
    let first = vec![allocation("one", &all), allocation("two", &all), allocation("three", &all)];
    let first = replace(&flag, &enabled(&flag), first, &ids, now()).unwrap();
    let by_id =
        AllocationDraft { id: Some(first.allocations[0].id), ..allocation("renamed", &[("b", 100.0)]) };
    let second = replace(
        &flag,
        &first,
        vec![allocation("three", &all), by_id, allocation("four", &all)],
        &ids,
        later(1),
    )
    .unwrap();

    assert_eq!(keys(&second), ["three", "renamed", "four"]);
    assert_eq!(second.allocations[0], first.allocations[2], "repeated unchanged, found by its key");
    let (before, after) = (&first.allocations[0], &second.allocations[1]);
    assert_eq!(
        (after.id, &after.traffic_salt, &after.split_salt),
        (before.id, &before.traffic_salt, &before.split_salt)
    );
    assert_eq!((after.created_at, after.updated_at), (now(), later(1)));
    assert!(replace(&flag, &second, Vec::new(), &ids, now()).unwrap().allocations.is_empty());
}

#[test]
fn two_elements_with_one_key_or_one_id_are_refused() {
    let flag = letters();
    let all = [("a", 100.0)];
    let twice = replace(
        &flag,
        &enabled(&flag),
        vec![allocation("one", &all), allocation("one", &all)],
        &Ids::default(),
        now(),
    );
    assert_eq!(pointers(twice), ["/data/1/attributes/key"]);

    let entry = serving(&flag, vec![allocation("one", &all)]);
    let id = Some(entry.allocations[0].id);
    let named = |key| AllocationDraft { id, ..allocation(key, &all) };
    let twice = replace(&flag, &entry, vec![named("x"), named("y")], &Ids::default(), now());
    assert_eq!(pointers(twice), ["/data/1/attributes"]);
}

#[test]
fn an_element_with_an_unknown_id_is_refused() {
    let flag = letters();
    let stranger = AllocationDraft {
        id: Some(AllocationId(Uuid::from_u64_pair(9, 9))),
        ..allocation("one", &[("a", 100.0)])
    };
    let refused = replace(&flag, &enabled(&flag), vec![stranger], &Ids::default(), now());
    assert_eq!(pointers(refused), ["/data/0/attributes/id"]);
}

#[test]
fn an_appended_allocation_stands_last_and_a_taken_key_is_a_conflict() {
    let flag = letters();
    let all = [("a", 100.0)];
    let entry = serving(&flag, vec![allocation("one", &all)]);
    let (longer, id) = append(&entry, allocation("two", &all)).unwrap();
    assert_eq!((keys(&longer), id), (vec!["one", "two"], longer.allocations[1].id));
    assert!(matches!(append(&longer, allocation("one", &all)), Err(Rejection::Conflict(_))));
}

#[test]
fn an_appended_allocation_that_names_one_by_id_changes_that_one() {
    let flag = letters();
    let entry = serving(&flag, vec![allocation("one", &[("a", 100.0)]), allocation("two", &[("a", 100.0)])]);
    let named = AllocationDraft { id: Some(entry.allocations[0].id), ..allocation("uno", &[("b", 100.0)]) };
    let (changed, id) = append(&entry, named).unwrap();
    assert_eq!((keys(&changed), id), (vec!["uno", "two"], entry.allocations[0].id));
}

#[test]
fn weights_sum_to_100_or_there_are_none() {
    let flag = letters();
    let save = |weights: &[(&str, f64)]| {
        replace(&flag, &enabled(&flag), vec![allocation("x", weights)], &Ids::default(), now())
    };
    for accepted in
        [&[][..], &[("a", 100.0)], &[("a", 33.3), ("b", 33.3), ("c", 33.4)], &[("a", 0.0), ("b", 100.0)]]
    {
        assert!(save(accepted).is_ok(), "{accepted:?}");
    }
    assert!(faults(save(&[("a", 50.0), ("b", 49.0)]))[0].contains("sums to 99"));
    assert!(faults(save(&[("a", 101.0)]))[0].contains("give 0 to 100 percent"));
    assert!(faults(save(&[("z", 100.0)]))[0].contains("/variant_weights/0/variant_key: \"z\""));
    assert!(faults(save(&[("a", 50.0), ("a", 50.0)]))[0].contains("give each variant once"));
}

#[test]
fn a_weight_names_one_variant_by_id_or_key_but_not_two() {
    let flag = letters();
    let save = |draft| {
        let allocation = AllocationDraft { weights: vec![draft], ..allocation("x", &[]) };
        replace(&flag, &enabled(&flag), vec![allocation], &Ids::default(), now())
    };
    let id = Some(flag.variants[0].id);
    let mut both = weight("a", 100.0);
    both.variant_id = id;
    assert!(save(both.clone()).is_ok());
    both.variant_key = Some("b".to_owned());
    assert!(faults(save(both.clone()))[0].contains("another variant than variant_id"));
    both.variant_key = None;
    assert!(save(both.clone()).is_ok());
    both.variant_id = Some(VariantId(Uuid::from_u64_pair(9, 9)));
    assert!(faults(save(both))[0].contains("is no variant of this flag"));
}

#[test]
fn comparands_are_checked_by_their_operator() {
    let flag = letters();
    let save = |operator, values: &[&str]| {
        let drafts = with_condition(condition("x", operator, values));
        replace(&flag, &enabled(&flag), drafts, &Ids::default(), now())
    };
    let accepted: [(Operator, &[&str]); 8] = [
        (Operator::Gte, &["90"]),
        (Operator::Lt, &["-1.5e3"]),
        (Operator::IsNull, &["false"]),
        (Operator::SemverGte, &["2.4"]),
        (Operator::OneOf, &["a", "b"]),
        (Operator::Equals, &["a"]),
        (Operator::Matches, &["^a+$", "[[:alnum:]]+"]),
        (Operator::NotOneOf, &[""]),
    ];
    for (operator, values) in accepted {
        assert!(save(operator, values).is_ok(), "{operator:?} {values:?}");
    }
    let refused: [(Operator, &[&str]); 9] = [
        (Operator::Gte, &["ninety"]),
        (Operator::Gte, &["1", "2"]),
        (Operator::Gte, &["inf"]),
        (Operator::IsNull, &["maybe"]),
        (Operator::SemverGte, &["latest"]),
        (Operator::OneOf, &[]),
        (Operator::Matches, &["("]),
        (Operator::Matches, &["(?=a)"]),
        (Operator::NotMatches, &["(a)\\1"]),
    ];
    for (operator, values) in refused {
        let found = faults(save(operator, values));
        let place = "/data/0/attributes/targeting_rules/0/conditions/0/value";
        assert!(found.iter().all(|fault| fault.starts_with(place)), "{operator:?} {values:?}: {found:?}");
    }
}

#[test]
fn a_condition_is_a_comparison_or_a_known_saved_filter() {
    let flag = letters();
    let filter = Some(SavedFilterId(Uuid::from_u64_pair(9, 9)));
    let both = ConditionDraft { saved_filter_id: filter, ..condition("plan", Operator::OneOf, &["beta"]) };
    let found = faults(replace(&flag, &enabled(&flag), with_condition(both), &Ids::default(), now()));
    assert!(found[0].contains("one or the other") && found[1].contains("is no saved filter"), "{found:?}");
}

#[test]
fn a_rule_has_at_least_one_condition() {
    let flag = letters();
    let draft = AllocationDraft { rules: vec![rule(Vec::new())], ..allocation("x", &[("a", 100.0)]) };
    let found = faults(replace(&flag, &enabled(&flag), vec![draft], &Ids::default(), now()));
    assert!(found[0].contains("/targeting_rules/0/conditions: has 0 entries"));
}

#[test]
fn a_variant_that_is_served_or_compared_with_is_referred_to() {
    let flag = letters();
    let [a, b, c] = [0, 1, 2].map(|position: usize| flag.variants[position].id);
    let entry = serving(&flag, vec![allocation("x", &[("b", 100.0)])]);
    assert!(entry.refers_to(a) && entry.refers_to(b) && !entry.refers_to(c));
    let patch = ServingPatch {
        off_variant_id: Patch::Set(c),
        default_variant_id: Patch::Clear,
        ..ServingPatch::default()
    };
    let entry = entry.with_serving(patch, &flag, now(), Faults::new()).unwrap();
    assert!(entry.refers_to(c) && !entry.refers_to(a));
}

#[test]
fn the_allocation_keys_of_an_entry_share_12_digits_that_differ_per_environment() {
    let flag = letters();
    let entry = enabled(&flag);
    let (default, over) = (entry.default_allocation_key(), entry.override_allocation_key());
    let digits = default.strip_prefix("allocation-default-").unwrap();
    assert_eq!(over.strip_prefix("allocation-override-"), Some(digits));
    assert!(digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let elsewhere =
        FlagEnvironment::initial(&flag, flaghoist_model::id::EnvironmentId(Uuid::from_u64_pair(5, 5)));
    assert_ne!(elsewhere.default_allocation_key(), default);
}

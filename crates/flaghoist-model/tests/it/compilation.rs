//! What readers get. Expected documents follow section 6 of the specification of evaluation.

use crate::given::{
    allocation, condition, create, enabled, environment_id, flag_draft, letters, no_filters, now, rule,
    schedule, serving,
};
use flaghoist_eval::{Attributes, Expected, Flag as Compiled, Subject, shard, wire};
use flaghoist_model::allocation::AllocationDraft;
use flaghoist_model::compile::{Channel, compile_flag};
use flaghoist_model::condition::{Condition, Operator, TargetingRule, Test};
use flaghoist_model::flag::{DistributionChannel, Flag};
use flaghoist_model::flag_environment::{FlagEnvironment, ServingPatch};
use flaghoist_model::id::{ConditionId, RuleId, SavedFilterId};
use flaghoist_model::saved_filter::{CreationType, SavedFilter};
use flaghoist_model::schedule::Strategy;
use flaghoist_model::value::ValueType;
use flaghoist_model::{Faults, Patch};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

fn compiled(flag: &Flag, entry: &FlagEnvironment) -> wire::Flag {
    compile_flag(flag, entry, &no_filters()).unwrap()
}

fn document(flag: &Flag, entry: &FlagEnvironment) -> Value {
    serde_json::to_value(compiled(flag, entry)).unwrap()
}

fn gated(ratio: f64, weights: &[(&str, f64)]) -> AllocationDraft {
    AllocationDraft { schedule: Some(schedule(Strategy::NoRollout, &[ratio])), ..allocation("x", weights) }
}

fn served<'a>(flag: &'a Compiled, targeting_key: &str) -> Option<&'a str> {
    let attributes = Attributes::new();
    let subject = Subject { targeting_key: Some(targeting_key), attributes: &attributes };
    flag.decide(Expected::Any, &subject, now()).variant
}

#[test]
fn a_flag_without_allocations_serves_its_default_to_everybody_without_shards() {
    let flag = letters();
    let entry = enabled(&flag);
    let key = entry.default_allocation_key();
    let expected = json!([{"key": key, "rules": [], "doLog": false,
        "splits": [{"variationKey": "a", "shards": [], "extraLogging": {}}]}]);
    let document = document(&flag, &entry);
    assert_eq!(document["allocations"], expected);
    assert_eq!((&document["enabled"], &document["variationType"]), (&json!(true), &json!("STRING")));
}

#[test]
fn without_a_default_variant_nothing_stands_at_the_end() {
    let flag = letters();
    let entry = FlagEnvironment { default_variant_id: None, ..enabled(&flag) };
    assert_eq!(document(&flag, &entry)["allocations"], json!([]));
}

#[test]
fn a_disabled_flag_stays_known_and_an_archived_one_does_not() {
    let flag = letters();
    let disabled = FlagEnvironment::initial(&flag, environment_id());
    let document = document(&flag, &disabled);
    assert_eq!((&document["enabled"], &document["allocations"]), (&json!(false), &json!([])));
    let archived = flag.archive(&crate::given::author(), now());
    assert_eq!(compile_flag(&archived, &disabled, &no_filters()), None);
}

#[test]
fn a_disabled_flag_with_an_off_variant_serves_it() {
    let flag = letters();
    let patch = ServingPatch { off_variant_id: Patch::Set(flag.variants[2].id), ..ServingPatch::default() };
    let entry = FlagEnvironment::initial(&flag, environment_id());
    let entry = entry.with_serving(patch, &flag, now(), Faults::new()).unwrap();
    let document = document(&flag, &entry);
    assert_eq!(document["enabled"], json!(true));
    assert_eq!(document["allocations"][0]["key"], json!(entry.off_allocation_key()));
    assert_eq!(document["allocations"][0]["splits"][0]["variationKey"], json!("c"));
    assert_eq!(document["allocations"].as_array().map(Vec::len), Some(1));
}

#[test]
fn an_override_is_all_that_is_served() {
    let flag = letters();
    let entry = serving(&flag, vec![allocation("x", &[("b", 100.0)])]);
    let patch =
        ServingPatch { override_variant_id: Patch::Set(flag.variants[2].id), ..ServingPatch::default() };
    let entry = entry.with_serving(patch, &flag, now(), Faults::new()).unwrap();
    let compiled = compiled(&flag, &entry);
    let keys: Vec<&str> = compiled.allocations.iter().map(|allocation| allocation.key.as_str()).collect();
    assert_eq!(keys, [entry.override_allocation_key()]);
    assert!(compiled.allocations[0].splits[0].shards.is_empty());
}

#[test]
fn traffic_and_split_are_shards_on_salts_of_their_own() {
    let flag = letters();
    let entry = serving(&flag, vec![gated(0.3, &[("a", 50.0), ("b", 30.0), ("c", 20.0)])]);
    let allocation = &entry.allocations[0];
    let range = |salt: &str, start: u32, end: u32| json!({"salt": salt, "totalShards": 10_000, "ranges": [{"start": start, "end": end}]});
    let traffic = range(&allocation.traffic_salt, 0, 3_000);
    let split = |start, end| range(&allocation.split_salt, start, end);
    let document = document(&flag, &entry);
    let splits = &document["allocations"][0]["splits"];
    assert_eq!(splits[0]["shards"], json!([traffic, split(0, 5_000)]));
    assert_eq!(splits[1]["shards"], json!([traffic, split(5_000, 8_000)]));
    assert_eq!(splits[2]["shards"], json!([traffic, split(8_000, 10_000)]));
    assert_ne!(allocation.traffic_salt, allocation.split_salt);
    assert_eq!(document["allocations"][0]["doLog"], json!(true));
}

#[test]
fn a_single_variant_for_everybody_has_no_shards() {
    let flag = letters();
    let entry = serving(&flag, vec![gated(1.0, &[("b", 100.0), ("a", 0.0)])]);
    let splits = compiled(&flag, &entry).allocations[0].splits.clone();
    assert_eq!(splits.len(), 1, "a weight of 0 is no split");
    assert!(splits[0].shards.is_empty());
}

#[test]
fn what_serves_nobody_is_left_out() {
    let flag = letters();
    let not_started = AllocationDraft {
        schedule: Some(schedule(Strategy::UniformIntervals, &[1.0])),
        ..allocation("not-started", &[("b", 100.0)])
    };
    let drafts = vec![
        allocation("no-weights", &[]),
        AllocationDraft { key: Some("zero".to_owned()), ..gated(0.0, &[("b", 100.0)]) },
        not_started,
    ];
    let entry = serving(&flag, drafts);
    let keys: Vec<String> =
        compiled(&flag, &entry).allocations.into_iter().map(|allocation| allocation.key).collect();
    assert_eq!(keys, [entry.default_allocation_key()]);
}

#[test]
fn conditions_get_typed_comparands() {
    let flag = letters();
    let conditions = vec![
        condition("age", Operator::Gte, &["90"]),
        condition("score", Operator::Lt, &["0.5"]),
        condition("plan", Operator::Equals, &["beta"]),
        condition("mail", Operator::Matches, &["@a$", "@b$"]),
        condition("name", Operator::NotMatches, &["^x"]),
        condition("country", Operator::IsNull, &["true"]),
        condition("version", Operator::SemverGte, &["2.4.0"]),
    ];
    let draft = AllocationDraft { rules: vec![rule(conditions)], ..allocation("x", &[("b", 100.0)]) };
    let document = document(&flag, &serving(&flag, vec![draft]));
    assert_eq!(
        document["allocations"][0]["rules"][0]["conditions"],
        json!([
            {"attribute": "age", "operator": "GTE", "value": 90},
            {"attribute": "score", "operator": "LT", "value": 0.5},
            {"attribute": "plan", "operator": "ONE_OF", "value": ["beta"]},
            {"attribute": "mail", "operator": "MATCHES", "value": "(?:@a$)|(?:@b$)"},
            {"attribute": "name", "operator": "NOT_MATCHES", "value": "^x"},
            {"attribute": "country", "operator": "IS_NULL", "value": true},
            {"attribute": "version", "operator": "SEMVER_GTE", "value": "2.4.0"},
        ])
    );
}

#[test]
fn values_are_native_json() {
    for (value_type, text, expected) in [
        (ValueType::Integer, "42", json!(42)),
        (ValueType::Numeric, "3", json!(3.0)),
        (ValueType::String, "42", json!("42")),
        (ValueType::Json, r#"{"a":[1]}"#, json!({"a": [1]})),
    ] {
        let flag = create(flag_draft(value_type, &[("v", text)])).unwrap();
        let document = document(&flag, &enabled(&flag));
        assert_eq!(document["variations"], json!({"v": {"key": "v", "value": expected}}));
        assert!(Compiled::compile(&compiled(&flag, &enabled(&flag))).is_ok());
    }
}

#[test]
fn boolean_values_are_native_too() {
    let flag = create(flag_draft(ValueType::Boolean, &[("on", "true"), ("off", "false")])).unwrap();
    let document = document(&flag, &enabled(&flag));
    assert_eq!(
        document["variations"],
        json!({"on": {"key": "on", "value": true}, "off": {"key": "off", "value": false}})
    );
}

#[test]
fn channels_see_what_is_distributed_to_them() {
    for (distribution, server, client) in [
        (DistributionChannel::All, true, true),
        (DistributionChannel::Server, true, false),
        (DistributionChannel::Client, false, true),
    ] {
        assert_eq!(
            (Channel::Server.sees(distribution), Channel::Client.sees(distribution)),
            (server, client)
        );
    }
}

#[test]
fn a_saved_filter_stands_in_place_as_the_cross_product_of_rules() {
    let flag = letters();
    let id = |number| Uuid::from_u64_pair(8, number);
    let inline = |attribute: &str| Condition {
        id: ConditionId(id(1)),
        test: Test::Inline {
            attribute: attribute.to_owned(),
            operator: Operator::OneOf,
            values: vec!["1".to_owned()],
        },
        created_at: now(),
        updated_at: now(),
    };
    let rule =
        |conditions| TargetingRule { id: RuleId(id(2)), conditions, created_at: now(), updated_at: now() };
    let filter = |number, rules| SavedFilter {
        key: format!("filter-{number}"),
        description: None,
        creation_type: CreationType::Rules,
        clauses: None,
        migration_metadata: None,
        id: SavedFilterId(id(number)),
        project_id: flag.project_id,
        name: format!("filter {number}"),
        rules,
        created_at: now(),
        updated_at: now(),
        revision: 1,
    };
    let reference = |number| Condition {
        test: Test::SavedFilter { saved_filter_id: SavedFilterId(id(number)) },
        ..inline("unused")
    };
    let filters = BTreeMap::from([
        (SavedFilterId(id(10)), filter(10, vec![rule(vec![inline("a")]), rule(vec![inline("b")])])),
        (
            SavedFilterId(id(11)),
            filter(11, vec![rule(vec![inline("c")]), rule(vec![inline("d"), inline("e")])]),
        ),
    ]);
    let mut entry = serving(&flag, vec![allocation("x", &[("b", 100.0)])]);
    entry.allocations[0].rules = vec![rule(vec![inline("p"), reference(10), reference(11)])];
    let compiled = compile_flag(&flag, &entry, &filters).unwrap();
    let attributes: Vec<Vec<&str>> = compiled.allocations[0]
        .rules
        .iter()
        .map(|rule| rule.conditions.iter().map(|condition| condition.attribute.as_str()).collect())
        .collect();
    assert_eq!(
        attributes,
        [vec!["p", "a", "c"], vec!["p", "a", "d", "e"], vec!["p", "b", "c"], vec!["p", "b", "d", "e"]]
    );

    // A filter without rules matches nobody, so the rule cannot match; nobody must be served as if it had none.
    let empty = BTreeMap::from([(SavedFilterId(id(10)), filter(10, Vec::new()))]);
    entry.allocations[0].rules = vec![rule(vec![reference(10)])];
    let compiled = compile_flag(&flag, &entry, &empty).unwrap();
    assert_eq!(compiled.allocations.len(), 1);
    assert_eq!(compiled.allocations[0].key, entry.default_allocation_key());
}

proptest! {
    #[test]
    fn the_ranges_of_any_weights_cover_every_bucket_once(cuts in prop::collection::vec(0u32..=10_000, 0..2)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let mut ends: Vec<f64> = cuts.iter().map(|cut| f64::from(*cut) / 100.0).collect();
        ends.push(100.0);
        let mut start = 0.0;
        let mut weights = Vec::new();
        for (key, end) in ["a", "b", "c"].into_iter().zip(&ends) {
            weights.push((key, end - start));
            start = *end;
        }
        let flag = letters();
        let compiled = compiled(&flag, &serving(&flag, vec![allocation("x", &weights)]));
        let mut next = 0;
        for split in &compiled.allocations[0].splits {
            let (from, to) = split.shards.first().map_or((0, 10_000), |shard| (shard.ranges[0].start, shard.ranges[0].end));
            prop_assert_eq!(from, next);
            prop_assert!(to > from);
            next = to;
        }
        prop_assert_eq!(next, 10_000);
    }

    #[test]
    fn raising_the_exposure_only_adds_subjects(low in 0.0f64..=1.0, more in 0.0f64..=1.0, seed in any::<u32>()) {
        let high = (low + more).min(1.0);
        let flag = letters();
        let mut entry = serving(&flag, vec![gated(low, &[("b", 50.0), ("c", 50.0)])]);
        let before = Compiled::compile(&compiled(&flag, &entry)).unwrap();
        let raised = entry.allocations[0].schedule.as_mut().and_then(|schedule| schedule.steps.last_mut());
        if let Some(step) = raised {
            step.exposure_ratio = high;
        }
        let after = Compiled::compile(&compiled(&flag, &entry)).unwrap();
        for number in 0..200u32 {
            let subject = format!("{seed}-{number}");
            match served(&before, &subject) {
                Some("a") => {}
                inside => prop_assert_eq!(served(&after, &subject), inside),
            }
            let in_traffic = f64::from(shard(&entry.allocations[0].traffic_salt, &subject, 10_000)) < (high * 10_000.0).round();
            prop_assert_eq!(served(&after, &subject) != Some("a"), in_traffic);
        }
    }
}

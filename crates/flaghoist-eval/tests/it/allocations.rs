//! The waterfall: who gets through which allocation, and what is reported.

use flaghoist_eval::{Attributes, ErrorCode, Expected, Reason, Subject, Value};
use serde_json::{Value as Json, json};

use crate::given::{at, boolean_flag, decide, now, snapshot};

/// Everybody gets `variant`.
fn all(variant: &str) -> Json {
    json!([{"variationKey": variant, "shards": []}])
}

/// Nobody of bucket size 10000 on this salt is in an empty range.
fn nobody(variant: &str) -> Json {
    json!([{"variationKey": variant, "shards": [{"salt": "s", "totalShards": 10000, "ranges": [{"start": 0, "end": 0}]}]}])
}

fn plan_is(plan: &str) -> Json {
    json!({"conditions": [{"attribute": "plan", "operator": "ONE_OF", "value": [plan]}]})
}

#[test]
fn the_first_allocation_that_lets_the_subject_in_decides() {
    let snapshot = snapshot(&boolean_flag(&json!([
        {"key": "staff", "rules": [plan_is("staff")], "splits": all("off"), "doLog": true},
        {"key": "traffic", "rules": [], "splits": nobody("off"), "doLog": true},
        {"key": "rest", "splits": all("on"), "doLog": false},
        {"key": "never", "splits": all("off"), "doLog": true},
    ])));
    let staff = decide(&snapshot, Some("a"), &json!({"plan": "staff"}));
    assert_eq!((staff.allocation_key, staff.variant, staff.do_log), (Some("staff"), Some("off"), true));
    assert_eq!((staff.value, staff.reason), (Some(&Value::Boolean(false)), Reason::TargetingMatch));
    let rest = decide(&snapshot, Some("a"), &json!({"plan": "free"}));
    assert_eq!((rest.allocation_key, rest.variant, rest.do_log), (Some("rest"), Some("on"), false));
    assert_eq!((rest.value, rest.reason), (Some(&Value::Boolean(true)), Reason::Static));
}

#[test]
fn nothing_matching_is_the_coded_default() {
    let snapshot = snapshot(&boolean_flag(&json!([
        {"key": "staff", "rules": [plan_is("staff")], "splits": all("on"), "doLog": true},
        {"key": "empty", "rules": [], "splits": [], "doLog": true},
    ])));
    let decision = decide(&snapshot, Some("a"), &json!({}));
    assert_eq!((decision.reason, decision.error_code), (Reason::Default, None));
    assert_eq!((decision.value, decision.variant, decision.allocation_key), (None, None, None));
    assert!(!decision.do_log);
}

#[test]
fn one_matching_rule_is_enough_and_all_its_conditions_must_hold() {
    let both = json!({"conditions": [
        {"attribute": "plan", "operator": "ONE_OF", "value": ["pro"]},
        {"attribute": "age", "operator": "GTE", "value": 18},
    ]});
    let snapshot = snapshot(&boolean_flag(
        &json!([{"key": "a", "rules": [both, plan_is("staff")], "splits": all("on"), "doLog": true}]),
    ));
    for (object, expected) in [
        (json!({"plan": "pro", "age": 18}), true),
        (json!({"plan": "pro", "age": 17}), false),
        (json!({"plan": "free", "age": 18}), false),
        (json!({"plan": "staff"}), true),
        (json!({}), false),
    ] {
        assert_eq!(decide(&snapshot, None, &object).variant.is_some(), expected, "{object}");
    }
}

#[test]
fn a_rule_without_conditions_matches_and_counts_as_targeting() {
    let snapshot = snapshot(&boolean_flag(
        &json!([{"key": "a", "rules": [{"conditions": []}], "splits": all("on"), "doLog": true}]),
    ));
    assert_eq!(decide(&snapshot, None, &json!({})).reason, Reason::TargetingMatch);
}

#[test]
fn time_bounds_include_their_instants() {
    let snapshot = snapshot(&boolean_flag(&json!([{
        "key": "a", "startAt": "2026-01-01T00:00:00Z", "endAt": "2026-02-01T02:00:00+02:00",
        "splits": all("on"), "doLog": true,
    }])));
    let attributes = Attributes::new();
    let subject = Subject { targeting_key: None, attributes: &attributes };
    for (instant, expected) in [
        ("2025-12-31T23:59:59.999999999Z", false),
        ("2026-01-01T00:00:00Z", true),
        ("2026-02-01T00:00:00Z", true),
        ("2026-02-01T00:00:00.000000001Z", false),
    ] {
        let decision = snapshot.decide("flag", Expected::Any, &subject, at(instant));
        assert_eq!(decision.variant.is_some(), expected, "{instant}");
    }
}

#[test]
fn reasons_follow_the_shape_of_the_allocation() {
    let full = json!([{"variationKey": "on", "shards": [
        {"salt": "s", "totalShards": 10, "ranges": [{"start": 0, "end": 10}]},
    ]}]);
    let pieced = json!([{"variationKey": "on", "shards": [
        {"salt": "s", "totalShards": 10, "ranges": [{"start": 5, "end": 10}, {"start": 0, "end": 6}]},
    ]}]);
    let two = json!([{"variationKey": "on", "shards": []}, {"variationKey": "off", "shards": []}]);
    let (no_rules, rules) = (json!([]), json!([{"conditions": []}]));
    let (start, end) = (json!("2026-01-01T00:00:00Z"), json!("2027-01-01T00:00:00Z"));
    let null = Json::Null;
    for (rules, splits, start, end, expected) in [
        (&no_rules, &all("on"), &null, &null, Reason::Static),
        (&no_rules, &all("on"), &start, &null, Reason::Default),
        (&no_rules, &all("on"), &null, &end, Reason::Default),
        (&no_rules, &full, &null, &null, Reason::Split),
        (&no_rules, &full, &start, &end, Reason::Split),
        (&no_rules, &pieced, &null, &null, Reason::Split),
        (&no_rules, &two, &null, &null, Reason::Split),
        (&no_rules, &two, &start, &null, Reason::Split),
        (&rules, &all("on"), &null, &null, Reason::TargetingMatch),
        (&rules, &all("on"), &start, &end, Reason::TargetingMatch),
        (&rules, &full, &null, &null, Reason::TargetingMatch),
        (&rules, &two, &null, &null, Reason::TargetingMatch),
    ] {
        let snapshot = snapshot(&boolean_flag(&json!([
            {"key": "a", "rules": rules, "startAt": start, "endAt": end, "splits": splits, "doLog": true},
        ])));
        let decision = decide(&snapshot, Some("alice"), &json!({}));
        assert_eq!(
            (decision.variant, decision.reason),
            (Some("on"), expected),
            "{rules} {splits} {start} {end}"
        );
    }
}

#[test]
fn splits_are_tried_in_order_and_a_miss_passes_through() {
    // alice falls into bucket 2674 of this salt, see the test vectors.
    let shard = |start: u32, end: u32| json!([{"salt": "split-new-user-onboarding-rollout", "totalShards": 10000, "ranges": [{"start": start, "end": end}]}]);
    for (first, second, expected) in [
        ((0, 2674), (2674, 2675), Some(("waterfall", "off"))),
        ((2674, 2675), (2674, 2675), Some(("waterfall", "on"))),
        ((0, 2674), (2675, 10000), Some(("after", "on"))),
    ] {
        let snapshot = snapshot(&boolean_flag(&json!([
            {"key": "waterfall", "splits": [
                {"variationKey": "on", "shards": shard(first.0, first.1)},
                {"variationKey": "off", "shards": shard(second.0, second.1)},
            ], "doLog": true},
            {"key": "after", "splits": all("on"), "doLog": true},
        ])));
        let decision = decide(&snapshot, Some("alice"), &json!({}));
        assert_eq!(decision.allocation_key.zip(decision.variant), expected);
    }
}

#[test]
fn all_shards_of_a_split_must_hold() {
    // bob: traffic 9704, split 5578.
    let shards = |traffic: u32, split: u32| {
        json!([{"variationKey": "on", "shards": [
            {"salt": "traffic-new-user-onboarding-experiment", "totalShards": 10000, "ranges": [{"start": 0, "end": traffic}]},
            {"salt": "split-new-user-onboarding-experiment", "totalShards": 10000, "ranges": [{"start": 0, "end": split}]},
        ]}])
    };
    for (traffic, split, expected) in [
        (9705, 5579, true),
        (9704, 5579, false),
        (9705, 5578, false),
        (6000, 10000, false),
        (10000, 5579, true),
    ] {
        let snapshot =
            snapshot(&boolean_flag(&json!([{"key": "a", "splits": shards(traffic, split), "doLog": true}])));
        assert_eq!(
            decide(&snapshot, Some("bob"), &json!({})).variant.is_some(),
            expected,
            "{traffic} {split}"
        );
    }
}

#[test]
fn a_null_targeting_key_stops_at_the_first_split_with_shards() {
    let flags = boolean_flag(&json!([
        {"key": "staff", "rules": [plan_is("staff")], "splits": all("on"), "doLog": true},
        {"key": "sharded", "splits": nobody("on"), "doLog": true},
        {"key": "rest", "splits": all("off"), "doLog": true},
    ]));
    let snapshot = snapshot(&flags);
    let staff = decide(&snapshot, None, &json!({"plan": "staff"}));
    assert_eq!(staff.variant, Some("on"), "no key is needed where nothing is cut by hash");
    let other = decide(&snapshot, None, &json!({}));
    assert_eq!((other.reason, other.error_code), (Reason::Error, Some(ErrorCode::TargetingKeyMissing)));
    assert_eq!((other.value, other.variant, other.allocation_key), (None, None, None));
    let empty = decide(&snapshot, Some(""), &json!({}));
    assert_eq!(empty.variant, Some("off"), "an empty key is a key");
}

#[test]
fn a_shard_that_holds_everybody_still_needs_a_targeting_key() {
    let splits = json!([{"variationKey": "on", "shards": [
        {"salt": "s", "totalShards": 10, "ranges": [{"start": 0, "end": 10}]},
    ]}]);
    let snapshot = snapshot(&boolean_flag(&json!([{"key": "a", "splits": splits, "doLog": true}])));
    assert_eq!(decide(&snapshot, None, &json!({})).error_code, Some(ErrorCode::TargetingKeyMissing));
    assert_eq!(decide(&snapshot, Some("anyone"), &json!({})).variant, Some("on"));
}

#[test]
fn a_split_before_the_sharded_one_spares_the_targeting_key() {
    let splits = json!([all("off")[0], nobody("on")[0]]);
    let snapshot = snapshot(&boolean_flag(&json!([{"key": "a", "splits": splits, "doLog": true}])));
    assert_eq!(decide(&snapshot, None, &json!({})).variant, Some("off"));
}

#[test]
fn disabled_comes_before_the_type_and_the_type_before_the_allocations() {
    let mut flags = boolean_flag(&json!([{"key": "a", "splits": all("on"), "doLog": true}]));
    flags["flag"]["enabled"] = json!(false);
    let disabled = snapshot(&flags);
    let attributes = Attributes::new();
    let subject = Subject { targeting_key: None, attributes: &attributes };
    let decision = disabled.decide("flag", Expected::String, &subject, now());
    assert_eq!((decision.reason, decision.error_code, decision.value), (Reason::Disabled, None, None));

    let enabled = snapshot(&boolean_flag(&json!([{"key": "a", "splits": nobody("on"), "doLog": true}])));
    let decision = enabled.decide("flag", Expected::String, &subject, now());
    assert_eq!((decision.reason, decision.error_code), (Reason::Error, Some(ErrorCode::TypeMismatch)));
}

#[test]
fn an_unknown_flag_is_not_found() {
    let snapshot = snapshot(&json!({}));
    let decision = decide(&snapshot, Some("a"), &json!({}));
    assert_eq!((decision.reason, decision.error_code), (Reason::Error, Some(ErrorCode::FlagNotFound)));
    assert_eq!((decision.variation_type, snapshot.len(), snapshot.is_empty()), (None, 0, true));
}

#[test]
fn serial_ids_and_extra_logging_come_with_the_split() {
    let snapshot = snapshot(&boolean_flag(&json!([{"key": "a", "splits": [
        {"variationKey": "on", "serialId": 12, "extraLogging": {"holdout": "h1"}, "shards": []},
    ], "doLog": true}])));
    let decision = decide(&snapshot, None, &json!({}));
    assert_eq!(decision.serial_id, Some(12));
    assert_eq!(decision.extra_logging.get("holdout").map(String::as_str), Some("h1"));
}

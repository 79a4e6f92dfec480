//! Why: every allocation in order, with what became of the subject there.

use flaghoist_eval::{Expected, Subject};
use serde_json::{Value, json};

use crate::given::{attributes, boolean_flag, eppo_snapshot, now, snapshot};

fn explain(flags: &Value, expected: Expected, targeting_key: Option<&str>, object: &Value) -> Value {
    let snapshot = snapshot(flags);
    let attributes = attributes(object);
    let subject = Subject { targeting_key, attributes: &attributes };
    let (decision, explanation) = snapshot.explain("flag", expected, &subject, now());
    assert_eq!(decision, snapshot.decide("flag", expected, &subject, now()));
    serde_json::to_value(explanation).unwrap()
}

fn everything() -> Value {
    boolean_flag(&json!([
        {"key": "early", "startAt": "2027-01-01T00:00:00Z", "splits": [{"variationKey": "on", "shards": []}], "doLog": true},
        {"key": "late", "endAt": "2026-01-01T00:00:00Z", "splits": [{"variationKey": "on", "shards": []}], "doLog": true},
        {"key": "ruled", "rules": [
            {"conditions": [
                {"attribute": "plan", "operator": "NOT_ONE_OF", "value": ["staff"]},
                {"attribute": "age", "operator": "GTE", "value": 18},
                {"attribute": "never", "operator": "IS_NULL", "value": false},
            ]},
            {"conditions": [{"attribute": "country", "operator": "MATCHES", "value": "^DE$"}]},
        ], "splits": [{"variationKey": "on", "shards": []}], "doLog": true},
        {"key": "thin", "rules": [
            {"conditions": [{"attribute": "age", "operator": "GT", "value": 99}]},
            {"conditions": [{"attribute": "age", "operator": "IS_NULL", "value": false}]},
        ], "splits": [{"variationKey": "on", "shards": [
            {"salt": "traffic-new-user-onboarding-experiment", "totalShards": 10000, "ranges": [{"start": 0, "end": 6000}]},
        ]}], "doLog": true},
        {"key": "rest", "splits": [
            {"variationKey": "on", "shards": [{"salt": "split-new-user-onboarding-experiment", "totalShards": 10000, "ranges": [{"start": 0, "end": 5000}]}]},
            {"variationKey": "off", "shards": [{"salt": "split-new-user-onboarding-experiment", "totalShards": 10000, "ranges": [{"start": 5000, "end": 10000}]}]},
        ], "doLog": true},
        {"key": "beyond", "splits": [{"variationKey": "on", "shards": []}], "doLog": true},
    ]))
}

#[test]
fn every_outcome_is_told_with_what_was_seen() {
    let found = explain(&everything(), Expected::Boolean, Some("bob"), &json!({"plan": "pro", "age": 17}));
    let split = |variant: &str, start: u32, end: u32, held: bool| {
        json!({"variant": variant, "salt": "split-new-user-onboarding-experiment", "totalShards": 10000,
            "bucket": 5578, "ranges": [{"start": start, "end": end}], "held": held})
    };
    let expected = json!({
        "reason": "SPLIT",
        "allocations": [
            {"key": "early", "outcome": "BEFORE_START", "startAt": "2027-01-01T00:00:00Z"},
            {"key": "late", "outcome": "AFTER_END", "endAt": "2026-01-01T00:00:00Z"},
            {"key": "ruled", "outcome": "RULES_FAILED", "failed": [
                {"rule": 0, "condition": 1, "attribute": "age", "operator": "GTE", "expected": 18, "seen": 17},
                {"rule": 1, "condition": 0, "attribute": "country", "operator": "MATCHES", "expected": "^DE$"},
            ]},
            {"key": "thin", "outcome": "TRAFFIC_MISS", "rule": 1, "buckets": [
                {"variant": "on", "salt": "traffic-new-user-onboarding-experiment", "totalShards": 10000,
                 "bucket": 9704, "ranges": [{"start": 0, "end": 6000}], "held": false},
            ]},
            {"key": "rest", "outcome": "MATCHED", "rule": null, "variant": "off",
             "buckets": [split("on", 0, 5000, false), split("off", 5000, 10000, true)]},
            {"key": "beyond", "outcome": "NOT_REACHED"},
        ],
    });
    assert_eq!(found, expected);
}

#[test]
fn null_and_absent_attributes_are_told_apart() {
    let found =
        explain(&everything(), Expected::Boolean, Some("bob"), &json!({"age": null, "country": "FR"}));
    let failed = &found["allocations"][2]["failed"];
    assert_eq!(failed[0]["attribute"], "plan");
    assert!(failed[0].get("seen").is_none());
    assert_eq!(failed[1]["seen"], "FR");
    let thin = &found["allocations"][3]["failed"];
    assert_eq!(thin[0].get("seen"), Some(&Value::Null));
}

#[test]
fn a_missing_targeting_key_is_told_where_it_was_missed() {
    let found = explain(&everything(), Expected::Boolean, None, &json!({"age": 5}));
    assert_eq!((&found["reason"], &found["errorCode"]), (&json!("ERROR"), &json!("TARGETING_KEY_MISSING")));
    assert_eq!(
        found["allocations"][3],
        json!({"key": "thin", "outcome": "TARGETING_KEY_MISSING", "rule": 1})
    );
    assert_eq!(found["allocations"][4], json!({"key": "rest", "outcome": "NOT_REACHED"}));
}

#[test]
fn the_implicit_id_is_what_was_seen() {
    let flags = boolean_flag(&json!([{"key": "a", "rules": [
        {"conditions": [{"attribute": "id", "operator": "ONE_OF", "value": ["alice"]}]},
    ], "splits": [], "doLog": true}]));
    let found = explain(&flags, Expected::Any, Some("bob"), &json!({}));
    assert_eq!(found["allocations"][0]["failed"][0]["seen"], "bob");
    assert_eq!(found["allocations"][0]["failed"][0]["expected"], json!(["alice"]));
}

#[test]
fn comparands_read_as_in_the_document() {
    let long: Vec<String> = (10..40).map(|number| number.to_string()).collect();
    let conditions = [
        ("LT", json!(1.5)),
        ("SEMVER_GT", json!("1.2-rc.1+b")),
        ("NOT_MATCHES", json!("a|b")),
        ("ONE_OF", json!(["z", "a"])),
        ("NOT_ONE_OF", json!(long)),
        ("IS_NULL", json!(false)),
    ];
    let rules: Vec<Value> = conditions
        .iter()
        .map(|(operator, value)| json!({"conditions": [{"attribute": "x", "operator": operator, "value": value}]}))
        .collect();
    let flags = boolean_flag(&json!([{"key": "a", "rules": rules, "splits": [], "doLog": true}]));
    let found = explain(&flags, Expected::Any, None, &json!({}));
    let failed = found["allocations"][0]["failed"].as_array().unwrap();
    assert_eq!(failed.len(), conditions.len());
    for (failed, (operator, value)) in failed.iter().zip(&conditions) {
        assert_eq!((&failed["operator"], &failed["expected"]), (&json!(operator), value));
    }
}

#[test]
fn what_never_reached_an_allocation_lists_them_all_the_same() {
    let untouched = |found: &Value| {
        let allocations = found["allocations"].as_array().unwrap();
        allocations.len() == 6 && allocations.iter().all(|allocation| allocation["outcome"] == "NOT_REACHED")
    };
    let mismatch = explain(&everything(), Expected::String, Some("bob"), &json!({}));
    assert_eq!(mismatch["errorCode"], "TYPE_MISMATCH");
    assert!(untouched(&mismatch));
    let mut flags = everything();
    flags["flag"]["enabled"] = json!(false);
    let disabled = explain(&flags, Expected::Boolean, Some("bob"), &json!({}));
    assert_eq!(disabled["reason"], "DISABLED");
    assert!(untouched(&disabled));
}

#[test]
fn broken_and_unknown_flags_are_explained_by_their_error() {
    let unknown = explain(&json!({}), Expected::Any, None, &json!({}));
    assert_eq!(unknown, json!({"reason": "ERROR", "errorCode": "FLAG_NOT_FOUND", "allocations": []}));
    let mut flags = everything();
    flags["flag"]["allocations"] = json!([{"key": "a", "splits": [{"variationKey": "gone", "shards": []}]}]);
    let broken = explain(&flags, Expected::Any, None, &json!({}));
    assert_eq!(broken["errorCode"], "PARSE_ERROR");
    assert_eq!(broken["fault"], "allocation `a` serves variation `gone`, which is not in `variations`");
}

#[test]
fn an_unreadable_eppo_condition_is_shown_as_it_stands() {
    let condition = json!({"attribute": "x", "operator": "EQUALS", "value": ["a"]});
    let mut flags =
        boolean_flag(&json!([{"key": "a", "rules": [{"conditions": [condition]}], "splits": []}]));
    flags["flag"]["totalShards"] = json!(10_000);
    let snapshot = eppo_snapshot(&flags);
    let attributes = attributes(&json!({"x": "a"}));
    let subject = Subject { targeting_key: None, attributes: &attributes };
    let (_, explanation) = snapshot.explain("flag", Expected::Any, &subject, now());
    let found = serde_json::to_value(explanation).unwrap();
    let failed = &found["allocations"][0]["failed"][0];
    assert_eq!((&failed["operator"], &failed["expected"]), (&Value::Null, &condition));
}

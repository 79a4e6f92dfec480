//! What the Eppo dialect reads differently.

use flaghoist_eval::{ErrorCode, Reason, shard};
use serde_json::{Value, json};

use crate::given::{boolean_flag, conditional_flag, decide, eppo_snapshot, snapshot};

fn eppo(mut flags: Value) -> Value {
    flags["flag"]["totalShards"] = json!(10_000);
    flags
}

#[test]
fn total_shards_stand_on_the_flag() {
    let bucket = shard("s", "alice", 10_000);
    let flags = boolean_flag(&json!([{"key": "a", "splits": [
        {"variationKey": "on", "shards": [{"salt": "s", "ranges": [{"start": bucket, "end": bucket + 1}]}]},
    ]}]));
    assert_eq!(
        decide(&snapshot(&flags), Some("alice"), &json!({})).error_code,
        Some(ErrorCode::ParseError),
        "the Datadog dialect wants it on the shard"
    );
    let without = decide(&eppo_snapshot(&flags), Some("alice"), &json!({})).error_code;
    assert_eq!(without, Some(ErrorCode::ParseError));
    let snapshot = eppo_snapshot(&eppo(flags));
    let decision = decide(&snapshot, Some("alice"), &json!({}));
    assert_eq!((decision.variant, decision.reason), (Some("on"), Reason::Split));
    assert!(decision.do_log, "exposures are logged unless told otherwise");
    assert_eq!(decide(&snapshot, Some("bob"), &json!({})).reason, Reason::Default);
}

#[test]
fn a_condition_that_cannot_be_read_is_false_and_nothing_more() {
    for condition in [
        json!({"attribute": "x", "operator": "EQUALS", "value": ["a"]}),
        json!({"attribute": "x", "operator": "SEMVER_EQ", "value": "1.0.0"}),
        json!({"attribute": "x", "operator": "MATCHES", "value": "("}),
        json!({"attribute": "x", "operator": "NOT_MATCHES", "value": 1}),
        json!({"attribute": "x", "operator": "GT", "value": "many"}),
        json!({"attribute": "x", "operator": "ONE_OF", "value": "a"}),
        json!({"attribute": "x", "operator": "NOT_ONE_OF", "value": [1]}),
        json!({"attribute": "x", "operator": "IS_NULL", "value": "false"}),
        json!({"attribute": "x", "operator": "IS_NULL"}),
        json!({"operator": "IS_NULL", "value": true}),
        json!("x"),
        json!(null),
    ] {
        let mut flags = eppo(conditional_flag(&condition));
        let alone = decide(&eppo_snapshot(&flags), Some("a"), &json!({"x": "1.0.0"})).reason;
        assert_eq!(alone, Reason::Default, "{condition}");
        let other = json!({"conditions": [{"attribute": "id", "operator": "ONE_OF", "value": ["a"]}]});
        flags["flag"]["allocations"][0]["rules"].as_array_mut().unwrap().push(other);
        let beside = decide(&eppo_snapshot(&flags), Some("a"), &json!({"x": "1.0.0"})).reason;
        assert_eq!(beside, Reason::TargetingMatch, "{condition}");
    }
}

#[test]
fn a_structural_fault_breaks_the_flag() {
    let good =
        || eppo(boolean_flag(&json!([{"key": "a", "splits": [{"variationKey": "on", "shards": []}]}])));
    assert_eq!(decide(&eppo_snapshot(&good()), None, &json!({})).variant, Some("on"));
    for (pointer, value) in [
        ("/flag/allocations", json!({})),
        ("/flag/allocations/0/splits", json!(null)),
        ("/flag/allocations/0/splits/0/variationKey", json!("gone")),
        ("/flag/variationType", json!("NEW_TYPE")),
        ("/flag/totalShards", json!(-1)),
        ("/flag/key", json!("other")),
        ("/flag/variations/on/value", json!("true")),
    ] {
        let mut flags = good();
        *flags.pointer_mut(pointer).unwrap() = value;
        let snapshot = eppo_snapshot(&flags);
        let code = decide(&snapshot, Some("a"), &json!({})).error_code;
        assert_eq!(code, Some(ErrorCode::ParseError), "{pointer}");
    }
}

#[test]
fn zero_total_shards_break_a_flag_only_where_they_are_used() {
    let sharded = |shards: Value| {
        let mut flags =
            boolean_flag(&json!([{"key": "a", "splits": [{"variationKey": "on", "shards": shards}]}]));
        flags["flag"]["totalShards"] = json!(0);
        decide(&eppo_snapshot(&flags), Some("a"), &json!({})).error_code
    };
    assert_eq!(sharded(json!([])), None);
    assert_eq!(sharded(json!([{"salt": "s", "ranges": []}])), Some(ErrorCode::ParseError));
}

//! A broken flag answers PARSE_ERROR, says what is wrong, and harms nobody else.

use flaghoist_eval::{ErrorCode, FlagFault, Reason};
use serde_json::{Value, json};

use crate::given::{boolean_flag, conditional_flag, decide, fault, snapshot};

fn shard(total: &Value, ranges: &Value) -> Value {
    boolean_flag(&json!([{"key": "a", "doLog": true, "splits": [
        {"variationKey": "on", "shards": [{"salt": "s", "totalShards": total, "ranges": ranges}]},
    ]}]))
}

/// Flags that are broken, each in one way.
fn broken() -> Vec<(&'static str, Value)> {
    let good = || {
        boolean_flag(&json!([{"key": "a", "splits": [{"variationKey": "on", "shards": []}], "doLog": true}]))
    };
    let with = |pointer: &str, value: Value| {
        let mut flags = good();
        *flags.pointer_mut(pointer).unwrap() = value;
        flags
    };
    let allocation = |member: &str, value: Value| {
        let mut flags = good();
        flags["flag"]["allocations"][0][member] = value;
        flags
    };
    let without = |member: &str| {
        let mut flags = good();
        flags["flag"].as_object_mut().unwrap().remove(member);
        flags
    };
    let condition = |operator: &str, value: Value| {
        conditional_flag(&json!({"attribute": "x", "operator": operator, "value": value}))
    };
    let range = |start: Value, end: Value| json!([{"start": start, "end": end}]);
    vec![
        ("no object", with("/flag", json!([]))),
        ("null", with("/flag", json!(null))),
        ("another key", with("/flag/key", json!("other"))),
        ("no key", without("key")),
        ("no enabled", without("enabled")),
        ("no type", without("variationType")),
        ("no variations", without("variations")),
        ("no allocations", without("allocations")),
        ("unknown type", with("/flag/variationType", json!("DATE"))),
        ("allocations no array", with("/flag/allocations", json!({"a": {}}))),
        ("allocations null", with("/flag/allocations", json!(null))),
        ("rules null", allocation("rules", json!(null))),
        ("doLog no boolean", allocation("doLog", json!("yes"))),
        ("splits absent", with("/flag/allocations/0", json!({"key": "a"}))),
        ("shards absent", with("/flag/allocations/0/splits/0", json!({"variationKey": "on"}))),
        ("variation absent", with("/flag/allocations/0/splits/0/variationKey", json!("gone"))),
        ("another variation key", with("/flag/variations/on/key", json!("off"))),
        ("value of another type", with("/flag/variations/off/value", json!("no"))),
        ("value absent", with("/flag/variations/off", json!({"key": "off"}))),
        ("start no time", allocation("startAt", json!("soon"))),
        ("end without offset", allocation("endAt", json!("2026-01-01T00:00:00"))),
        ("end no text", allocation("endAt", json!(1_767_225_600))),
        (
            "extra logging no text",
            with(
                "/flag/allocations/0/splits/0",
                json!({"variationKey": "on", "shards": [], "extraLogging": {"a": 1}}),
            ),
        ),
        (
            "serial id no integer",
            with(
                "/flag/allocations/0/splits/0",
                json!({"variationKey": "on", "shards": [], "serialId": "a"}),
            ),
        ),
        ("no shards at all", shard(&json!(0), &range(json!(0), json!(1)))),
        ("total no integer", shard(&json!(1.5), &range(json!(0), json!(1)))),
        ("total too large", shard(&json!(4_294_967_296_u64), &range(json!(0), json!(1)))),
        ("total absent", shard(&json!(null), &range(json!(0), json!(1)))),
        ("range below zero", shard(&json!(10), &range(json!(-1), json!(1)))),
        ("range no object", shard(&json!(10), &json!([0]))),
        ("unknown operator", condition("EQUALS", json!(["a"]))),
        ("lower-case operator", condition("one_of", json!(["a"]))),
        ("comparison with text", condition("GT", json!("1"))),
        ("comparison with list", condition("LT", json!([1]))),
        ("list of numbers", condition("ONE_OF", json!([1]))),
        ("no list", condition("NOT_ONE_OF", json!("a"))),
        ("pattern no text", condition("MATCHES", json!(1))),
        ("bad pattern", condition("NOT_MATCHES", json!("("))),
        ("null check with text", condition("IS_NULL", json!("true"))),
        ("bad version", condition("SEMVER_GTE", json!("1.x"))),
        ("version no text", condition("SEMVER_EQ", json!(1))),
        ("condition without value", conditional_flag(&json!({"attribute": "x", "operator": "IS_NULL"}))),
        ("rule without conditions", allocation("rules", json!([{}]))),
    ]
}

#[test]
fn each_fault_is_found() {
    for (name, flags) in broken() {
        let snapshot = snapshot(&flags);
        let decision = decide(&snapshot, Some("alice"), &json!({"x": "a"}));
        assert_eq!(decision.reason, Reason::Error, "{name}");
        assert_eq!(decision.error_code, Some(ErrorCode::ParseError), "{name}");
        assert_eq!((decision.value, decision.variant, decision.do_log), (None, None, false), "{name}");
    }
}

#[test]
fn a_broken_flag_harms_no_other() {
    let mut flags = json!({});
    for (name, broken) in broken() {
        flags[name] = broken["flag"].clone();
    }
    let count = flags.as_object().unwrap().len();
    let healthy =
        boolean_flag(&json!([{"key": "a", "splits": [{"variationKey": "on", "shards": []}], "doLog": true}]));
    flags["flag"] = healthy["flag"].clone();
    let snapshot = snapshot(&flags);
    assert_eq!(snapshot.flags().filter(|(_, flag)| flag.is_err()).count(), count);
    assert_eq!(decide(&snapshot, None, &json!({})).variant, Some("on"));
}

#[test]
fn a_disabled_flag_is_checked_all_the_same() {
    for (name, mut flags) in broken() {
        if let Some(enabled) = flags["flag"].get_mut("enabled") {
            *enabled = json!(false);
            assert!(snapshot(&flags).flag("flag").unwrap().is_err(), "{name}");
        }
    }
}

#[test]
fn messages_name_the_place_the_value_and_what_would_do() {
    let message = |name: &str| {
        let (_, flags) = broken().into_iter().find(|(broken, _)| *broken == name).unwrap();
        fault(&flags).to_string()
    };
    assert_eq!(
        message("comparison with text"),
        "value of `x` GT in allocation `only` is \"1\"; a JSON number is accepted"
    );
    assert_eq!(
        message("value of another type"),
        "`variations.off.value` is \"no\"; a value of type BOOLEAN is accepted"
    );
    assert_eq!(
        message("variation absent"),
        "allocation `a` serves variation `gone`, which is not in `variations`"
    );
    assert_eq!(
        message("start no time"),
        "`startAt` of allocation `a` is `soon`; RFC 3339 with an offset is accepted"
    );
    assert_eq!(
        message("no shards at all"),
        "allocation `a` has a shard with salt `s` and `totalShards` 0; 1 to 4294967295 are accepted"
    );
    assert_eq!(
        message("another key"),
        "`key` is `other`, but the flag stands under `flag`; both must be the same"
    );
    assert!(message("bad pattern").starts_with("pattern for `x` in allocation `only`: "));
    assert!(message("unknown operator").contains("EQUALS"));
}

#[test]
fn long_values_are_cut_in_messages() {
    let long = "ä".repeat(5000);
    let flags = conditional_flag(&json!({"attribute": "x", "operator": "GT", "value": long}));
    let FlagFault::ConditionValue { value, .. } = fault(&flags) else { panic!("another fault") };
    assert_eq!(value.chars().count(), 121);
    assert!(value.ends_with('…'));
}

#[test]
fn odd_but_valid_shards_are_no_fault() {
    for ranges in [
        json!([]),
        json!([{"start": 5, "end": 5}]),
        json!([{"start": 7, "end": 3}]),
        json!([{"start": 0, "end": 4_294_967_295_u32}]),
        json!([{"start": 0, "end": 1}, {"start": 0, "end": 1}]),
    ] {
        assert!(
            snapshot(&shard(&json!(4_294_967_295_u32), &ranges)).flag("flag").unwrap().is_ok(),
            "{ranges}"
        );
    }
}

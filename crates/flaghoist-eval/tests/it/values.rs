//! Types: what fits, who may ask, and how values read.

use flaghoist_eval::{
    Attributes, Decision, ErrorCode, Expected, Reason, Snapshot, Subject, Value, VariationType,
};
use serde_json::{Value as Json, json};

use crate::given::{boolean_flag, eppo_snapshot, now, snapshot};

fn serving(variation_type: &str, value: &Json) -> Json {
    let mut flags =
        boolean_flag(&json!([{"key": "a", "splits": [{"variationKey": "v", "shards": []}], "doLog": true}]));
    flags["flag"]["variationType"] = json!(variation_type);
    flags["flag"]["variations"] = json!({"v": {"key": "v", "value": value}});
    flags["flag"]["totalShards"] = json!(10_000);
    flags
}

fn ask(snapshot: &Snapshot, expected: Expected) -> Decision<'_> {
    let attributes = Attributes::new();
    snapshot.decide("flag", expected, &Subject { targeting_key: None, attributes: &attributes }, now())
}

/// How the value reads as JSON, if the flag is healthy.
fn served(variation_type: &str, value: &Json) -> Option<String> {
    let snapshot = snapshot(&serving(variation_type, value));
    ask(&snapshot, Expected::Any).value.map(|value| serde_json::to_string(value).unwrap())
}

#[test]
fn values_must_have_the_type_of_their_flag() {
    for (variation_type, value, expected) in [
        ("STRING", json!("x"), Some("\"x\"")),
        ("STRING", json!(1), None),
        ("STRING", json!(null), None),
        ("INTEGER", json!(3), Some("3")),
        ("INTEGER", json!(3.0), Some("3")),
        ("INTEGER", json!(i64::MAX), Some("9223372036854775807")),
        ("INTEGER", json!(u64::MAX), None),
        ("INTEGER", json!(3.5), None),
        ("INTEGER", json!(1e300), None),
        ("INTEGER", json!("3"), None),
        ("NUMERIC", json!(1), Some("1.0")),
        ("NUMERIC", json!(-2.5), Some("-2.5")),
        ("NUMERIC", json!("1"), None),
        ("BOOLEAN", json!(true), Some("true")),
        ("BOOLEAN", json!("true"), None),
        ("BOOLEAN", json!(0), None),
        ("JSON", json!({"a": "é", "b": [1, {"c": null}]}), Some(r#"{"a":"é","b":[1,{"c":null}]}"#)),
        ("JSON", json!({}), Some("{}")),
        ("JSON", json!([1]), None),
        ("JSON", json!("{}"), None),
        ("JSON", json!(null), None),
    ] {
        assert_eq!(served(variation_type, &value).as_deref(), expected, "{variation_type} {value}");
    }
}

#[test]
fn eppo_carries_json_as_text() {
    for (value, expected) in [
        (json!("{ \"a\" : [ ] , \"b\" : 1 }"), Some(r#"{"a":[],"b":1}"#)),
        (json!("[1, 2]"), Some("[1,2]")),
        (json!("{"), None),
        (json!({"b": 1}), None),
    ] {
        let snapshot = eppo_snapshot(&serving("JSON", &value));
        let found = ask(&snapshot, Expected::Json).value.map(|value| serde_json::to_string(value).unwrap());
        assert_eq!(found.as_deref(), expected, "{value}");
    }
}

#[test]
fn callers_get_the_type_they_ask_for_or_a_mismatch() {
    use Expected::{Any, Boolean, Integer, Json, Number, Numeric, String};
    for (variation_type, value, accepted) in [
        ("STRING", json!("x"), &[Any, String][..]),
        ("INTEGER", json!(1), &[Any, Integer, Number]),
        ("NUMERIC", json!(1.5), &[Any, Numeric, Number]),
        ("BOOLEAN", json!(true), &[Any, Boolean]),
        ("JSON", json!({}), &[Any, Json]),
    ] {
        let snapshot = snapshot(&serving(variation_type, &value));
        for expected in [Any, String, Integer, Numeric, Number, Boolean, Json] {
            let decision = ask(&snapshot, expected);
            assert_eq!(decision.variation_type.map(VariationType::as_str), Some(variation_type));
            if accepted.contains(&expected) {
                assert_eq!(decision.reason, Reason::Static, "{variation_type} as {expected:?}");
            } else {
                assert_eq!(
                    decision.error_code,
                    Some(ErrorCode::TypeMismatch),
                    "{variation_type} as {expected:?}"
                );
                assert_eq!((decision.reason, decision.value), (Reason::Error, None));
            }
        }
    }
}

#[test]
fn values_of_different_types_differ() {
    assert_eq!(Value::Integer(1), Value::Integer(1));
    assert_ne!(Value::Integer(1), Value::Numeric(1.0));
    assert_eq!(Value::Numeric(1.0).variation_type(), VariationType::Numeric);
}

#[test]
fn names_are_those_of_the_protocols() {
    let reasons = [
        Reason::TargetingMatch,
        Reason::Split,
        Reason::Static,
        Reason::Default,
        Reason::Disabled,
        Reason::Error,
    ];
    assert_eq!(
        reasons.map(Reason::as_str),
        ["TARGETING_MATCH", "SPLIT", "STATIC", "DEFAULT", "DISABLED", "ERROR"]
    );
    for reason in reasons {
        assert_eq!(serde_json::to_value(reason).unwrap(), json!(reason.as_str()));
    }
    let codes = [
        ErrorCode::ProviderNotReady,
        ErrorCode::FlagNotFound,
        ErrorCode::ParseError,
        ErrorCode::TypeMismatch,
        ErrorCode::TargetingKeyMissing,
    ];
    assert_eq!(
        codes.map(ErrorCode::as_str),
        ["PROVIDER_NOT_READY", "FLAG_NOT_FOUND", "PARSE_ERROR", "TYPE_MISMATCH", "TARGETING_KEY_MISSING"]
    );
    for code in codes {
        assert_eq!(serde_json::to_value(code).unwrap(), json!(code.as_str()));
    }
}

#[test]
fn whoever_has_no_snapshot_can_say_so() {
    let decision = Decision::error(ErrorCode::ProviderNotReady, None);
    assert_eq!((decision.reason, decision.error_code), (Reason::Error, Some(ErrorCode::ProviderNotReady)));
    assert!(decision.extra_logging.is_empty());
}

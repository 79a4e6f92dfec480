//! Requests and their answers.

use super::document::BUCKETS;
use serde_json::{Value, json};

/// All requests, each with its answer.
pub(super) fn cases() -> Vec<(Value, Value)> {
    let mut cases = vec![
        (ask("plain", "BOOLEAN", false, "x", &json!({})), on("plain", "STATIC")),
        (json!({"flag": "plain", "targetingKey": null, "attributes": {}}), on("plain", "STATIC")),
        (json!({"flag": "plain"}), on("plain", "STATIC")),
        (
            json!({"flag": "gone", "defaultValue": {"deep": [1.50]}, "targetingKey": "x", "attributes": {}}),
            json!({"flag": "gone", "value": {"deep": [1.5]}, "reason": "ERROR", "errorCode": "FLAG_NOT_FOUND"}),
        ),
        (json!({"flag": "gone"}), json!({"flag": "gone", "reason": "ERROR", "errorCode": "FLAG_NOT_FOUND"})),
        (ask("disabled", "BOOLEAN", true, "x", &json!({})), fallback("disabled", "DISABLED", true)),
        (ask("empty", "BOOLEAN", true, "x", &json!({})), fallback("empty", "DEFAULT", true)),
    ];
    cases.extend(types());
    cases.extend(dates());
    cases.extend(rules());
    cases.extend(conditions());
    cases.extend(buckets());
    cases
}

fn ask(flag: &str, variation_type: &str, default: impl Into<Value>, key: &str, attributes: &Value) -> Value {
    json!({
        "flag": flag,
        "variationType": variation_type,
        "defaultValue": default.into(),
        "targetingKey": key,
        "attributes": attributes,
    })
}

/// The flag is served by its first allocation.
fn served(flag: &str, variant: &str, value: impl Into<Value>, reason: &str) -> Value {
    json!({
        "flag": flag,
        "value": value.into(),
        "variant": variant,
        "reason": reason,
        "allocationKey": "a",
        "doLog": true,
    })
}

fn on(flag: &str, reason: &str) -> Value {
    served(flag, "on", true, reason)
}

/// The application's own default, without an error.
fn fallback(flag: &str, reason: &str, default: impl Into<Value>) -> Value {
    json!({"flag": flag, "value": default.into(), "reason": reason})
}

fn error(flag: &str, code: &str, default: impl Into<Value>) -> Value {
    json!({"flag": flag, "value": default.into(), "reason": "ERROR", "errorCode": code})
}

fn types() -> Vec<(Value, Value)> {
    let values = [
        ("plain", "BOOLEAN", json!(true)),
        ("whole", "INTEGER", json!(42)),
        ("whole", "NUMBER", json!(42)),
        ("fraction", "NUMERIC", json!(3.5)),
        ("fraction", "NUMBER", json!(3.5)),
        ("text", "STRING", json!("Grüße")),
        ("object", "JSON", json!({"a": [1, null]})),
    ];
    let fits = values.map(|(flag, variation_type, value)| {
        (ask(flag, variation_type, "mine", "x", &json!({})), served(flag, "on", value, "STATIC"))
    });
    let clashes = [
        ("plain", "STRING"),
        ("whole", "BOOLEAN"),
        ("whole", "STRING"),
        ("fraction", "INTEGER"),
        ("text", "JSON"),
        ("text", "NUMBER"),
        ("object", "STRING"),
    ];
    let clashes = clashes.map(|(flag, variation_type)| {
        (ask(flag, variation_type, "mine", "x", &json!({})), error(flag, "TYPE_MISMATCH", "mine"))
    });
    let broken = ["missing-variation", "wrong-value", "unknown-operator", "bad-pattern", "bad-version"];
    let broken = broken.map(|flag| {
        let request =
            json!({"flag": flag, "defaultValue": "mine", "targetingKey": "x", "attributes": {"x": "1"}});
        (request, error(flag, "PARSE_ERROR", "mine"))
    });
    fits.into_iter().chain(clashes).chain(broken).collect()
}

fn dates() -> [(Value, Value); 4] {
    [("started", true), ("not-started", false), ("not-ended", true), ("ended", false)].map(|(flag, is_on)| {
        let answer = if is_on { on(flag, "DEFAULT") } else { fallback(flag, "DEFAULT", false) };
        (ask(flag, "BOOLEAN", false, "x", &json!({})), answer)
    })
}

fn rules() -> Vec<(Value, Value)> {
    let off = || served("rules", "off", false, "STATIC");
    let of = |attributes: Value, answer: Value| (ask("rules", "BOOLEAN", true, "x", &attributes), answer);
    vec![
        of(json!({"plan": "beta"}), on("rules", "TARGETING_MATCH")),
        of(json!({"plan": "Beta"}), off()),
        of(json!({"age": 18, "country": "Denmark"}), on("rules", "TARGETING_MATCH")),
        of(json!({"age": 17, "country": "Denmark"}), off()),
        of(json!({"age": 18}), off()),
        of(json!({}), off()),
        (ask("by-id", "BOOLEAN", false, "alice", &json!({})), on("by-id", "TARGETING_MATCH")),
        (ask("by-id", "BOOLEAN", false, "alice", &json!({"id": "bob"})), fallback("by-id", "DEFAULT", false)),
        (ask("by-id", "BOOLEAN", false, "bob", &json!({"id": "alice"})), on("by-id", "TARGETING_MATCH")),
    ]
}

/// The flag, values of `x` that it is on for, and values that it is not on for. No value is an absent attribute.
fn conditions() -> Vec<(Value, Value)> {
    let absent = Value::String("absent".to_owned());
    let table: [(&str, &[Value], &[Value]); 14] = [
        (
            "lt",
            &[json!(9.9), json!("9")],
            &[json!(10), json!(true), json!(null), json!("nine"), absent.clone()],
        ),
        ("lte", &[json!(10), json!("10.0")], &[json!(10.1), absent.clone()]),
        ("gt", &[json!(10.1)], &[json!(10), json!("x"), absent.clone()]),
        ("gte", &[json!(10)], &[json!(9.9), json!(false), absent.clone()]),
        ("matches", &[json!("12"), json!(12)], &[json!("1a"), json!(true), json!(null), absent.clone()]),
        ("not-matches", &[json!("1a"), json!(true)], &[json!("12"), json!(12), json!(null), absent.clone()]),
        (
            "one-of",
            &[json!(42), json!(42.0), json!(true), json!(1.5), json!("a")],
            &[json!("A"), json!(null), absent.clone()],
        ),
        (
            "not-one-of",
            &[json!(43), json!(false), json!("")],
            &[json!(42), json!("true"), json!(null), absent.clone()],
        ),
        ("is-null", &[json!(null), absent.clone()], &[json!(""), json!(0), json!(false)]),
        ("is-not-null", &[json!(""), json!(0), json!(false)], &[json!(null), absent.clone()]),
        (
            "semver-eq",
            &[json!("2.0.0"), json!("2"), json!("2.0.0+build")],
            &[json!("2.0.1"), json!(2), absent.clone()],
        ),
        ("semver-neq", &[json!("2.0.1")], &[json!("2.0.0"), json!("two"), json!(null), absent.clone()]),
        ("semver-lt", &[json!("1.9.9"), json!("2.0.0-rc.1")], &[json!("2.0.0"), json!("10.0.0")]),
        ("semver-gte", &[json!("2.0.0"), json!("10.0.0")], &[json!("2.0.0-rc.1"), json!("1.99")]),
    ];
    let case = |flag: &str, value: &Value, answer: Value| {
        let attributes = if *value == absent { json!({}) } else { json!({"x": value}) };
        (ask(flag, "BOOLEAN", false, "somebody", &attributes), answer)
    };
    let mut cases = Vec::new();
    for (flag, matching, others) in table {
        cases.extend(matching.iter().map(|value| case(flag, value, on(flag, "TARGETING_MATCH"))));
        cases.extend(others.iter().map(|value| case(flag, value, fallback(flag, "DEFAULT", false))));
    }
    cases
}

fn buckets() -> Vec<(Value, Value)> {
    let vectors = BUCKETS.iter().enumerate();
    let mut cases: Vec<(Value, Value)> = vectors
        .map(|(number, (_, key, _))| {
            let flag = format!("bucket-{number}");
            let mut answer = served(&flag, "here", "here", "SPLIT");
            answer["allocationKey"] = json!("split");
            (ask(&flag, "STRING", "mine", key, &json!({})), answer)
        })
        .collect();
    let anonymous =
        json!({"flag": "bucket-0", "defaultValue": "mine", "targetingKey": null, "attributes": {}});
    cases.push((anonymous, error("bucket-0", "TARGETING_KEY_MISSING", "mine")));
    // Bob is in bucket 9704 of the traffic, which ends at 6000: he passes through.
    let bob = ask("traffic", "BOOLEAN", true, "bob", &json!({}));
    cases.push((bob, served("traffic", "off", false, "STATIC")));
    cases
}

//! Documents with a flag for every rule of the specification.

use serde_json::{Map, Value, json};

/// Salt, targeting key and bucket of 10 000, from the specification.
pub(super) const BUCKETS: [(&str, &str, u32); 5] = [
    ("split-new-user-onboarding-rollout", "alice", 2674),
    ("traffic-new-user-onboarding-experiment", "bob", 9704),
    ("split-new-user-onboarding-experiment", "bob", 5578),
    ("some-salt", "", 2792),
    ("salt", "ünïcode", 5461),
];

fn document(flags: &[Value]) -> Value {
    let flags: Map<String, Value> =
        flags.iter().map(|flag| (flag["key"].as_str().unwrap().to_owned(), flag.clone())).collect();
    json!({
        "createdAt": "2026-11-20T10:00:00.000Z",
        "format": "SERVER",
        "environment": {"name": "prod"},
        "observeFullEvaluationData": false,
        "flags": flags,
    })
}

fn flag(key: &str, variation_type: &str, variations: &[(&str, Value)], allocations: &Value) -> Value {
    let variations: Map<String, Value> = variations
        .iter()
        .map(|(key, value)| ((*key).to_owned(), json!({"key": key, "value": value})))
        .collect();
    json!({
        "key": key,
        "enabled": true,
        "variationType": variation_type,
        "variations": variations,
        "allocations": allocations,
    })
}

/// A BOOLEAN flag.
fn switch(key: &str, allocations: &Value) -> Value {
    flag(key, "BOOLEAN", &[("on", json!(true)), ("off", json!(false))], allocations)
}

/// An allocation that serves one variation to whom its rules let in.
fn allocation(rules: &Value, variation: &str) -> Value {
    json!({"key": "a", "rules": rules, "splits": [{"variationKey": variation, "shards": []}], "doLog": true})
}

/// A flag that is on under one condition.
fn conditional(key: &str, operator: &str, value: &Value) -> Value {
    let rules = json!([{"conditions": [{"attribute": "x", "operator": operator, "value": value}]}]);
    switch(key, &json!([allocation(&rules, "on")]))
}

fn shard(salt: &str, start: u32, end: u32) -> Value {
    json!({"salt": salt, "totalShards": 10_000, "ranges": [{"start": start, "end": end}]})
}

/// Serves `here` to exactly one bucket, `below` and `above` around it.
fn bucket(number: usize) -> Value {
    let (salt, _, bucket) = BUCKETS[number];
    let split =
        |variation: &str, start, end| json!({"variationKey": variation, "shards": [shard(salt, start, end)]});
    let splits =
        [split("below", 0, bucket), split("here", bucket, bucket + 1), split("above", bucket + 1, 10_000)];
    let variations = ["below", "here", "above"].map(|key| (key, json!(key)));
    let allocations = json!([{"key": "split", "splits": splits, "doLog": true}]);
    flag(&format!("bucket-{number}"), "STRING", &variations, &allocations)
}

fn dated(key: &str, member: &str, at: &str) -> Value {
    let mut allocation = allocation(&json!([]), "on");
    allocation[member] = json!(at);
    switch(key, &json!([allocation]))
}

/// Six tenths of the traffic, of which a half gets each variant; the rest passes through to the default.
fn traffic() -> Value {
    let traffic = "traffic-new-user-onboarding-experiment";
    let split = "split-new-user-onboarding-experiment";
    let splits = json!([
        {"variationKey": "on", "shards": [shard(traffic, 0, 6000), shard(split, 0, 5000)]},
        {"variationKey": "off", "shards": [shard(traffic, 0, 6000), shard(split, 5000, 10_000)]},
    ]);
    switch(
        "traffic",
        &json!([{"key": "experiment", "rules": [], "splits": splits, "doLog": true}, allocation(&json!([]), "off")]),
    )
}

/// In the Datadog dialect.
pub(super) fn datadog() -> Value {
    let everybody = json!([allocation(&json!([]), "on")]);
    let condition = |attribute: &str, operator: &str, value: Value| json!({"attribute": attribute, "operator": operator, "value": value});
    let mut disabled = switch("disabled", &everybody);
    disabled["enabled"] = json!(false);
    let two_rules = json!([
        {"conditions": [condition("plan", "ONE_OF", json!(["beta", "staff"]))]},
        {"conditions": [condition("age", "GTE", json!(18)), condition("country", "MATCHES", json!("^(?i)d"))]},
    ]);
    let by_id = json!([{"conditions": [condition("id", "ONE_OF", json!(["alice"]))]}]);
    let mut flags = vec![
        switch("plain", &everybody),
        disabled,
        switch("empty", &json!([])),
        switch("rules", &json!([allocation(&two_rules, "on"), allocation(&json!([]), "off")])),
        switch("by-id", &json!([allocation(&by_id, "on")])),
        switch("missing-variation", &json!([allocation(&json!([]), "gone")])),
        flag("whole", "INTEGER", &[("on", json!(42))], &everybody),
        flag("fraction", "NUMERIC", &[("on", json!(3.5))], &everybody),
        flag("text", "STRING", &[("on", json!("Grüße"))], &everybody),
        flag("object", "JSON", &[("on", json!({"a": [1, null]}))], &everybody),
        flag("wrong-value", "INTEGER", &[("on", json!("42"))], &everybody),
        dated("started", "startAt", "2020-01-01T00:00:00Z"),
        dated("not-started", "startAt", "2999-01-01T00:00:00Z"),
        dated("not-ended", "endAt", "2999-01-01T00:00:00Z"),
        dated("ended", "endAt", "2020-01-01T00:00:00Z"),
        traffic(),
        conditional("lt", "LT", &json!(10)),
        conditional("lte", "LTE", &json!(10)),
        conditional("gt", "GT", &json!(10)),
        conditional("gte", "GTE", &json!(10)),
        conditional("matches", "MATCHES", &json!("^[0-9]+$")),
        conditional("not-matches", "NOT_MATCHES", &json!("^[0-9]+$")),
        conditional("one-of", "ONE_OF", &json!(["42", "true", "1.5", "a"])),
        conditional("not-one-of", "NOT_ONE_OF", &json!(["42", "true"])),
        conditional("is-null", "IS_NULL", &json!(true)),
        conditional("is-not-null", "IS_NULL", &json!(false)),
        conditional("semver-eq", "SEMVER_EQ", &json!("2.0")),
        conditional("semver-neq", "SEMVER_NEQ", &json!("2.0.0")),
        conditional("semver-lt", "SEMVER_LT", &json!("2.0.0")),
        conditional("semver-gte", "SEMVER_GTE", &json!("2.0.0")),
        conditional("unknown-operator", "SOUNDS_LIKE", &json!("x")),
        conditional("bad-pattern", "MATCHES", &json!("(")),
        conditional("bad-version", "SEMVER_EQ", &json!("two")),
    ];
    flags.extend((0..BUCKETS.len()).map(bucket));
    document(&flags)
}

/// In the Eppo dialect.
pub(super) fn eppo() -> Value {
    let (salt, _, bucket) = BUCKETS[0];
    let shards = json!([{"salt": salt, "ranges": [{"start": bucket, "end": bucket + 1}]}]);
    let rollout = json!([{"key": "rollout", "splits": [{"variationKey": "control", "shards": shards}]}]);
    let condition = json!([{"conditions": [{"attribute": "x", "operator": "SOUNDS_LIKE", "value": "y"}]}]);
    let mut flags = [
        flag("new-user-onboarding", "STRING", &[("control", json!("control"))], &rollout),
        flag("unreadable-condition", "INTEGER", &[("on", json!(1))], &json!([allocation(&condition, "on")])),
    ];
    for flag in &mut flags {
        flag["totalShards"] = json!(10_000);
    }
    document(&flags)
}

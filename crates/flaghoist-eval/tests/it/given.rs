//! What the tests start from.

use flaghoist_eval::{Attributes, Decision, Dialect, Expected, FlagFault, Snapshot, Subject};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The instant at which tests decide unless they say otherwise.
pub(crate) fn now() -> Timestamp {
    at("2026-06-15T12:00:00Z")
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Attributes from a JSON object.
pub(crate) fn attributes(object: &Value) -> Attributes<'static> {
    serde_json::from_str::<Attributes<'_>>(&object.to_string()).unwrap().into_owned()
}

/// A document around a map of flags.
pub(crate) fn document(flags: &Value) -> Value {
    json!({
        "createdAt": "2026-06-01T00:00:00Z",
        "format": "SERVER",
        "environment": {"name": "test"},
        "flags": flags,
    })
}

/// A snapshot of a map of flags in the Datadog dialect.
pub(crate) fn snapshot(flags: &Value) -> Snapshot {
    Snapshot::from_json(document(flags).to_string().as_bytes(), Dialect::Datadog).unwrap()
}

/// A snapshot of a map of flags in the Eppo dialect.
pub(crate) fn eppo_snapshot(flags: &Value) -> Snapshot {
    Snapshot::from_json(document(flags).to_string().as_bytes(), Dialect::Eppo).unwrap()
}

/// A boolean flag `flag` with variations `on` and `off` and these allocations.
pub(crate) fn boolean_flag(allocations: &Value) -> Value {
    json!({"flag": {
        "key": "flag",
        "enabled": true,
        "variationType": "BOOLEAN",
        "variations": {"on": {"key": "on", "value": true}, "off": {"key": "off", "value": false}},
        "allocations": allocations,
    }})
}

/// [`boolean_flag`] that serves `on` where `condition` holds and nothing elsewhere.
pub(crate) fn conditional_flag(condition: &Value) -> Value {
    boolean_flag(&json!([{
        "key": "only",
        "rules": [{"conditions": [condition]}],
        "splits": [{"variationKey": "on", "shards": []}],
        "doLog": true,
    }]))
}

/// What `flag` serves to a targeting key with attributes.
pub(crate) fn decide<'s>(
    snapshot: &'s Snapshot,
    targeting_key: Option<&str>,
    object: &Value,
) -> Decision<'s> {
    let attributes = attributes(object);
    let subject = Subject { targeting_key, attributes: &attributes };
    snapshot.decide("flag", Expected::Any, &subject, now())
}

/// Why `flag` is broken.
pub(crate) fn fault(flags: &Value) -> FlagFault {
    match snapshot(flags).flag("flag") {
        Some(Err(fault)) => fault.clone(),
        other => panic!("expected a broken flag, found {other:?}"),
    }
}

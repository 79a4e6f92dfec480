//! Which documents are read, and how.

use std::sync::Arc;

use flaghoist_eval::{
    Attributes, Dialect, DocumentFault, ErrorCode, Expected, Flag, Snapshot, Subject, wire,
};
use serde_json::{Value, json};

use crate::given::{boolean_flag, document, now, snapshot};

fn healthy() -> Value {
    boolean_flag(&json!([{"key": "a", "splits": [{"variationKey": "on", "shards": []}], "doLog": true}]))
}

fn read(document: &Value, dialect: Dialect) -> Result<Snapshot, DocumentFault> {
    Snapshot::from_json(document.to_string().as_bytes(), dialect)
}

fn variant<'s>(snapshot: &'s Snapshot, flag: &str) -> Result<Option<&'s str>, ErrorCode> {
    let attributes = Attributes::new();
    let subject = Subject { targeting_key: Some("alice"), attributes: &attributes };
    let decision = snapshot.decide(flag, Expected::Any, &subject, now());
    decision.error_code.map_or(Ok(decision.variant), Err)
}

#[test]
fn a_document_may_come_bare_or_in_an_envelope() {
    let bare = document(&healthy());
    let enveloped = json!({"data": {"id": "1", "type": "universal-flag-configuration", "attributes": bare}});
    for document in [bare, enveloped] {
        let snapshot = read(&document, Dialect::Datadog).unwrap();
        assert_eq!(variant(&snapshot, "flag"), Ok(Some("on")));
    }
}

#[test]
fn unknown_members_are_ignored_everywhere() {
    let mut sprinkled = document(&boolean_flag(&json!([{
        "key": "a",
        "rules": [{"conditions": [{"attribute": "id", "operator": "ONE_OF", "value": ["alice"]}]}],
        "splits": [{"variationKey": "on", "extraLogging": {"a": "b"}, "shards": [
            {"salt": "s", "totalShards": 1, "ranges": [{"start": 0, "end": 1}]},
        ]}],
        "doLog": true,
    }])));
    for target in [
        "",
        "/environment",
        "/flags/flag",
        "/flags/flag/variations/on",
        "/flags/flag/allocations/0",
        "/flags/flag/allocations/0/rules/0",
        "/flags/flag/allocations/0/rules/0/conditions/0",
        "/flags/flag/allocations/0/splits/0",
        "/flags/flag/allocations/0/splits/0/shards/0",
        "/flags/flag/allocations/0/splits/0/shards/0/ranges/0",
    ] {
        sprinkled.pointer_mut(target).unwrap()["fromTheFuture"] = json!([{"key": null}]);
    }
    assert_eq!(variant(&read(&sprinkled, Dialect::Datadog).unwrap(), "flag"), Ok(Some("on")));
}

#[test]
fn what_is_no_document_is_refused_by_name() {
    let without = |member: &str| {
        let mut document = document(&healthy());
        document.as_object_mut().unwrap().remove(member);
        read(&document, Dialect::Datadog).unwrap_err().to_string()
    };
    assert_eq!(without("flags"), "the document has no `flags`");
    assert_eq!(without("createdAt"), "the document has no `createdAt`");
    assert_eq!(without("environment"), "the document has no `environment`");
    assert_eq!(without("format"), "the document has no `format`");

    let with = |member: &str, value: Value| {
        let mut document = document(&healthy());
        document[member] = value;
        read(&document, Dialect::Datadog).unwrap_err()
    };
    assert_eq!(with("format", json!("CLIENT")), DocumentFault::Format { found: "CLIENT".into() });
    assert_eq!(with("format", json!("server")), DocumentFault::Format { found: "server".into() });
    assert_eq!(with("createdAt", json!("yesterday")), DocumentFault::CreatedAt { found: "yesterday".into() });
    assert!(matches!(with("flags", json!([])), DocumentFault::Json { .. }));
    assert!(matches!(with("environment", json!({})), DocumentFault::Json { .. }));

    for bytes in [&b""[..], b"{", b"null", b"[]", b"\xff", b"{\"data\":{}}", b"{\"data\":[]}", b"{} {}"] {
        assert!(Snapshot::from_json(bytes, Dialect::Datadog).is_err());
    }
}

#[test]
fn eppo_documents_may_leave_the_format_out_but_not_be_obfuscated() {
    let mut eppo = document(&json!({}));
    eppo.as_object_mut().unwrap().remove("format");
    assert!(read(&eppo, Dialect::Eppo).unwrap().is_empty());
    eppo["format"] = json!("CLIENT");
    assert_eq!(read(&eppo, Dialect::Eppo).unwrap_err(), DocumentFault::Format { found: "CLIENT".into() });
}

#[test]
fn a_snapshot_lists_healthy_and_broken_flags() {
    let mut flags = healthy();
    flags["broken"] = json!({"key": "broken"});
    let snapshot = snapshot(&flags);
    let mut listed: Vec<_> = snapshot.flags().map(|(key, flag)| (key, flag.is_ok())).collect();
    listed.sort_unstable();
    assert_eq!(listed, [("broken", false), ("flag", true)]);
    assert_eq!(snapshot.len(), 2);
    assert!(snapshot.flag("absent").is_none());
    let flag = snapshot.flag("flag").unwrap().as_ref().unwrap();
    assert_eq!((flag.key(), flag.is_enabled()), ("flag", true));
    assert_eq!(flag.allocations()[0].key(), "a");
    assert_eq!(flag.allocations()[0].splits()[0].variation_key(), "on");
}

#[test]
fn compiled_flags_are_shared_between_snapshots() {
    let wire: wire::Flag = serde_json::from_value(healthy()["flag"].clone()).unwrap();
    let flag = Arc::new(Flag::compile(&wire).unwrap());
    let one = Snapshot::from_flags([("flag".into(), Ok(Arc::clone(&flag)))]);
    let two = Snapshot::from_flags([
        ("flag".into(), Ok(Arc::clone(&flag))),
        ("broken".into(), Flag::compile(&wire::Flag { variations: [].into(), ..wire }).map(Arc::new)),
    ]);
    assert_eq!(Arc::strong_count(&flag), 3);
    assert_eq!((variant(&one, "flag"), variant(&two, "flag")), (Ok(Some("on")), Ok(Some("on"))));
    assert_eq!(variant(&two, "broken"), Err(ErrorCode::ParseError));
}

#[test]
fn a_flag_key_may_need_escapes() {
    let text = document(&json!({"a\"é\n": {
        "key": "a\"é\n", "enabled": false, "variationType": "STRING", "variations": {}, "allocations": [],
    }}))
    .to_string();
    let snapshot = Snapshot::from_json(text.as_bytes(), Dialect::Datadog).unwrap();
    assert!(snapshot.flag("a\"é\n").unwrap().is_ok());
}

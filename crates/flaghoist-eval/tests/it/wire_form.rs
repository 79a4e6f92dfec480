//! The document as we write it.

use flaghoist_eval::{VariationType, wire};
use serde_json::json;

fn sample() -> wire::Document {
    wire::Document {
        created_at: "2026-11-20T10:00:00.000Z".to_owned(),
        format: wire::Document::SERVER.to_owned(),
        environment: wire::EnvironmentName { name: "prod".to_owned() },
        observe_full_evaluation_data: false,
        flags: [("dark-mode".to_owned(), flag())].into(),
    }
}

fn flag() -> wire::Flag {
    let variation = |key: &str, value: bool| {
        (key.to_owned(), wire::Variation { key: key.to_owned(), value: json!(value) })
    };
    let split = |key: &str, shards: Vec<wire::Shard>, serial_id: Option<i64>| wire::Split {
        variation_key: key.to_owned(),
        shards,
        serial_id,
        extra_logging: [].into(),
    };
    let shard = wire::Shard {
        salt: "traffic-x".to_owned(),
        total_shards: 10_000,
        ranges: vec![wire::ShardRange { start: 0, end: 3000 }],
    };
    let condition = wire::Condition {
        attribute: "plan".to_owned(),
        operator: wire::Operator::OneOf,
        value: json!(["beta", "staff"]),
    };
    wire::Flag {
        key: "dark-mode".to_owned(),
        enabled: true,
        variation_type: VariationType::Boolean,
        variations: [variation("on", true), variation("off", false)].into(),
        allocations: vec![
            wire::Allocation {
                key: "beta-users".to_owned(),
                rules: vec![wire::Rule { conditions: vec![condition] }],
                start_at: Some("2026-01-01T00:00:00Z".to_owned()),
                end_at: Some("2027-01-01T00:00:00Z".to_owned()),
                splits: vec![split("on", vec![shard], Some(12))],
                do_log: true,
            },
            wire::Allocation {
                key: "allocation-default-4fd20c9be7a1".to_owned(),
                rules: vec![],
                start_at: None,
                end_at: None,
                splits: vec![split("off", vec![], None)],
                do_log: false,
            },
        ],
    }
}

#[test]
fn a_document_is_written_as_the_readers_expect_it() {
    let expected = json!({
        "createdAt": "2026-11-20T10:00:00.000Z",
        "format": "SERVER",
        "environment": {"name": "prod"},
        "observeFullEvaluationData": false,
        "flags": {"dark-mode": {
            "key": "dark-mode",
            "enabled": true,
            "variationType": "BOOLEAN",
            "variations": {"on": {"key": "on", "value": true}, "off": {"key": "off", "value": false}},
            "allocations": [
                {
                    "key": "beta-users",
                    "rules": [{"conditions": [{"attribute": "plan", "operator": "ONE_OF", "value": ["beta", "staff"]}]}],
                    "startAt": "2026-01-01T00:00:00Z",
                    "endAt": "2027-01-01T00:00:00Z",
                    "splits": [{
                        "variationKey": "on",
                        "serialId": 12,
                        "extraLogging": {},
                        "shards": [{"salt": "traffic-x", "totalShards": 10000, "ranges": [{"start": 0, "end": 3000}]}],
                    }],
                    "doLog": true,
                },
                {
                    "key": "allocation-default-4fd20c9be7a1",
                    "rules": [],
                    "splits": [{"variationKey": "off", "extraLogging": {}, "shards": []}],
                    "doLog": false,
                },
            ],
        }},
    });
    assert_eq!(serde_json::to_value(sample()).unwrap(), expected);
}

#[test]
fn a_document_reads_back_as_it_was() {
    let text = serde_json::to_string(&sample()).unwrap();
    assert_eq!(serde_json::from_str::<wire::Document>(&text).unwrap(), sample());
}

#[test]
fn members_that_may_be_absent_have_the_defaults_of_the_sdks() {
    let allocation: wire::Allocation =
        serde_json::from_value(json!({"key": "a", "splits": [{"variationKey": "on", "shards": []}]}))
            .unwrap();
    assert!(allocation.do_log);
    assert!(allocation.rules.is_empty());
    assert_eq!((allocation.start_at, allocation.end_at), (None, None));
    assert_eq!(allocation.splits[0].serial_id, None);
}

#[test]
fn operators_and_types_have_one_name() {
    for operator in wire::Operator::ALL {
        assert_eq!(serde_json::to_value(operator).unwrap(), json!(operator.as_str()));
        assert_eq!(serde_json::from_value::<wire::Operator>(json!(operator.as_str())).unwrap(), operator);
    }
    for variation_type in [
        VariationType::String,
        VariationType::Integer,
        VariationType::Numeric,
        VariationType::Boolean,
        VariationType::Json,
    ] {
        assert_eq!(serde_json::to_value(variation_type).unwrap(), json!(variation_type.as_str()));
    }
}

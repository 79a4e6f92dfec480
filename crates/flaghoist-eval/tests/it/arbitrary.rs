//! No input is bad enough for a panic.

use flaghoist_eval::{Attributes, Dialect, Expected, Snapshot, Subject};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::given::now;
use crate::scenario::{self, Dice};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof![
            Just("SERVER"),
            Just("on"),
            Just("("),
            Just("1.0.0"),
            Just("2026-01-01T00:00:00Z"),
            Just("")
        ]
        .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-zA-Z]{0,8}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Every place in a tree, counted depth first.
fn places(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Object(members) => members.values().map(places).sum(),
        _ => 0,
    }
}

fn replace(value: &mut Value, place: &mut usize, by: &Value) {
    if *place == 0 {
        *value = by.clone();
    }
    *place = place.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, place, by)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, place, by)),
        _ => {}
    }
}

fn decide_everything(bytes: &[u8]) {
    let attributes: Attributes<'_> =
        serde_json::from_str(r#"{"plan":"pro","age":1e308,"version":"1.0.0","country":null,"beta":true}"#)
            .unwrap();
    for dialect in [Dialect::Datadog, Dialect::Eppo] {
        let Ok(snapshot) = Snapshot::from_json(bytes, dialect) else { continue };
        for (key, _) in snapshot.flags() {
            for targeting_key in [None, Some(""), Some("alice")] {
                let subject = Subject { targeting_key, attributes: &attributes };
                snapshot.decide(key, Expected::Number, &subject, now());
                let (_, explanation) = snapshot.explain(key, Expected::Any, &subject, now());
                serde_json::to_string(&explanation).unwrap();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_json_as_a_document(document in any_json()) {
        decide_everything(document.to_string().as_bytes());
    }

    #[test]
    fn any_json_as_a_flag(flag in any_json()) {
        let document = json!({"createdAt": "2026-01-01T00:00:00Z", "format": "SERVER", "environment": {"name": ""},
            "flags": {"": flag}});
        decide_everything(document.to_string().as_bytes());
    }

    #[test]
    fn a_real_document_with_any_place_replaced(seed: u64, by in any_json(), place: prop::sample::Index, eppo: bool) {
        let configuration = scenario::configuration(&mut Dice::new(seed));
        let mut document = if eppo { configuration.eppo } else { configuration.datadog };
        let mut place = place.index(places(&document));
        replace(&mut document, &mut place, &by);
        decide_everything(document.to_string().as_bytes());
    }

    #[test]
    fn a_real_document_cut_anywhere(seed: u64, at: prop::sample::Index) {
        let text = scenario::configuration(&mut Dice::new(seed)).datadog.to_string();
        let end = at.index(text.len());
        prop_assert!(Snapshot::from_json(&text.as_bytes()[..end], Dialect::Datadog).is_err());
    }

    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        decide_everything(&bytes);
    }

    #[test]
    fn any_json_as_attributes(value in any_json()) {
        let text = value.to_string();
        let attributes = serde_json::from_str::<Attributes<'_>>(&text);
        prop_assert_eq!(attributes.is_ok(), value.is_object());
    }
}

#[test]
fn nesting_without_end_breaks_only_the_flag_it_is_in() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let text = format!(
        r#"{{"createdAt":"2026-01-01T00:00:00Z","format":"SERVER","environment":{{"name":""}},"flags":{{"deep":{{"key":"deep","x":{deep}}},
        "plain":{{"key":"plain","enabled":false,"variationType":"STRING","variations":{{}},"allocations":[]}}}}}}"#
    );
    let snapshot = Snapshot::from_json(text.as_bytes(), Dialect::Datadog).unwrap();
    assert!(snapshot.flag("deep").unwrap().is_err());
    assert!(snapshot.flag("plain").unwrap().is_ok());
}

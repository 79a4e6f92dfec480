//! Attributes as a container.

use std::borrow::Cow;

use flaghoist_eval::{AttributeValue, Attributes};
use proptest::prelude::*;
use serde_json::json;

#[test]
fn the_last_value_of_a_name_wins() {
    let mut attributes = Attributes::new();
    assert!(attributes.is_empty());
    attributes.insert("a", 1);
    attributes.insert("a", "two");
    attributes.insert("b", 2.5);
    attributes.insert("c", true);
    attributes.insert("d", String::from("owned"));
    attributes.insert("e", AttributeValue::Null);
    assert_eq!(attributes.len(), 5);
    assert_eq!(attributes.get("a"), Some(&AttributeValue::from("two")));
    assert_eq!(attributes.get("e"), Some(&AttributeValue::Null));
    assert_eq!(attributes.get("f"), None);
    let repeated: Attributes<'_> = serde_json::from_str(r#"{"a":1,"a":2}"#).unwrap();
    assert_eq!((repeated.len(), repeated.get("a")), (1, Some(&AttributeValue::Integer(2))));
}

#[test]
fn json_values_keep_their_kind() {
    let attributes: Attributes<'_> = serde_json::from_str(
        r#"{"s":"x","i":-7,"big":18446744073709551615,"f":1.0,"t":true,"n":null,"a":[1,[2]],"o":{"p":{"q":1}}}"#,
    )
    .unwrap();
    for (name, expected) in [
        ("s", Some(AttributeValue::from("x"))),
        ("i", Some(AttributeValue::Integer(-7))),
        ("big", Some(AttributeValue::Number(18_446_744_073_709_551_615.0))),
        ("f", Some(AttributeValue::Number(1.0))),
        ("t", Some(AttributeValue::Boolean(true))),
        ("n", Some(AttributeValue::Null)),
        ("a", None),
        ("o", None),
    ] {
        assert_eq!(attributes.get(name), expected.as_ref(), "{name}");
    }
    assert!(attributes.skipped_nested());
    let flat: Attributes<'_> = serde_json::from_str(r#"{"s":"x"}"#).unwrap();
    assert!(!flat.skipped_nested());
}

#[test]
fn text_is_borrowed_from_the_input_unless_it_is_escaped() {
    let attributes: Attributes<'_> = serde_json::from_str(r#"{"plain":"text","escaped":"a\nb"}"#).unwrap();
    assert!(matches!(attributes.get("plain"), Some(AttributeValue::String(Cow::Borrowed("text")))));
    assert!(
        matches!(attributes.get("escaped"), Some(AttributeValue::String(Cow::Owned(text))) if text == "a\nb")
    );
}

#[test]
fn attributes_are_an_object_and_nothing_else() {
    for text in ["null", "[]", "\"a\"", "1", "{", r#"{"a":}"#] {
        assert!(serde_json::from_str::<Attributes<'_>>(text).is_err(), "{text}");
    }
}

#[test]
fn values_serialise_as_plain_json() {
    let values = [
        (AttributeValue::from("x"), json!("x")),
        (AttributeValue::Integer(1), json!(1)),
        (AttributeValue::Number(1.5), json!(1.5)),
        (AttributeValue::Boolean(false), json!(false)),
        (AttributeValue::Null, json!(null)),
    ];
    for (value, expected) in values {
        assert_eq!(serde_json::to_value(&value).unwrap(), expected);
        assert_eq!(serde_json::to_value(value.into_owned()).unwrap(), expected);
    }
}

proptest! {
    /// A hash map is the reference; names repeat often and sizes lie on both sides of where sorting begins.
    #[test]
    fn however_filled_attributes_behave_like_a_map(
        entries in prop::collection::vec(("[a-d]{0,3}", any::<i64>()), 0..60),
        more in prop::collection::vec(("[a-d]{0,3}", any::<i64>()), 0..30),
    ) {
        let mut expected = std::collections::HashMap::new();
        let entry = |(name, value): &(String, i64)| (Cow::Owned(name.clone()), AttributeValue::Integer(*value));
        let mut attributes: Attributes<'_> = entries.iter().map(entry).collect();
        expected.extend(entries.iter().cloned());
        for (name, value) in &more {
            attributes.insert(name.clone(), *value);
            expected.insert(name.clone(), *value);
        }
        prop_assert_eq!(attributes.len(), expected.len());
        prop_assert_eq!(attributes.iter().len(), expected.len());
        for (name, value) in &expected {
            prop_assert_eq!(attributes.get(name), Some(&AttributeValue::Integer(*value)));
        }
        prop_assert_eq!(attributes.get("e"), None);
        prop_assert_eq!(attributes.into_owned().len(), expected.len());
    }
}

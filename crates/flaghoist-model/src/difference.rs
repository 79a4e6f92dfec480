//! What differs between two states of something, for people to read.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// One place in which two states differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Where: member names, and for elements of lists their key, name or id, with slashes between.
    pub path: String,
    /// What was there; none when nothing was.
    pub before: Option<Value>,
    /// What is there; none when nothing is.
    pub after: Option<Value>,
}

/// Members that change with every change and say nothing about it.
const UNINTERESTING: [&str; 4] = ["updated_at", "revision", "content_revision", "content_at"];

/// In what two states differ, in the order of the members. Elements of lists that have an `id` are compared with
/// the element of the same id, wherever it stands; where only the order differs, the order is shown.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(before), Some(after), &mut found);
    found
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            for (name, value) in before {
                if !UNINTERESTING.contains(&name.as_str()) {
                    compare(&format!("{path}/{name}"), Some(value), after.get(name), found);
                }
            }
            for (name, value) in after {
                if !before.contains_key(name) && !UNINTERESTING.contains(&name.as_str()) {
                    compare(&format!("{path}/{name}"), None, Some(value), found);
                }
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => match (by_id(before), by_id(after)) {
            (Some(olds), Some(news)) => compare_elements(path, (before, &olds), (after, &news), found),
            _ => found.push(difference(
                path,
                Some(&Value::Array(before.clone())),
                Some(&Value::Array(after.clone())),
            )),
        },
        (None | Some(Value::Null), None | Some(Value::Null)) => {}
        (before, after) => found.push(difference(path, before, after)),
    }
}

type Elements<'a> = (&'a [Value], &'a BTreeMap<&'a str, &'a Value>);

fn compare_elements(
    path: &str,
    (before, olds): Elements<'_>,
    (after, news): Elements<'_>,
    found: &mut Vec<Difference>,
) {
    for (id, old) in in_order(before) {
        compare(&format!("{path}/{}", label(old)), Some(old), news.get(id).copied(), found);
    }
    for (id, new) in in_order(after) {
        if !olds.contains_key(id) {
            compare(&format!("{path}/{}", label(new)), None, Some(new), found);
        }
    }
    let kept = |elements: &[Value], others: &BTreeMap<&str, &Value>| -> Vec<String> {
        in_order(elements)
            .filter(|(id, _)| others.contains_key(id))
            .map(|(_, element)| label(element))
            .collect()
    };
    let (order_before, order_after) = (kept(before, news), kept(after, olds));
    let moved = in_order(before)
        .map(|(id, _)| id)
        .filter(|id| news.contains_key(id))
        .ne(in_order(after).map(|(id, _)| id).filter(|id| olds.contains_key(id)));
    if moved {
        found.push(difference(
            &format!("{path}/(order)"),
            Some(&Value::from(order_before)),
            Some(&Value::from(order_after)),
        ));
    }
}

fn in_order(elements: &[Value]) -> impl Iterator<Item = (&str, &Value)> {
    elements.iter().filter_map(|element| Some((element.get("id")?.as_str()?, element)))
}

/// The elements by id, when all have one and they differ.
fn by_id(elements: &[Value]) -> Option<BTreeMap<&str, &Value>> {
    let by_id: BTreeMap<&str, &Value> = in_order(elements).collect();
    (by_id.len() == elements.len()).then_some(by_id)
}

/// What people call an element.
fn label(element: &Value) -> String {
    let named = ["key", "name", "id"].iter().find_map(|member| element.get(member)?.as_str());
    named.unwrap_or("?").replace('/', "~1")
}

fn difference(path: &str, before: Option<&Value>, after: Option<&Value>) -> Difference {
    Difference { path: path.to_owned(), before: before.cloned(), after: after.cloned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(before: &Value, after: &Value, expected: &[(&str, Value, Value)]) {
        let found: Vec<(String, Value, Value)> = differences(before, after)
            .into_iter()
            .map(|found| (found.path, found.before.unwrap_or_default(), found.after.unwrap_or_default()))
            .collect();
        let expected: Vec<(String, Value, Value)> = expected
            .iter()
            .map(|(path, before, after)| ((*path).to_owned(), before.clone(), after.clone()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn members_are_compared_and_the_uninteresting_are_not() {
        check(
            &json!({"enabled": false, "updated_at": "then", "deep": {"a": 1, "gone": 2}}),
            &json!({"enabled": true, "updated_at": "now", "deep": {"a": 1, "new": [3]}}),
            &[
                ("/deep/gone", json!(2), Value::Null),
                ("/deep/new", Value::Null, json!([3])),
                ("/enabled", json!(false), json!(true)),
            ],
        );
    }

    #[test]
    fn elements_with_an_id_are_found_wherever_they_stand() {
        let (a, b, c) =
            (json!({"id": "1", "key": "a", "n": 1}), json!({"id": "2", "key": "b/b"}), json!({"id": "3"}));
        check(
            &json!({"list": [a, b]}),
            &json!({"list": [b, {"id": "1", "key": "a", "n": 2}, c]}),
            &[
                ("/list/a/n", json!(1), json!(2)),
                ("/list/3", Value::Null, c.clone()),
                ("/list/(order)", json!(["a", "b~1b"]), json!(["b~1b", "a"])),
            ],
        );
    }

    #[test]
    fn absent_and_null_are_the_same() {
        check(&json!({"a": null}), &json!({}), &[]);
        check(&json!(["x"]), &json!(["y"]), &[("", json!(["x"]), json!(["y"]))]);
    }
}

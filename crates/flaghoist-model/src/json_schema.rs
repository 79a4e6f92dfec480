//! JSON Schemas of JSON flags. Checked when a flag or variant is saved, never at evaluation.
//!
//! Schemas come from users, and checking happens while others wait, so its cost is bounded before it starts:
//! references stay inside the schema and never lead back to themselves, what they stand for is counted, patterns
//! run in linear time, and a large schema takes only small values.

use crate::nesting::{NESTING_MAX_LEVELS, is_deeper_than};
use serde_json::Value;
use std::collections::HashMap;

/// Largest schema accepted, in bytes.
pub const SCHEMA_MAX_BYTES: usize = 64 * 1024;

/// Most nodes a schema may have once every reference stands for what it names.
pub const SCHEMA_MAX_NODES: u64 = 10_000;

/// Most checks of a value: nodes of the schema times nodes of the value.
pub const CHECKS_MAX: u64 = 5_000_000;

/// Largest pattern of a schema once compiled, in bytes.
const PATTERN_COMPILED_MAX_BYTES: usize = 1024 * 1024;

/// A compiled JSON Schema.
pub struct JsonSchema {
    validator: jsonschema::Validator,
    nodes: u64,
}

impl JsonSchema {
    /// Compiles the text of a schema. The error says what is wrong with it.
    ///
    /// References to other documents are refused: nothing is ever fetched.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > SCHEMA_MAX_BYTES {
            return Err(format!("has {} bytes; a schema has at most {SCHEMA_MAX_BYTES}", text.len()));
        }
        let schema: Value =
            serde_json::from_str(text).map_err(|error| format!("is no JSON text: {error}"))?;
        if !schema.is_object() {
            return Err("is no JSON Schema: give the text of a JSON object".to_owned());
        }
        if is_deeper_than(&schema, NESTING_MAX_LEVELS) {
            return Err(format!("is nested too deeply; give at most {NESTING_MAX_LEVELS} levels"));
        }
        let nodes = Expansion { root: &schema, known: HashMap::new() }.count(&schema)?;
        if nodes > SCHEMA_MAX_NODES {
            return Err(format!("has {nodes} nodes with its references; give at most {SCHEMA_MAX_NODES}"));
        }
        let patterns = jsonschema::PatternOptions::regex().size_limit(PATTERN_COMPILED_MAX_BYTES);
        let validator = jsonschema::options().with_pattern_options(patterns).build(&schema);
        let validator = validator.map_err(|error| format!("is no JSON Schema: {error}"))?;
        Ok(Self { validator, nodes })
    }

    /// The first way in which `value` does not fit, with the place inside the value.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let checks = self.nodes.saturating_mul(count_nodes(value));
        if checks > CHECKS_MAX {
            return Err(format!(
                "is too large for the flag's json_schema: {checks} checks, at most {CHECKS_MAX}"
            ));
        }
        self.validator.validate(value).map_err(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { String::new() } else { format!(" at {place}") };
            format!("does not fit the flag's json_schema{place}: {error}")
        })
    }
}

fn count_nodes(value: &Value) -> u64 {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(count_nodes).sum::<u64>(),
        Value::Object(members) => 1 + members.values().map(count_nodes).sum::<u64>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

/// Counts the nodes of a schema in which every reference is replaced by what it names. What a reference costs is
/// counted once, so counting takes time linear in the schema's size, however large the result.
struct Expansion<'a> {
    root: &'a Value,
    /// What each reference stands for; none while it is being counted.
    known: HashMap<&'a str, Option<u64>>,
}

impl<'a> Expansion<'a> {
    fn count(&mut self, node: &'a Value) -> Result<u64, String> {
        let mut nodes: u64 = 1;
        match node {
            Value::Array(elements) => {
                for element in elements {
                    nodes = nodes.saturating_add(self.count(element)?);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let cost = match (name.as_str(), member) {
                        ("$ref", Value::String(reference)) => self.count_reference(reference)?,
                        ("$dynamicRef" | "$recursiveRef", Value::String(_)) => {
                            return Err(format!("uses {name}; give $ref to a place inside the schema"));
                        }
                        _ => self.count(member)?,
                    };
                    nodes = nodes.saturating_add(cost);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        Ok(nodes)
    }

    fn count_reference(&mut self, reference: &'a str) -> Result<u64, String> {
        match self.known.get(reference) {
            Some(Some(nodes)) => return Ok(*nodes),
            Some(None) => return Err(format!("refers to itself through {reference:?}")),
            None => {}
        }
        let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
        let target = target.ok_or_else(|| {
            format!("refers to {reference:?}; give a place inside the schema such as \"#/$defs/name\"")
        })?;
        self.known.insert(reference, None);
        let nodes = self.count(target)?;
        self.known.insert(reference, Some(nodes));
        Ok(nodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal(schema: &Value) -> String {
        JsonSchema::parse(&schema.to_string()).err().unwrap_or_default()
    }

    #[test]
    fn a_value_is_checked_with_the_place_of_its_fault() {
        let schema = JsonSchema::parse(
            r#"{"type":"object","required":["limit"],"properties":{"limit":{"type":"integer","maximum":9}}}"#,
        )
        .ok()
        .unwrap();
        assert_eq!(schema.check(&json!({"limit": 9})), Ok(()));
        assert!(schema.check(&json!({"limit": 10})).unwrap_err().contains("at /limit"));
        assert!(schema.check(&json!({})).unwrap_err().contains("limit"));
    }

    #[test]
    fn a_schema_that_is_none_is_refused() {
        for text in ["{", "[]", r#"{"type":"nonsense"}"#, r#"{"$ref":"http://127.0.0.1:1/x"}"#] {
            assert!(JsonSchema::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn references_inside_the_schema_are_followed() {
        let schema =
            json!({"$defs": {"size": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/size"}}});
        let schema = JsonSchema::parse(&schema.to_string()).ok().unwrap();
        assert_eq!(schema.check(&json!({"a": 1})), Ok(()));
        assert!(schema.check(&json!({"a": "1"})).is_err());
    }

    #[test]
    fn a_schema_that_doubles_at_every_reference_is_refused_before_it_runs() {
        let mut definitions = serde_json::Map::new();
        for level in 0..60 {
            let next = json!({"$ref": format!("#/$defs/d{}", level + 1)});
            definitions.insert(format!("d{level}"), json!({"allOf": [next, next]}));
        }
        definitions.insert("d60".to_owned(), json!({}));
        let refused = refusal(&json!({"$defs": definitions, "$ref": "#/$defs/d0"}));
        assert!(refused.contains("nodes with its references"), "{refused}");
    }

    #[test]
    fn a_schema_that_refers_to_itself_is_refused() {
        assert!(refusal(&json!({"properties": {"child": {"$ref": "#"}}})).contains("refers to itself"));
        assert!(refusal(&json!({"$dynamicRef": "#x"})).contains("$dynamicRef"));
    }

    #[test]
    fn a_pattern_that_backtracks_elsewhere_runs_in_linear_time() {
        let schema = JsonSchema::parse(r#"{"properties":{"a":{"pattern":"^(a+)+$"}}}"#).ok().unwrap();
        assert!(schema.check(&json!({"a": format!("{}!", "a".repeat(10_000))})).is_err());
        assert!(!refusal(&json!({"pattern": "(?=a)"})).is_empty());
    }
}

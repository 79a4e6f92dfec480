//! JSON Schemas of JSON flags. Checked when a flag or variant is saved, never at evaluation.

use serde_json::Value;

/// Largest schema accepted, in bytes.
pub const SCHEMA_MAX_BYTES: usize = 64 * 1024;

/// A compiled JSON Schema.
pub struct JsonSchema(jsonschema::Validator);

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
        jsonschema::validator_for(&schema).map(Self).map_err(|error| format!("is no JSON Schema: {error}"))
    }

    /// The first way in which `value` does not fit, with the place inside the value.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        self.0.validate(value).map_err(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { String::new() } else { format!(" at {place}") };
            format!("does not fit the flag's json_schema{place}: {error}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
}

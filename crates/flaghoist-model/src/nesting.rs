//! How deep JSON may be nested.
//!
//! Parsers stop at 128 levels. What is accepted here is stored and published inside larger documents, so it must
//! stay well below, or what was saved could not be read again.

use serde_json::Value;

/// Most levels of arrays and objects.
pub const NESTING_MAX_LEVELS: usize = 32;

/// Whether `value` has more than `levels` levels of arrays and objects.
pub fn is_deeper_than(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(elements) => {
            levels == 0 || elements.iter().any(|element| is_deeper_than(element, levels - 1))
        }
        Value::Object(members) => {
            levels == 0 || members.values().any(|member| is_deeper_than(member, levels - 1))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn levels_are_counted_by_arrays_and_objects() {
        for (value, levels) in [(json!(1), 0), (json!([]), 1), (json!({"a": [1]}), 2), (json!([[[]], 1]), 3)]
        {
            assert!(!is_deeper_than(&value, levels), "{value}");
            assert!(levels == 0 || is_deeper_than(&value, levels - 1), "{value}");
        }
    }
}

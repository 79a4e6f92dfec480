//! Value types of flags and the values of variants.

use crate::Faults;
use crate::nesting::{NESTING_MAX_LEVELS, is_deeper_than};
use flaghoist_eval::VariationType;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The type every variant of a flag has. Never changes once the flag exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ValueType {
    /// `true` or `false`.
    Boolean,
    /// A whole number of 64 bits.
    Integer,
    /// A finite number.
    Numeric,
    /// Any text.
    String,
    /// A JSON object.
    Json,
}

impl ValueType {
    /// All value types, in the order of the Datadog reference.
    pub const ALL: [Self; 5] = [Self::Boolean, Self::Integer, Self::Numeric, Self::String, Self::Json];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        self.variation_type().as_str()
    }

    /// The value type of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value_type| value_type.as_str() == name)
    }

    /// The same type in UFC documents.
    pub fn variation_type(self) -> VariationType {
        match self {
            Self::Boolean => VariationType::Boolean,
            Self::Integer => VariationType::Integer,
            Self::Numeric => VariationType::Numeric,
            Self::String => VariationType::String,
            Self::Json => VariationType::Json,
        }
    }

    /// What stands for no value.
    pub fn empty_value(self) -> Value {
        match self {
            Self::Boolean => Value::Bool(false),
            Self::Integer | Self::Numeric => Value::from(0),
            Self::String => Value::from(""),
            Self::Json => Value::Object(serde_json::Map::new()),
        }
    }

    /// The value that `text` stands for in a variant of this type, or a fault that says what would do.
    pub fn parse(self, text: &str, faults: &mut Faults) -> Option<Value> {
        let parsed = self.parse_quietly(text);
        if parsed.is_none() {
            let accepted = match self {
                Self::Boolean => "\"true\" or \"false\"",
                Self::Integer => "a whole number of 64 bits such as \"42\"",
                Self::Numeric => "a finite number such as \"3.5\"",
                Self::String => "any text",
                Self::Json => "the text of a JSON object of at most 32 levels such as \"{\\\"a\\\":1}\"",
            };
            faults.push(format!(
                "{text:?} does not fit the flag's value type {}: give {accepted}",
                self.as_str()
            ));
        }
        parsed
    }

    /// [`ValueType::parse`] without the fault.
    pub fn parse_quietly(self, text: &str) -> Option<Value> {
        match self {
            Self::Boolean => text.parse::<bool>().ok().map(Value::Bool),
            Self::Integer => text.parse::<i64>().ok().map(Value::from),
            Self::Numeric => {
                let looks_like_a_number = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
                let number =
                    text.parse::<f64>().ok().filter(|number| looks_like_a_number && number.is_finite())?;
                serde_json::Number::from_f64(number).map(Value::Number)
            }
            Self::String => Some(Value::from(text)),
            Self::Json => serde_json::from_str(text)
                .ok()
                .filter(|value: &Value| value.is_object() && !is_deeper_than(value, NESTING_MAX_LEVELS)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_by_their_type() {
        let accepted = [
            (ValueType::Boolean, "true", json!(true)),
            (ValueType::Integer, "-42", json!(-42)),
            (ValueType::Numeric, "3.5", json!(3.5)),
            (ValueType::Numeric, "2", json!(2.0)),
            (ValueType::String, "", json!("")),
            (ValueType::Json, "{\"a\": [1]}", json!({"a": [1]})),
        ];
        for (value_type, text, expected) in accepted {
            assert_eq!(value_type.parse_quietly(text), Some(expected), "{text}");
        }
        let refused = [
            (ValueType::Boolean, "True"),
            (ValueType::Integer, "4.0"),
            (ValueType::Integer, "9223372036854775808"),
            (ValueType::Numeric, "NaN"),
            (ValueType::Numeric, "inf"),
            (ValueType::Numeric, "1e999"),
            (ValueType::Json, "[1]"),
            (ValueType::Json, "{"),
            (ValueType::Json, &format!("{}1{}", "{\"a\":".repeat(33), "}".repeat(33))),
        ];
        for (value_type, text) in refused {
            let mut faults = Faults::new();
            assert_eq!(value_type.parse(text, &mut faults), None, "{text}");
            assert_eq!(faults.len(), 1);
        }
    }
}

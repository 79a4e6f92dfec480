//! Values that flags serve, checked against the flag's type.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::Dialect;

/// Type of everything a flag serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VariationType {
    /// Text.
    String,
    /// A whole number of 64 bits.
    Integer,
    /// A double.
    Numeric,
    /// True or false.
    Boolean,
    /// A JSON object.
    Json,
}

impl VariationType {
    /// The name in the document, such as `BOOLEAN`.
    pub const fn as_str(self) -> &'static str {
        match self {
            VariationType::String => "STRING",
            VariationType::Integer => "INTEGER",
            VariationType::Numeric => "NUMERIC",
            VariationType::Boolean => "BOOLEAN",
            VariationType::Json => "JSON",
        }
    }
}

/// A value that a flag serves.
///
/// Serialises as the plain JSON value. A [`Value::Numeric`] always shows that it is no integer, by a decimal
/// point (`1.0`) or an exponent (`1e300`), so that readers that tell the two apart keep its type.
#[derive(Debug, Clone)]
pub enum Value {
    /// Of a `STRING` flag.
    String(Box<str>),
    /// Of an `INTEGER` flag.
    Integer(i64),
    /// Of a `NUMERIC` flag; always finite.
    Numeric(f64),
    /// Of a `BOOLEAN` flag.
    Boolean(bool),
    /// Of a `JSON` flag, minified. An object, except that Eppo documents may hold any JSON.
    Json(Box<RawValue>),
}

impl Value {
    /// The type of flag that serves such a value.
    pub const fn variation_type(&self) -> VariationType {
        match self {
            Value::String(_) => VariationType::String,
            Value::Integer(_) => VariationType::Integer,
            Value::Numeric(_) => VariationType::Numeric,
            Value::Boolean(_) => VariationType::Boolean,
            Value::Json(_) => VariationType::Json,
        }
    }

    /// Reads `value` as a value of a flag of type `of`, or says `None` when it does not fit.
    ///
    /// Whole doubles (`3.0`) fit an `INTEGER` flag, because JSON does not tell them from integers.
    pub(crate) fn compile(value: &serde_json::Value, of: VariationType, dialect: Dialect) -> Option<Value> {
        Some(match of {
            VariationType::String => Value::String(value.as_str()?.into()),
            VariationType::Integer => Value::Integer(value.as_i64().or_else(|| whole(value.as_f64()?))?),
            VariationType::Numeric => Value::Numeric(value.as_f64()?),
            VariationType::Boolean => Value::Boolean(value.as_bool()?),
            VariationType::Json => match dialect {
                Dialect::Datadog => {
                    value.as_object()?;
                    Value::Json(serde_json::value::to_raw_value(value).ok()?)
                }
                // This dialect carries JSON as text, and any JSON at that.
                Dialect::Eppo => {
                    let parsed: serde_json::Value = serde_json::from_str(value.as_str()?).ok()?;
                    Value::Json(serde_json::value::to_raw_value(&parsed).ok()?)
                }
            },
        })
    }
}

/// The integer that a double is, if it is one that doubles hold exactly.
pub(crate) fn whole(number: f64) -> Option<i64> {
    /// Whole doubles are exact integers up to here.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "the guard admits only whole numbers that i64 holds")]
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

impl PartialEq for Value {
    /// Same type and same value; JSON is compared as minified text.
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Integer(a), Value::Integer(b)) => a == b,
            (Value::Numeric(a), Value::Numeric(b)) => a == b,
            (Value::Boolean(a), Value::Boolean(b)) => a == b,
            (Value::Json(a), Value::Json(b)) => a.get() == b.get(),
            _ => false,
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::String(value) => serializer.serialize_str(value),
            Value::Integer(value) => serializer.serialize_i64(*value),
            Value::Numeric(value) => serializer.serialize_f64(*value),
            Value::Boolean(value) => serializer.serialize_bool(*value),
            Value::Json(value) => value.serialize(serializer),
        }
    }
}

//! Values of properties and measurements, as they stand in JSON or in attributes of OpenTelemetry.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A value, borrowed from the record it stands in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Text(Cow<'a, str>),
    Boolean(bool),
    Integer(i64),
    /// What JSON writes without a sign.
    Unsigned(u64),
    /// Possibly infinite or no number at all.
    Number(f64),
    /// Nothing.
    Null,
    /// A list, an object or bytes: no scalar.
    Nested,
}

impl Scalar<'_> {
    /// The text that filters compare with: numbers in the shortest form of JSON, so that `3`, `3.0` and `3e0` are the same
    /// property. None for what has no such text.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Boolean(true) => Some(Cow::Borrowed("true")),
            Self::Boolean(false) => Some(Cow::Borrowed("false")),
            Self::Integer(number) => Some(Cow::Owned(number.to_string())),
            Self::Unsigned(number) => Some(Cow::Owned(number.to_string())),
            Self::Number(number) if number.is_finite() => Some(Cow::Owned(shortest(*number))),
            Self::Number(_) | Self::Null | Self::Nested => None,
        }
    }

    /// The number, possibly infinite or none at all; None for what is not written as a number.
    #[expect(
        clippy::cast_precision_loss,
        reason = "measurements are doubles; integers above 2^53 are rounded"
    )]
    pub(crate) fn number(&self) -> Option<f64> {
        match *self {
            Self::Integer(number) => Some(number as f64),
            Self::Unsigned(number) => Some(number as f64),
            Self::Number(number) => Some(number),
            Self::Text(_) | Self::Boolean(_) | Self::Null | Self::Nested => None,
        }
    }
}

/// The fewest digits that read back as the same number, with an exponent only where JavaScript's `JSON.stringify` has one
/// (ECMA-262, `Number::toString`), so that whole numbers are written like integers.
fn shortest(number: f64) -> String {
    // Adding zero makes the negative zero a zero like any other.
    let number = number + 0.0;
    let magnitude = number.abs();
    if magnitude < 1e21 && (magnitude >= 1e-6 || magnitude == 0.0) {
        number.to_string()
    } else {
        format!("{number:e}")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;

        impl<'de> Visitor<'de> for ScalarVisitor {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_bool<E>(self, boolean: bool) -> Result<Self::Value, E> {
                Ok(Scalar::Boolean(boolean))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Integer(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Scalar::Unsigned(number))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(number))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Scalar::Null)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Nested)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Nested)
            }
        }

        deserializer.deserialize_any(ScalarVisitor)
    }
}

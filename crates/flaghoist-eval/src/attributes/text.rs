//! Attribute values as text, without allocating.

use std::fmt::{self, Write};

use super::AttributeValue;

impl AttributeValue<'_> {
    /// Calls `test` with the value as text: `42` (also for `42.0`), the shortest decimal that reads back as the
    /// same double and never an exponent, `true`, `false`. `None` for null.
    pub(crate) fn with_text<R>(&self, test: impl FnOnce(&str) -> R) -> Option<R> {
        match self {
            AttributeValue::String(value) => Some(test(value)),
            AttributeValue::Integer(value) => Digits::<20>::of(value, test),
            AttributeValue::Number(value) => Digits::<{ LONGEST_DOUBLE }>::of(value, test),
            AttributeValue::Boolean(value) => Some(test(if *value { "true" } else { "false" })),
            AttributeValue::Null => None,
        }
    }
}

/// No double is longer in positional notation: sign, `0.`, and at most 340 digits down to the last subnormal.
const LONGEST_DOUBLE: usize = 352;

struct Digits<const N: usize> {
    bytes: [u8; N],
    used: usize,
}

impl<const N: usize> Digits<N> {
    fn of<R>(number: impl fmt::Display, test: impl FnOnce(&str) -> R) -> Option<R> {
        let mut digits = Digits { bytes: [0; N], used: 0 };
        write!(digits, "{number}").ok()?;
        std::str::from_utf8(&digits.bytes[..digits.used]).ok().map(test)
    }
}

impl<const N: usize> Write for Digits<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.used + text.len();
        self.bytes.get_mut(self.used..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.used = end;
        Ok(())
    }
}

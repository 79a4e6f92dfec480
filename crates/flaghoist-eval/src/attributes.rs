//! Who is asking: the targeting key and the attributes that conditions test.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

mod reading;
mod text;

/// The subject of a decision.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Stable identity that decides the bucket. `None` (null) is not the same as `Some("")`, which is a key like
    /// any other.
    pub targeting_key: Option<&'a str>,
    /// What is known about the subject.
    pub attributes: &'a Attributes<'a>,
}

/// Value of an attribute.
///
/// Serialises as the plain JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeValue<'a> {
    /// Text.
    String(Cow<'a, str>),
    /// A whole number, kept exactly.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// Present but null; conditions treat it like an absent attribute.
    Null,
}

impl AttributeValue<'_> {
    /// The same value, borrowing from nothing.
    pub fn into_owned(self) -> AttributeValue<'static> {
        match self {
            AttributeValue::String(value) => AttributeValue::String(Cow::Owned(value.into_owned())),
            AttributeValue::Integer(value) => AttributeValue::Integer(value),
            AttributeValue::Number(value) => AttributeValue::Number(value),
            AttributeValue::Boolean(value) => AttributeValue::Boolean(value),
            AttributeValue::Null => AttributeValue::Null,
        }
    }

    /// The value as a number: numbers, and text that reads as one. Nothing else.
    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "comparands are doubles, as in every SDK")]
            AttributeValue::Integer(value) => Some(*value as f64),
            AttributeValue::Number(value) => Some(*value),
            AttributeValue::String(value) => value.parse().ok(),
            AttributeValue::Boolean(_) | AttributeValue::Null => None,
        }
    }
}

impl<'a> From<&'a str> for AttributeValue<'a> {
    fn from(value: &'a str) -> Self {
        AttributeValue::String(Cow::Borrowed(value))
    }
}

impl From<String> for AttributeValue<'_> {
    fn from(value: String) -> Self {
        AttributeValue::String(Cow::Owned(value))
    }
}

impl<'a> From<Cow<'a, str>> for AttributeValue<'a> {
    fn from(value: Cow<'a, str>) -> Self {
        AttributeValue::String(value)
    }
}

impl From<i64> for AttributeValue<'_> {
    fn from(value: i64) -> Self {
        AttributeValue::Integer(value)
    }
}

impl From<f64> for AttributeValue<'_> {
    fn from(value: f64) -> Self {
        AttributeValue::Number(value)
    }
}

impl From<bool> for AttributeValue<'_> {
    fn from(value: bool) -> Self {
        AttributeValue::Boolean(value)
    }
}

impl Serialize for AttributeValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            AttributeValue::String(value) => serializer.serialize_str(value),
            AttributeValue::Integer(value) => serializer.serialize_i64(*value),
            AttributeValue::Number(value) => serializer.serialize_f64(*value),
            AttributeValue::Boolean(value) => serializer.serialize_bool(*value),
            AttributeValue::Null => serializer.serialize_unit(),
        }
    }
}

/// Up to here a scan beats a binary search.
const SCANNED_UP_TO: usize = 16;

/// Attributes by name.
///
/// Made for a handful of names, where a scan is faster than a hash map; larger sets are kept sorted, so that a
/// request with very many attributes costs no more than sorting them.
///
/// Deserialises from a JSON object and borrows from the input where it can. Arrays and objects in it are left
/// out, and [`skipped_nested`](Self::skipped_nested) tells that there were some.
#[derive(Debug, Clone, Default)]
pub struct Attributes<'a> {
    /// Names are unique. Sorted by name when there are more than [`SCANNED_UP_TO`].
    entries: Vec<(Cow<'a, str>, AttributeValue<'a>)>,
    skipped_nested: bool,
}

impl<'a> Attributes<'a> {
    /// No attributes.
    pub const fn new() -> Attributes<'a> {
        Attributes { entries: Vec::new(), skipped_nested: false }
    }

    /// Sets an attribute; the last value of a name wins.
    ///
    /// Collect into `Attributes` instead where there are hundreds.
    pub fn insert(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<AttributeValue<'a>>) {
        let (name, value) = (name.into(), value.into());
        if self.entries.len() > SCANNED_UP_TO {
            match self.position_when_sorted(&name) {
                Ok(at) => self.entries[at].1 = value,
                Err(at) => self.entries.insert(at, (name, value)),
            }
        } else if let Some(entry) = self.entries.iter_mut().find(|entry| entry.0 == name) {
            entry.1 = value;
        } else {
            self.entries.push((name, value));
            if self.entries.len() > SCANNED_UP_TO {
                self.entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
            }
        }
    }

    /// The attribute of exactly this name.
    pub fn get(&self, name: &str) -> Option<&AttributeValue<'a>> {
        if self.entries.len() > SCANNED_UP_TO {
            self.position_when_sorted(name).ok().map(|at| &self.entries[at].1)
        } else {
            self.entries.iter().find(|entry| entry.0 == name).map(|entry| &entry.1)
        }
    }

    fn position_when_sorted(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| (*entry.0).cmp(name))
    }

    /// All attributes, in no particular order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &AttributeValue<'a>)> {
        self.entries.iter().map(|(name, value)| (&**name, value))
    }

    /// Number of attributes.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether arrays or objects were left out when these attributes were read.
    pub fn skipped_nested(&self) -> bool {
        self.skipped_nested
    }

    /// The same attributes, borrowing from nothing.
    pub fn into_owned(self) -> Attributes<'static> {
        let owned = |(name, value): (Cow<'_, str>, AttributeValue<'_>)| {
            (Cow::Owned(name.into_owned()), value.into_owned())
        };
        Attributes {
            entries: self.entries.into_iter().map(owned).collect(),
            skipped_nested: self.skipped_nested,
        }
    }

    /// From entries in the order of arrival, where names may repeat.
    fn from_entries(mut entries: Vec<(Cow<'a, str>, AttributeValue<'a>)>, skipped_nested: bool) -> Self {
        if entries.len() > SCANNED_UP_TO {
            // Stable, so that among equal names the latest stands last; `dedup_by` drops its first argument,
            // the later one, hence the swap.
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            entries.dedup_by(|later, kept| {
                let same = later.0 == kept.0;
                if same {
                    std::mem::swap(&mut later.1, &mut kept.1);
                }
                same
            });
            // Too few may be left for a search, but sorted entries are as good as any to a scan.
            return Attributes { entries, skipped_nested };
        }
        let mut attributes = Attributes { entries: Vec::with_capacity(entries.len()), skipped_nested };
        for (name, value) in entries {
            attributes.insert(name, value);
        }
        attributes
    }
}

impl<'a> FromIterator<(Cow<'a, str>, AttributeValue<'a>)> for Attributes<'a> {
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, AttributeValue<'a>)>>(entries: I) -> Self {
        Attributes::from_entries(entries.into_iter().collect(), false)
    }
}

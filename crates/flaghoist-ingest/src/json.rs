//! Bodies of JSON, read without building what they hold: lists are walked, and each of their elements is read on its own.

use crate::observation::{Dropped, RECORD_MAX_BYTES, Unreadable};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Most characters of what an error repeats of a body.
const FOUND_MAX_CHARS: usize = 40;

/// The object that a body is, whose syntax is right down to the last byte. Not yet read.
pub(crate) fn object(body: &[u8]) -> Result<&RawValue, Unreadable> {
    let value: &RawValue =
        serde_json::from_slice(body).map_err(|error| Unreadable::Json { reason: error.to_string() })?;
    if is_object(value) { Ok(value) } else { Err(shape("the body", value, "an object")) }
}

/// Reads one record. Lists are none, although serde would take their elements for members.
pub(crate) fn record<'a, R: Deserialize<'a>>(value: &'a RawValue) -> Result<R, Dropped> {
    if value.get().len() > RECORD_MAX_BYTES {
        return Err(Dropped::TooLarge);
    }
    if !is_object(value) {
        return Err(Dropped::Malformed);
    }
    serde_json::from_str(value.get()).map_err(|_| Dropped::Malformed)
}

/// The member of an object, unless it is absent or null. Of several with one name it is the last, as in JavaScript.
pub(crate) fn member<'a>(
    object: &'a RawValue,
    name: &'static str,
) -> Result<Option<&'a RawValue>, Unreadable> {
    if !is_object(object) {
        return Err(shape("what holds the records", object, "an object"));
    }
    serde_json::Deserializer::from_str(object.get())
        .deserialize_map(Member(name))
        .map_err(|error| Unreadable::Json { reason: error.to_string() })
}

/// Hands over the elements of the list `list`, which is the member `name`, until `take` fails.
pub(crate) fn each_element<'a>(
    name: &'static str,
    list: &'a RawValue,
    take: &mut dyn FnMut(&'a RawValue) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let mut outcome = Ok(());
    let each = Each(|element| {
        outcome = take(element);
        outcome.is_ok()
    });
    let is_list = each.deserialize(&mut serde_json::Deserializer::from_str(list.get())).is_ok();
    outcome?;
    if is_list { Ok(()) } else { Err(shape(name, list, "a list of objects")) }
}

fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

fn shape(place: &'static str, value: &RawValue, accepted: &'static str) -> Unreadable {
    Unreadable::Shape { place, found: value.get().chars().take(FOUND_MAX_CHARS).collect(), accepted }
}

/// Finds a member by its name.
struct Member(&'static str);

impl<'de> Visitor<'de> for Member {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Text(name)) = object.next_key()? {
            if name == self.0 {
                found = object.next_value()?;
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Text that is borrowed where it has no escapes; a bare `Cow` of serde never is.
#[derive(Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl Text<'_> {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Visits the elements of a list as they are read, until it is told that this is enough.
struct Each<F>(F);

impl<'de, F: FnMut(&'de RawValue) -> bool> DeserializeSeed<'de> for Each<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&'de RawValue) -> bool> Visitor<'de> for Each<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element::<&'de RawValue>()? {
            if !(self.0)(element) {
                break;
            }
        }
        Ok(())
    }
}

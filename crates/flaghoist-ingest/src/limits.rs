//! What records are held to, whatever shape they have.

use crate::observation::{
    Dropped, NAME_MAX_BYTES, OBSERVATIONS_MAX, Observation, PROPERTIES_MAX, PROPERTY_MAX_BYTES,
    SUBJECT_MAX_BYTES, Take, Unreadable,
};
use crate::scalar::Scalar;
use std::collections::BTreeMap;

/// Hands records over until there are more than a body may have.
pub(crate) struct Counted<'t> {
    take: Take<'t>,
    count: usize,
}

impl<'t> Counted<'t> {
    /// Hands over to `take`; nothing is counted yet.
    pub(crate) fn new(take: Take<'t>) -> Self {
        Self { take, count: 0 }
    }

    /// Hands over one record. [`Unreadable::TooMany`] when the body had [`OBSERVATIONS_MAX`] before it.
    pub(crate) fn give(&mut self, record: Result<Observation, Dropped>) -> Result<(), Unreadable> {
        if self.count == OBSERVATIONS_MAX {
            return Err(Unreadable::TooMany);
        }
        self.count += 1;
        (self.take)(record);
        Ok(())
    }
}

/// A subject as it is, unless it is absent, empty or too long.
pub(crate) fn subject(text: Option<&str>) -> Result<String, Dropped> {
    match text {
        None | Some("") => Err(Dropped::WithoutSubject),
        Some(text) if text.len() > SUBJECT_MAX_BYTES => Err(Dropped::SubjectTooLong),
        Some(text) => Ok(text.to_owned()),
    }
}

/// The name of an event or the key of a flag as it is; `absent` says which of them is missing if it is absent or empty.
pub(crate) fn name(text: Option<&str>, absent: Dropped) -> Result<String, Dropped> {
    optional_name(text)?.ok_or(absent)
}

/// An id or a key as it is; empty ones are none, because readers send them for what they do not know.
pub(crate) fn optional_name(text: Option<&str>) -> Result<Option<String>, Dropped> {
    match text {
        None | Some("") => Ok(None),
        Some(text) if text.len() > NAME_MAX_BYTES => Err(Dropped::NameTooLong),
        Some(text) => Ok(Some(text.to_owned())),
    }
}

/// The properties of an event, collected within their limits.
#[derive(Default)]
pub(crate) struct Properties(BTreeMap<String, String>);

impl Properties {
    /// Adds one, unless it is no scalar, a limit leaves it out, or the name is taken: what is added first stays.
    pub(crate) fn add(&mut self, name: &str, value: &Scalar<'_>) {
        if name.len() > PROPERTY_MAX_BYTES || self.0.len() == PROPERTIES_MAX || self.0.contains_key(name) {
            return;
        }
        if let Some(text) = value.text()
            && text.len() <= PROPERTY_MAX_BYTES
        {
            self.0.insert(name.to_owned(), text.into_owned());
        }
    }

    /// All that was added.
    pub(crate) fn into_map(self) -> BTreeMap<String, String> {
        self.0
    }
}

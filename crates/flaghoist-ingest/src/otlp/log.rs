//! Log records that are events.

use super::exposure::{self, CONTEXT_ID, EVALUATION};
use super::message::{LogRecord, Resource, known_ms, text_of};
use crate::limits::{self, Properties};
use crate::observation::{Dropped, Event, Observation, Origin};
use crate::scalar::Scalar;
use std::borrow::Cow;

/// Who an event happened to, the closest to a flag's subject first.
const SUBJECTS: [&str; 3] = [CONTEXT_ID, "enduser.id", "user.id"];

/// What a log record says.
pub(super) fn observe(resource: &Resource, record: &LogRecord, now_ms: i64) -> Result<Observation, Dropped> {
    let attributes = &record.attributes;
    let at_ms = known_ms(record.time_unix_nano)
        .or_else(|| known_ms(record.observed_time_unix_nano))
        .unwrap_or(now_ms);
    let name = Some(record.event_name.as_str()).filter(|name| !name.is_empty());
    let name = name.or_else(|| text_of(attributes, &["event.name"]));
    if name == Some(EVALUATION) {
        return exposure::of(attributes, at_ms).map(Observation::Exposure);
    }
    // Most log records of an application are no events: they are left before anything is built.
    let name = limits::name(name, Dropped::WithoutName)?;
    let subject = text_of(attributes, &SUBJECTS).or_else(|| text_of(&resource.attributes, &SUBJECTS));
    let subject = limits::subject(subject)?;
    let value = attributes.iter().find(|attribute| attribute.key == "value");
    let value = value.and_then(|attribute| attribute.scalar().number());
    if value.is_some_and(|value| !value.is_finite()) {
        return Err(Dropped::ValueNotFinite);
    }
    let event_id = limits::optional_name(text_of(attributes, &["log.record.uid"]))?;
    let mut properties = Properties::default();
    if let Some(severity) = severity(record) {
        properties.add("severity", &Scalar::Text(severity));
    }
    for attribute in attributes {
        properties.add(&attribute.key, &attribute.scalar());
    }
    let properties = properties.into_map();
    Ok(Observation::Event(Event { origin: Origin::Log, name, subject, at_ms, value, event_id, properties }))
}

/// The severity in lower case: as its logger calls it, else by its number.
fn severity(record: &LogRecord) -> Option<Cow<'static, str>> {
    if !record.severity_text.is_empty() {
        return Some(Cow::Owned(record.severity_text.to_lowercase()));
    }
    let name = match record.severity_number? {
        1..=4 => "trace",
        5..=8 => "debug",
        9..=12 => "info",
        13..=16 => "warn",
        17..=20 => "error",
        21..=24 => "fatal",
        _ => return None,
    };
    Some(Cow::Borrowed(name))
}

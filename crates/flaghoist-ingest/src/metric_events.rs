//! Our own shape of events, and what OpenFeature's `track` is called with.

use crate::json::{self, Text};
use crate::limits::{self, Counted, Properties};
use crate::observation::{Dropped, Event, Observation, Origin, Take, Unreadable};
use crate::scalar::Scalar;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Hands every event of a body to `take`, one after another.
///
/// The body is one event, or `{"events": [..]}`. An event has one of two shapes, which may stand side by side; members
/// that are not named here are ignored, and a member that is null is absent:
///
/// ```json
/// {"name": "checkout.paid", "subject": "alice", "value": 12.5, "properties": {"plan": "pro"},
///  "timestamp": "2026-11-21T10:00:00Z", "event_id": "0198f3"}
/// {"name": "checkout.paid", "context": {"targetingKey": "alice"}, "details": {"value": 12.5, "plan": "pro"}}
/// ```
///
/// The second one is OpenFeature's `track(name, context, details)`, its arguments as they are; `timestamp` and `event_id`
/// may stand beside them. Other attributes of the context are not read.
///
/// - `name` and `subject` (or `targeting_key`) are required texts.
/// - `timestamp` is RFC 3339 text or milliseconds since 1970; absent, it is `now_ms`.
/// - `value` is a number. The texts `NaN`, `Infinity` and `-Infinity`, which stand for what JSON cannot write, are
///   [`Dropped::ValueNotFinite`].
/// - `properties` is an object; of its members the scalars are kept, within the limits of [`Event::properties`].
///
/// An event that is not of this shape spoils nothing but itself.
///
/// # Errors
///
/// [`Unreadable`] when the body is no JSON object, has neither `events` nor `name`, or more events than
/// [`crate::OBSERVATIONS_MAX`]: what was taken before is to be forgotten.
pub fn read_metric_events(body: &[u8], now_ms: i64, take: Take<'_>) -> Result<(), Unreadable> {
    let body = json::object(body)?;
    let mut counted = Counted::new(take);
    if let Some(events) = json::member(body, "events")? {
        return json::each_element("events", events, &mut |event| counted.give(read(event, now_ms)));
    }
    if json::member(body, "name")?.is_none() {
        return Err(Unreadable::NoEvents);
    }
    counted.give(read(body, now_ms))
}

/// An event as it is written, in either shape.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow, default)]
    event_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default, alias = "targeting_key")]
    subject: Option<Text<'a>>,
    #[serde(default)]
    timestamp: Option<Moment>,
    #[serde(borrow, default)]
    value: Option<Scalar<'a>>,
    #[serde(borrow, default)]
    properties: Option<Members<'a>>,
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
    #[serde(borrow, default)]
    details: Option<Members<'a>>,
}

/// The evaluation context of a call of `track`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    #[serde(borrow, default)]
    targeting_key: Option<Text<'a>>,
}

fn read(event: &RawValue, now_ms: i64) -> Result<Observation, Dropped> {
    let written: Written<'_> = json::record(event)?;
    let mut properties = Properties::default();
    let (subject, value);
    // What has a subject is ours, whatever else stands there under other names.
    if let (None, Some(context)) = (&written.subject, written.context) {
        subject = json::record::<Context<'_>>(context)?.targeting_key;
        let mut details = written.details.map_or_else(Vec::new, |details| details.0);
        let at = details.iter().position(|(name, _)| name == "value");
        value = at.map(|at| details.remove(at).1);
        for (name, value) in &details {
            properties.add(name, value);
        }
    } else {
        subject = written.subject;
        value = written.value;
        for (name, value) in written.properties.iter().flat_map(|members| &members.0) {
            properties.add(name, value);
        }
    }
    Ok(Observation::Event(Event {
        origin: Origin::Event,
        name: limits::name(written.name.as_ref().map(Text::as_str), Dropped::WithoutName)?,
        subject: limits::subject(subject.as_ref().map(Text::as_str))?,
        at_ms: written.timestamp.map_or(now_ms, |moment| moment.0),
        value: value.as_ref().map_or(Ok(None), measured)?,
        event_id: limits::optional_name(written.event_id.as_ref().map(Text::as_str))?,
        properties: properties.into_map(),
    }))
}

/// The value of an event. Null is none.
fn measured(value: &Scalar<'_>) -> Result<Option<f64>, Dropped> {
    match (value, value.number()) {
        (Scalar::Null, _) => Ok(None),
        (_, Some(number)) if number.is_finite() => Ok(Some(number)),
        (_, Some(_)) => Err(Dropped::ValueNotFinite),
        (Scalar::Text(text), None) if ["NaN", "Infinity", "-Infinity"].contains(&text.as_ref()) => {
            Err(Dropped::ValueNotFinite)
        }
        (_, None) => Err(Dropped::Malformed),
    }
}

/// The members of an object, in their order.
struct Members<'a>(Vec<(Cow<'a, str>, Scalar<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), value)) = object.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

/// Milliseconds since 1970, written so or as RFC 3339 text; within the years that have one, so that sums of it with what a
/// metric waits for are no surprise.
struct Moment(i64);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MomentVisitor;

        impl Visitor<'_> for MomentVisitor {
            type Value = Moment;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("milliseconds since 1970, or a time of RFC 3339")
            }

            fn visit_i64<E: de::Error>(self, milliseconds: i64) -> Result<Moment, E> {
                let at = jiff::Timestamp::from_millisecond(milliseconds).map_err(E::custom)?;
                Ok(Moment(at.as_millisecond()))
            }

            fn visit_u64<E: de::Error>(self, milliseconds: u64) -> Result<Moment, E> {
                self.visit_i64(i64::try_from(milliseconds).map_err(E::custom)?)
            }

            #[expect(clippy::cast_possible_truncation, reason = "what is out of range is out of time too")]
            fn visit_f64<E: de::Error>(self, milliseconds: f64) -> Result<Moment, E> {
                self.visit_i64(milliseconds.floor() as i64)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Moment, E> {
                let at: jiff::Timestamp = text.parse().map_err(E::custom)?;
                Ok(Moment(at.as_millisecond()))
            }
        }

        deserializer.deserialize_any(MomentVisitor)
    }
}

//! Spans, and the evaluations within them.

use super::exposure::{self, EVALUATION, OLD_EVALUATION};
use super::lineage::{Lineage, SpanKey};
use super::message::{Resource, Span, known_ms, text_of};
use crate::limits::{self, Counted, Properties};
use crate::observation::{Dropped, Event, Observation, Origin, Unreadable};
use crate::scalar::Scalar;
use std::borrow::Cow;

/// Hands over what a span says: its evaluations in their order, then itself.
pub(super) fn observe(
    resource: &Resource,
    span: &Span,
    lineage: &mut Lineage,
    counted: &mut Counted<'_>,
) -> Result<(), Unreadable> {
    let key = SpanKey::of(&span.trace_id, &span.span_id);
    let (Some(key), Some(end_ms)) = (key, known_ms(span.end_time_unix_nano)) else {
        return counted.give(Err(Dropped::Malformed));
    };
    for event in
        span.events.iter().filter(|event| [EVALUATION, OLD_EVALUATION].contains(&event.name.as_str()))
    {
        let at_ms = known_ms(event.time_unix_nano).unwrap_or(end_ms);
        counted.give(exposure::of(&event.attributes, at_ms).map(Observation::Exposure))?;
    }
    let inherited = lineage.subject(key);
    let subject = inherited.as_deref().or_else(|| text_of(&span.attributes, &["enduser.id", "user.id"]));
    counted.give(event(resource, span, key, subject, end_ms).map(Observation::Event))
}

fn event(
    resource: &Resource,
    span: &Span,
    key: SpanKey,
    subject: Option<&str>,
    at_ms: i64,
) -> Result<Event, Dropped> {
    let subject = limits::subject(subject)?;
    let name = limits::name(Some(&span.name), Dropped::WithoutName)?;
    // Ours come first, so that no attribute takes their names.
    let mut properties = Properties::default();
    let code = span.status.as_ref().and_then(|status| status.code);
    properties.add("status", &Scalar::Text(Cow::Borrowed(status(code))));
    properties.add("kind", &Scalar::Text(Cow::Borrowed(kind(span.kind))));
    if let Some(service) = text_of(&resource.attributes, &["service.name"]) {
        properties.add("service.name", &Scalar::Text(Cow::Borrowed(service)));
    }
    for attribute in &span.attributes {
        properties.add(&attribute.key, &attribute.scalar());
    }
    Ok(Event {
        origin: Origin::Span,
        name,
        subject,
        at_ms,
        value: duration_ms(span),
        event_id: Some(key.to_hex()),
        properties: properties.into_map(),
    })
}

/// How long a span took; None when its beginning is unknown or after its end.
#[expect(clippy::cast_precision_loss, reason = "spans of more than 2^53 ns, a hundred days, are rounded")]
fn duration_ms(span: &Span) -> Option<f64> {
    let start = span.start_time_unix_nano.filter(|start| *start != 0)?;
    Some(span.end_time_unix_nano?.checked_sub(start)? as f64 / 1e6)
}

fn status(code: Option<i32>) -> &'static str {
    match code {
        Some(1) => "ok",
        Some(2) => "error",
        _ => "unset",
    }
}

/// A kind that is not said is internal, as the protocol allows to assume.
fn kind(kind: Option<i32>) -> &'static str {
    match kind {
        Some(2) => "server",
        Some(3) => "client",
        Some(4) => "producer",
        Some(5) => "consumer",
        _ => "internal",
    }
}

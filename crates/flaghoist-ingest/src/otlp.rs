//! What OpenTelemetry exports: log records and spans, as OTLP/HTTP sends them.
//!
//! ```text
//! request ── resource, scope, record ──▶ walk ──▶ message ──▶ log, span ──▶ Observation
//!            (encoding: Protobuf, Json)           (one record at a time)
//! ```
//!
//! Which attribute says what follows OpenTelemetry's semantic conventions of feature flags, of events and of users, and
//! their older names.

mod answer;
mod encoding;
mod exposure;
mod lineage;
mod log;
mod message;
mod span;
mod walk;

pub use answer::{OtlpReport, otlp_answer};

use crate::limits::Counted;
use crate::observation::{Take, Unreadable};
use encoding::{Encoded, Json, Protobuf};
use lineage::Lineage;

/// How a request is encoded, which its content type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtlpEncoding {
    /// `application/x-protobuf`.
    Protobuf,
    /// `application/json`: ids in hexadecimal, 64-bit integers as text or numbers, enums as numbers.
    Json,
}

/// Hands what the log records of an `ExportLogsServiceRequest` say to `take`, one after another.
///
/// The name of a record is its `event_name`, or its attribute `event.name`; a record without one is
/// [`Dropped::WithoutName`](crate::Dropped::WithoutName). Its time is when it happened, else when it was observed, else
/// `now_ms`.
///
/// **`feature_flag.evaluation` is an exposure**, described by the attributes
///
/// - `feature_flag.key`, required;
/// - `feature_flag.context.id`, the targeting key, required;
/// - `feature_flag.result.variant` (older: `feature_flag.variant`) and `feature_flag.result.allocation_key`;
/// - `feature_flag.result.reason` (older: `feature_flag.evaluation.reason`): unless it is `split` or `targeting_match`, in
///   any case, or absent, the record is [`Dropped::NotAssigned`](crate::Dropped::NotAssigned).
///
/// **Every other one is an event** of [`Origin::Log`](crate::Origin::Log). Its subject is the attribute
/// `feature_flag.context.id`, else `enduser.id`, else `user.id`, else what the resource says by these names. Its value is
/// the attribute `value` if that is a number, its id the attribute `log.record.uid`. Its properties are `severity`, in
/// lower case, and its attributes; without a severity text it is `trace`, `debug`, `info`, `warn`, `error` or `fatal` by
/// the severity number.
///
/// # Errors
///
/// [`Unreadable`] when the body is no such message, or has more than [`crate::OBSERVATIONS_MAX`] records: what was taken
/// before is to be forgotten. A record that cannot be decoded spoils nothing but itself.
pub fn read_otlp_logs(
    encoding: OtlpEncoding,
    body: &[u8],
    now_ms: i64,
    take: Take<'_>,
) -> Result<(), Unreadable> {
    match encoding {
        OtlpEncoding::Protobuf => read_logs(Protobuf::of(body), now_ms, take),
        OtlpEncoding::Json => read_logs(Json::of(body)?, now_ms, take),
    }
}

/// Hands what the spans of an `ExportTraceServiceRequest` say to `take`, one after another.
///
/// **A span is an event** of [`Origin::Span`](crate::Origin::Span) when it has a subject: the attribute
/// `feature_flag.context.id` of itself or of one of its span events, else that of the nearest of its ancestors in the same
/// body that has one, else its own `enduser.id`, else `user.id`. Its time is its end, its value how long it took in
/// milliseconds (none if it ended before it began, as when a clock was set), its id the hexadecimal trace id and span
/// id, since exporters send spans again. Its properties are `status` (`ok`, `error`, `unset`), `kind` (`internal`, `server`,
/// `client`, `producer`, `consumer`), `service.name` of the resource, and its attributes. A span without an end or with an
/// invalid id is [`Dropped::Malformed`](crate::Dropped::Malformed).
///
/// **Its span events named `feature_flag.evaluation` (older: `feature_flag`) are exposures**, described as in
/// [`read_otlp_logs`]; its other span events are not looked at.
///
/// # Errors
///
/// Those of [`read_otlp_logs`].
pub fn read_otlp_traces(encoding: OtlpEncoding, body: &[u8], take: Take<'_>) -> Result<(), Unreadable> {
    match encoding {
        OtlpEncoding::Protobuf => read_traces(Protobuf::of(body), take),
        OtlpEncoding::Json => read_traces(Json::of(body)?, take),
    }
}

fn read_logs<'a>(request: impl Encoded<'a>, now_ms: i64, take: Take<'_>) -> Result<(), Unreadable> {
    let mut counted = Counted::new(take);
    walk::each_record(request, walk::LOGS, &mut |resource, record| {
        counted.give(record.and_then(|record| log::observe(resource, &record, now_ms)))
    })
}

/// Children are often sent before their parents, so whose spans they are is known only at the end: the body is walked twice
/// rather than its spans kept.
fn read_traces<'a>(request: impl Encoded<'a>, take: Take<'_>) -> Result<(), Unreadable> {
    let mut lineage = Lineage::default();
    walk::each_record(request, walk::TRACES, &mut |_, span| span.map_or(Ok(()), |span| lineage.add(&span)))?;
    let mut counted = Counted::new(take);
    walk::each_record(request, walk::TRACES, &mut |resource, span| match span {
        Ok(span) => span::observe(resource, &span, &mut lineage, &mut counted),
        Err(dropped) => counted.give(Err(dropped)),
    })
}

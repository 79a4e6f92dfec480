//! What readers report, whatever shape they report it in: who got which variant, and what happened to whom.
//!
//! Every reader of this crate hands over the same type, [`Observation`], one at a time, and says of every record that it
//! leaves out why, as [`Dropped`]. A body that cannot be read at all is [`Unreadable`].

use std::collections::BTreeMap;

/// Most bytes of a subject. Subjects are keys of applications: identifiers, addresses of mail, digests.
pub const SUBJECT_MAX_BYTES: usize = 512;
/// Most bytes of the name of an event, of its id, and of the keys of a flag, an allocation and a variant.
pub const NAME_MAX_BYTES: usize = 256;
/// Most properties of an event; what comes after them is left out.
pub const PROPERTIES_MAX: usize = 64;
/// Most bytes of the name of a property, and of its text; longer ones are left out.
pub const PROPERTY_MAX_BYTES: usize = 256;
/// Most records of a body, observed and dropped ones together. SDKs send a thousand at most.
pub const OBSERVATIONS_MAX: usize = 50_000;
/// Most bytes of the encoded form of one record. It bounds what reading takes in memory, because a record is the most
/// that is held at once; spans with everything their limits allow are well below it.
pub const RECORD_MAX_BYTES: usize = 256 * 1024;

/// Takes what is observed, record by record: nothing is kept between them.
pub type Take<'t> = &'t mut dyn FnMut(Result<Observation, Dropped>);

/// Something that a reader reports of one subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// A subject got a variant.
    Exposure(Exposure),
    /// Something happened to a subject, which metrics may count.
    Event(Event),
}

/// A subject got a variant of a flag, by a split or by targeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// The targeting key, as it was sent: never trimmed, its case kept. Not empty, at most [`SUBJECT_MAX_BYTES`].
    pub subject: String,
    /// When the flag was evaluated, in milliseconds since 1970 by the reporter's clock. Not checked against ours.
    pub at_ms: i64,
    /// The key of the flag. Not empty.
    pub flag: String,
    /// The key of the allocation; none when the reporter does not know it, which OpenFeature's hooks do not.
    pub allocation: Option<String>,
    /// The key of the variant; none when the reporter does not say it.
    pub variant: Option<String>,
}

/// Something happened to a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What it was read from, which a metric selects first.
    pub origin: Origin,
    /// What happened. Not empty, at most [`NAME_MAX_BYTES`].
    pub name: String,
    /// To whom, as it was sent: never trimmed, its case kept. Not empty, at most [`SUBJECT_MAX_BYTES`].
    pub subject: String,
    /// When, in milliseconds since 1970 by the reporter's clock. Not checked against ours.
    pub at_ms: i64,
    /// How much: always finite, in the unit of the metric that selects it, and in milliseconds for spans. None when there
    /// is nothing to measure.
    pub value: Option<f64>,
    /// What tells a repeated report from a second event; none when the reporter does not say it.
    pub event_id: Option<String>,
    /// What a metric's filter may ask for: scalars as text. Numbers are in the shortest form of JSON (`3`, never `3.0`),
    /// booleans are `true` or `false`; lists, objects and whatever exceeds [`PROPERTIES_MAX`] or [`PROPERTY_MAX_BYTES`] are
    /// left out.
    pub properties: BTreeMap<String, String>,
}

/// What an event was read from. A metric's source names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// An event posted to us, or a call of OpenFeature's `track`.
    Event,
    /// A span of OpenTelemetry.
    Span,
    /// A log record of OpenTelemetry that has an event's name.
    Log,
}

impl Origin {
    /// The `source.type` of metrics that select such events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "events",
            Self::Span => "otlp_span",
            Self::Log => "otlp_log",
        }
    }
}

/// Why a body cannot be read at all. What was handed over of it before is to be forgotten.
///
/// The messages are for whoever sent the body and repeat the beginning of what is wrong in it: they are not for logs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is no JSON.
    #[error("the body is no JSON: {reason}")]
    Json {
        /// What stands there or is missing, and at what line and column.
        reason: String,
    },
    /// It is JSON, but what holds the records is of another shape.
    #[error("{place} is {found}; {accepted} would be accepted")]
    Shape {
        /// The body, or the name of a member.
        place: &'static str,
        /// The beginning of what stands there.
        found: String,
        /// What may stand there.
        accepted: &'static str,
    },
    /// It is JSON, but neither a list of events nor an event.
    #[error(
        "the body has no member \"events\" and no member \"name\"; send {{\"events\": [..]}}, or one event"
    )]
    NoEvents,
    /// It is no message of Protocol Buffers.
    #[error("the body is no protobuf message: {reason}, at byte {at_bytes}")]
    Protobuf {
        /// What is wrong there.
        reason: &'static str,
        /// Bytes of the body before it.
        at_bytes: usize,
    },
    /// It has too many records.
    #[error("the body has more than {OBSERVATIONS_MAX} records; send fewer at once")]
    TooMany,
}

/// Why a single record is left out. Its neighbours are read nevertheless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Dropped {
    /// It is not of the documented shape.
    #[error("the record is not of the documented shape")]
    Malformed,
    /// Its encoded form is longer than [`RECORD_MAX_BYTES`].
    #[error("the record has more than {RECORD_MAX_BYTES} bytes")]
    TooLarge,
    /// It does not say what happened. Ordinary log records are such.
    #[error("the record names no event")]
    WithoutName,
    /// It is an exposure that does not say of which flag.
    #[error("the exposure names no flag")]
    WithoutFlag,
    /// It does not say to whom it happened, or the subject is empty.
    #[error("the record has no subject, or an empty one")]
    WithoutSubject,
    /// Its value is infinite or no number.
    #[error("the value is not finite; a number would be accepted")]
    ValueNotFinite,
    /// The name, the id or a key is longer than [`NAME_MAX_BYTES`].
    #[error("a name, an id or a key has more than {NAME_MAX_BYTES} bytes")]
    NameTooLong,
    /// The subject is longer than [`SUBJECT_MAX_BYTES`].
    #[error("the subject has more than {SUBJECT_MAX_BYTES} bytes")]
    SubjectTooLong,
    /// It is an evaluation that assigned nothing: neither a split nor targeting decided it.
    #[error("neither a split nor targeting decided the evaluation")]
    NotAssigned,
}

impl Dropped {
    /// All of them, for counters that begin at zero.
    pub const ALL: [Self; 9] = [
        Self::Malformed,
        Self::TooLarge,
        Self::WithoutName,
        Self::WithoutFlag,
        Self::WithoutSubject,
        Self::ValueNotFinite,
        Self::NameTooLong,
        Self::SubjectTooLong,
        Self::NotAssigned,
    ];

    /// A stable name, for labels of metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::WithoutName => "without_name",
            Self::WithoutFlag => "without_flag",
            Self::WithoutSubject => "without_subject",
            Self::ValueNotFinite => "value_not_finite",
            Self::NameTooLong => "name_too_long",
            Self::SubjectTooLong => "subject_too_long",
            Self::NotAssigned => "not_assigned",
        }
    }
}

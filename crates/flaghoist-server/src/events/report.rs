//! What SDKs send: objects that hold lists of records, or records one after another, as JSON or lines of it.

use super::DropReason;
use crate::ApiError;
use axum::http::{HeaderMap, header};
use flaghoist_eval::{Attributes, Subject};
use flaghoist_model::Faults;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::Read as _;

/// Most bytes of a body once it is decompressed.
const UNPACKED_MAX_BYTES: u64 = 8 * 1024 * 1024;
/// Most records of a body. SDKs send a thousand at most.
const RECORDS_MAX: usize = 50_000;
/// Most evaluations of one record: more than an application makes in the time that a record is of.
const COUNT_MAX: u32 = 10_000_000;

/// Of what kind the records of a report are, which its address says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A subject got a variant.
    Exposure,
    /// A flag was evaluated, some number of times.
    Evaluation,
}

/// Exposures or evaluations of one outcome of a flag.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    pub(crate) kind: Kind,
    pub(crate) flag: Cow<'a, str>,
    /// Empty for none.
    pub(crate) allocation: Cow<'a, str>,
    /// Empty for none.
    pub(crate) variant: Cow<'a, str>,
    /// The targeting key, where the record names one.
    pub(crate) subject: Option<Cow<'a, str>>,
    /// The record as it is written; none where it was read from something else.
    pub(crate) written: Option<&'a RawValue>,
    /// How many.
    pub(crate) count: u32,
    /// Whether they failed.
    pub(crate) is_error: bool,
    /// Milliseconds since 1970 of the first and of the last; none for now.
    pub(crate) first_ms: Option<i64>,
    pub(crate) last_ms: Option<i64>,
}

/// One JSON value of a body: a batch, or a record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
    #[serde(borrow, default)]
    exposures: Option<&'a RawValue>,
    #[serde(borrow, default)]
    flag_evaluations: Option<&'a RawValue>,
    /// Ours, which hold both kinds.
    #[serde(borrow, default)]
    evaluations: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Context<'a> {
    #[serde(borrow, default)]
    env: Option<Cow<'a, str>>,
}

/// A record as Datadog's SDKs write it, as Eppo's assignment loggers are given it, and as we document it: keys stand
/// alone or in an object.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow, alias = "featureFlag")]
    flag: Key<'a>,
    #[serde(borrow, default, alias = "variation")]
    variant: Option<Key<'a>>,
    #[serde(borrow, default)]
    allocation: Option<Key<'a>>,
    #[serde(borrow, default, alias = "targeting_key")]
    subject: Option<Id<'a>>,
    #[serde(default)]
    timestamp: Option<Moment>,
    #[serde(default)]
    first_evaluation: Option<Moment>,
    #[serde(default)]
    last_evaluation: Option<Moment>,
    #[serde(default, alias = "count")]
    evaluation_count: Option<u32>,
    #[serde(default)]
    error: Option<serde::de::IgnoredAny>,
}

/// What a record says of its subject: in it, as Datadog's SDKs do, or beside it, as Eppo's assignment loggers do.
#[derive(Deserialize)]
struct Described<'a> {
    #[serde(borrow, default)]
    subject: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "subjectAttributes")]
    beside: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct SubjectOf<'a> {
    #[serde(borrow, default)]
    attributes: Option<&'a RawValue>,
}

impl Record<'_> {
    /// Gives the subject to `take`, when the record says what its attributes are.
    pub(super) fn show_subject(&self, take: &mut dyn FnMut(&Subject<'_>)) {
        let described =
            self.written.and_then(|written| serde_json::from_str::<Described<'_>>(written.get()).ok());
        let Some(Described { subject, beside }) = described else { return };
        let inside =
            subject.and_then(|subject| serde_json::from_str::<SubjectOf<'_>>(subject.get()).ok()?.attributes);
        let attributes =
            inside.or(beside).and_then(|text| serde_json::from_str::<Attributes<'_>>(text.get()).ok());
        if let Some(attributes) = attributes {
            take(&Subject { targeting_key: self.subject.as_deref(), attributes: &attributes });
        }
    }
}

/// A key: text, or an object with a member `key`.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrMember("key")).map(Self)
    }
}

/// A subject: its targeting key as text, or an object with a member `id`.
struct Id<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Id<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrMember("id")).map(Self)
    }
}

/// Reads text, or the text of one member of an object.
struct TextOrMember(&'static str);

impl<'de> serde::de::Visitor<'de> for TextOrMember {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "text, or an object with a member {}", self.0)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Key(name)) = map.next_key()? {
            if name == self.0 {
                found = Some(map.next_value::<Key<'de>>()?.0);
            } else {
                map.next_value::<serde::de::IgnoredAny>()?;
            }
        }
        found.ok_or_else(|| serde::de::Error::missing_field(self.0))
    }
}

/// Milliseconds since 1970, or RFC 3339 text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Moment {
    Milliseconds(i64),
    Fraction(f64),
    Text(jiff::Timestamp),
}

impl Moment {
    fn milliseconds(self) -> i64 {
        match self {
            Self::Milliseconds(milliseconds) => milliseconds,
            #[expect(clippy::cast_possible_truncation, reason = "what is out of range is out of time too")]
            Self::Fraction(milliseconds) => milliseconds as i64,
            Self::Text(at) => at.as_millisecond(),
        }
    }
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    /// RFC 1950, which HTTP calls so.
    Deflate,
}

impl Encoding {
    /// What the headers say.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let encoding = headers.get(header::CONTENT_ENCODING).and_then(|encoding| encoding.to_str().ok());
        match encoding.map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "identity") => Ok(Self::Identity),
            Some("gzip") => Ok(Self::Gzip),
            Some("deflate") => Ok(Self::Deflate),
            Some(other) => {
                Err(invalid(format!("the body is encoded as {other:?}; send gzip, deflate or nothing")))
            }
        }
    }
}

/// The text of a body, decompressed.
pub(super) fn unpack(encoding: Encoding, body: &[u8]) -> Result<Cow<'_, [u8]>, ApiError> {
    let mut unpacked = Vec::new();
    let limit = UNPACKED_MAX_BYTES + 1;
    let read = match encoding {
        Encoding::Identity => return Ok(Cow::Borrowed(body)),
        Encoding::Gzip => flate2::read::MultiGzDecoder::new(body).take(limit).read_to_end(&mut unpacked),
        Encoding::Deflate => flate2::read::ZlibDecoder::new(body).take(limit).read_to_end(&mut unpacked),
    };
    read.map_err(|error| invalid(format!("the body does not decompress: {error}")))?;
    if u64::try_from(unpacked.len()).is_ok_and(|length| length <= UNPACKED_MAX_BYTES) {
        return Ok(Cow::Owned(unpacked));
    }
    Err(ApiError::TooLarge { limit_bytes: usize::try_from(UNPACKED_MAX_BYTES).unwrap_or(usize::MAX) })
}

/// Takes records, each with the `DD_ENV` that its application says, if it does.
pub(super) type Take<'t> = &'t mut dyn FnMut(Option<&str>, Result<Record<'_>, DropReason>);

/// The same, and says whether there is room for more.
type TakeWhileRoom<'t> = &'t mut dyn FnMut(Option<&str>, Result<Record<'_>, DropReason>) -> bool;

/// Hands every record of a body to `take`, one after another: nothing is kept. `kind` is that of records whose list does
/// not say it. A record that is not of the documented shape spoils nothing but itself.
///
/// [`ApiError::Invalid`] when the body is no JSON, or has too many records: what was taken before is to be forgotten.
pub(super) fn read(body: &[u8], kind: Kind, take: Take<'_>) -> Result<(), ApiError> {
    let mut count = 0_usize;
    let mut take = |env: Option<&str>, record: Result<Record<'_>, DropReason>| {
        count += 1;
        if count <= RECORDS_MAX {
            take(env, record);
        }
        count <= RECORDS_MAX
    };
    for value in serde_json::Deserializer::from_slice(body).into_iter::<&RawValue>() {
        let value = value.map_err(|error| {
            invalid(format!("the body is no JSON object, nor lines of JSON objects: {error}"))
        })?;
        if !read_value(value, kind, &mut take) {
            return Err(invalid(format!("the body has more than {RECORDS_MAX} records; send fewer at once")));
        }
    }
    Ok(())
}

/// Whether there is room for more.
fn read_value(value: &RawValue, kind: Kind, take: TakeWhileRoom<'_>) -> bool {
    let Ok(entry) = serde_json::from_str::<Entry<'_>>(value.get()) else {
        return take(None, Err(DropReason::Malformed));
    };
    let context = entry.context.and_then(|context| serde_json::from_str::<Context<'_>>(context.get()).ok());
    let env = context.and_then(|context| context.env);
    let lists = [
        (entry.exposures, Kind::Exposure),
        (entry.flag_evaluations, Kind::Evaluation),
        (entry.evaluations, Kind::Evaluation),
    ];
    if lists.iter().all(|(list, _)| list.is_none()) {
        return take(env.as_deref(), read_record(value, kind));
    }
    for (list, kind) in lists {
        let Some(list) = list else { continue };
        let mut has_room = true;
        let each = Each(|record: &RawValue| {
            has_room = take(env.as_deref(), read_record(record, kind));
            has_room
        });
        let mut deserializer = serde_json::Deserializer::from_str(list.get());
        let is_list = serde::de::DeserializeSeed::deserialize(each, &mut deserializer).is_ok();
        if !has_room || (!is_list && !take(env.as_deref(), Err(DropReason::Malformed))) {
            return false;
        }
    }
    true
}

/// Visits the elements of a list as they are read, until it is told that there is no more room.
struct Each<F>(F);

impl<'de, F: FnMut(&'de RawValue) -> bool> serde::de::DeserializeSeed<'de> for Each<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&'de RawValue) -> bool> serde::de::Visitor<'de> for Each<F> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(record) = list.next_element::<&'de RawValue>()? {
            if !(self.0)(record) {
                break;
            }
        }
        Ok(())
    }
}

fn read_record(record: &RawValue, kind: Kind) -> Result<Record<'_>, DropReason> {
    let written: Written<'_> = serde_json::from_str(record.get()).map_err(|_| DropReason::Malformed)?;
    let timestamp = written.timestamp.map(Moment::milliseconds);
    let count = if kind == Kind::Exposure { 1 } else { written.evaluation_count.unwrap_or(1) };
    if !(1..=COUNT_MAX).contains(&count) {
        return Err(DropReason::Malformed);
    }
    Ok(Record {
        kind,
        flag: written.flag.0,
        allocation: written.allocation.map_or(Cow::Borrowed(""), |key| key.0),
        variant: written.variant.map_or(Cow::Borrowed(""), |key| key.0),
        subject: written.subject.map(|id| id.0),
        written: Some(record),
        count,
        is_error: written.error.is_some(),
        first_ms: written.first_evaluation.map(Moment::milliseconds).or(timestamp),
        last_ms: written.last_evaluation.map(Moment::milliseconds).or(timestamp),
    })
}

fn invalid(message: String) -> ApiError {
    let mut faults = Faults::new();
    faults.push(message);
    ApiError::Invalid(faults.into_vec())
}

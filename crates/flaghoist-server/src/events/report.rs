//! What SDKs send: objects that hold lists of records, or records one after another, as JSON or lines of it.

use super::DropReason;
use crate::ApiError;
use axum::http::{HeaderMap, header};
use flaghoist_model::Faults;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::Read as _;

/// Most bytes of a report once it is decompressed.
const UNPACKED_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Of what kind the records of a report are, which its address says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A subject got a variant.
    Exposure,
    /// A flag was evaluated, some number of times.
    Evaluation,
}

/// Records of one application.
pub(crate) struct Report<'a> {
    /// The application's `DD_ENV`, if it says it.
    pub(crate) env: Option<Cow<'a, str>>,
    /// What it reports.
    pub(crate) records: Vec<Result<Record<'a>, DropReason>>,
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
    context: Option<Context<'a>>,
    #[serde(borrow, default)]
    exposures: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    flag_evaluations: Option<Vec<&'a RawValue>>,
    /// Ours, which hold both kinds.
    #[serde(borrow, default)]
    evaluations: Option<Vec<&'a RawValue>>,
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

/// A key: text, or an object with a member `key`.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> serde::de::Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a key, or an object with a member key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Key<'de>, A::Error> {
                let mut found = None;
                while let Some(Key(name)) = map.next_key()? {
                    if name == "key" {
                        found = Some(map.next_value::<Key<'de>>()?);
                    } else {
                        map.next_value::<serde::de::IgnoredAny>()?;
                    }
                }
                found.ok_or_else(|| serde::de::Error::missing_field("key"))
            }
        }

        deserializer.deserialize_any(KeyVisitor)
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

/// The text of a report, decompressed if it says that it is compressed.
pub(crate) fn unpack<'b>(headers: &HeaderMap, body: &'b [u8]) -> Result<Cow<'b, [u8]>, ApiError> {
    let encoding = headers.get(header::CONTENT_ENCODING).and_then(|encoding| encoding.to_str().ok());
    let mut unpacked = Vec::new();
    let read = match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "identity") => return Ok(Cow::Borrowed(body)),
        Some("gzip") => {
            flate2::read::GzDecoder::new(body).take(UNPACKED_MAX_BYTES + 1).read_to_end(&mut unpacked)
        }
        Some("deflate") => {
            flate2::read::ZlibDecoder::new(body).take(UNPACKED_MAX_BYTES + 1).read_to_end(&mut unpacked)
        }
        Some(other) => {
            return Err(invalid(format!("the body is encoded as {other:?}; send gzip, deflate or nothing")));
        }
    };
    read.map_err(|error| invalid(format!("the body does not decompress: {error}")))?;
    if u64::try_from(unpacked.len()).is_ok_and(|length| length <= UNPACKED_MAX_BYTES) {
        return Ok(Cow::Owned(unpacked));
    }
    Err(ApiError::TooLarge { limit_bytes: usize::try_from(UNPACKED_MAX_BYTES).unwrap_or(usize::MAX) })
}

/// The reports in a body. `kind` is that of records whose list does not say it.
///
/// [`ApiError::Invalid`] when the body is no JSON at all; a record that is not of the documented shape spoils nothing but
/// itself.
pub(crate) fn read(body: &[u8], kind: Kind) -> Result<Vec<Report<'_>>, ApiError> {
    let mut reports = Vec::new();
    for value in serde_json::Deserializer::from_slice(body).into_iter::<&RawValue>() {
        let value = value.map_err(|error| {
            invalid(format!("the body is no JSON object, nor lines of JSON objects: {error}"))
        })?;
        let Ok(entry) = serde_json::from_str::<Entry<'_>>(value.get()) else {
            reports.push(Report { env: None, records: vec![Err(DropReason::Malformed)] });
            continue;
        };
        let lists = [
            (entry.exposures, Kind::Exposure),
            (entry.flag_evaluations, Kind::Evaluation),
            (entry.evaluations, Kind::Evaluation),
        ];
        let is_record = lists.iter().all(|(list, _)| list.is_none());
        let mut records = Vec::new();
        for (list, kind) in lists {
            records.extend(list.unwrap_or_default().into_iter().map(|record| read_record(record, kind)));
        }
        if is_record {
            records.push(read_record(value, kind));
        }
        reports.push(Report { env: entry.context.and_then(|context| context.env), records });
    }
    Ok(reports)
}

fn read_record(record: &RawValue, kind: Kind) -> Result<Record<'_>, DropReason> {
    let written: Written<'_> = serde_json::from_str(record.get()).map_err(|_| DropReason::Malformed)?;
    let timestamp = written.timestamp.map(Moment::milliseconds);
    Ok(Record {
        kind,
        flag: written.flag.0,
        allocation: written.allocation.map_or(Cow::Borrowed(""), |key| key.0),
        variant: written.variant.map_or(Cow::Borrowed(""), |key| key.0),
        count: if kind == Kind::Exposure { 1 } else { written.evaluation_count.unwrap_or(1) },
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

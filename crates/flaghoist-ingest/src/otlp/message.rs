//! The messages of OTLP, with the fields that are read here and no others: prost and serde skip the rest.
//!
//! Source: <https://github.com/open-telemetry/opentelemetry-proto>, and the JSON encoding of
//! <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>. One declaration serves both encodings.

use crate::scalar::Scalar;
use serde::{Deserialize, Deserializer, de};
use std::borrow::Cow;
use std::str::FromStr;

/// `opentelemetry.proto.resource.v1.Resource`: who reports.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(super) struct Resource {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "or_default")]
    pub(super) attributes: Vec<KeyValue>,
}

/// `opentelemetry.proto.common.v1.KeyValue`: an attribute.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(super) struct KeyValue {
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "or_default")]
    pub(super) key: String,
    #[prost(message, optional, tag = "2")]
    pub(super) value: Option<AnyValue>,
}

/// `opentelemetry.proto.common.v1.AnyValue`, a choice of which only the scalars are read. On the wire a choice is its
/// fields, of which one is there.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(super) struct AnyValue {
    #[prost(string, optional, tag = "1")]
    #[serde(rename = "stringValue")]
    pub(super) text: Option<String>,
    #[prost(bool, optional, tag = "2")]
    #[serde(rename = "boolValue")]
    pub(super) boolean: Option<bool>,
    #[prost(int64, optional, tag = "3")]
    #[serde(rename = "intValue", deserialize_with = "number")]
    pub(super) integer: Option<i64>,
    #[prost(double, optional, tag = "4")]
    #[serde(rename = "doubleValue", deserialize_with = "number")]
    pub(super) double: Option<f64>,
}

/// `opentelemetry.proto.logs.v1.LogRecord`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LogRecord {
    /// When it happened; none and 0 when that is not known.
    #[prost(fixed64, optional, tag = "1")]
    #[serde(deserialize_with = "number")]
    pub(super) time_unix_nano: Option<u64>,
    /// When a collector saw it.
    #[prost(fixed64, optional, tag = "11")]
    #[serde(deserialize_with = "number")]
    pub(super) observed_time_unix_nano: Option<u64>,
    /// From 1, in fours: trace, debug, info, warn, error, fatal.
    #[prost(int32, optional, tag = "2")]
    pub(super) severity_number: Option<i32>,
    #[prost(string, tag = "3")]
    #[serde(deserialize_with = "or_default")]
    pub(super) severity_text: String,
    #[prost(message, repeated, tag = "6")]
    #[serde(deserialize_with = "or_default")]
    pub(super) attributes: Vec<KeyValue>,
    #[prost(string, tag = "12")]
    #[serde(deserialize_with = "or_default")]
    pub(super) event_name: String,
}

/// `opentelemetry.proto.trace.v1.Span`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "fields are named as in the protocol, which serde relies on")]
pub(super) struct Span {
    #[prost(bytes = "vec", tag = "1")]
    #[serde(deserialize_with = "hexadecimal")]
    pub(super) trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    #[serde(deserialize_with = "hexadecimal")]
    pub(super) span_id: Vec<u8>,
    /// Empty for the root of a trace.
    #[prost(bytes = "vec", tag = "4")]
    #[serde(deserialize_with = "hexadecimal")]
    pub(super) parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    /// 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    #[prost(int32, optional, tag = "6")]
    pub(super) kind: Option<i32>,
    #[prost(fixed64, optional, tag = "7")]
    #[serde(deserialize_with = "number")]
    pub(super) start_time_unix_nano: Option<u64>,
    #[prost(fixed64, optional, tag = "8")]
    #[serde(deserialize_with = "number")]
    pub(super) end_time_unix_nano: Option<u64>,
    #[prost(message, repeated, tag = "9")]
    #[serde(deserialize_with = "or_default")]
    pub(super) attributes: Vec<KeyValue>,
    #[prost(message, repeated, tag = "11")]
    #[serde(deserialize_with = "or_default")]
    pub(super) events: Vec<SpanEvent>,
    #[prost(message, optional, tag = "15")]
    pub(super) status: Option<Status>,
}

/// `opentelemetry.proto.trace.v1.Span.Event`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SpanEvent {
    #[prost(fixed64, optional, tag = "1")]
    #[serde(deserialize_with = "number")]
    pub(super) time_unix_nano: Option<u64>,
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[prost(message, repeated, tag = "3")]
    #[serde(deserialize_with = "or_default")]
    pub(super) attributes: Vec<KeyValue>,
}

/// `opentelemetry.proto.trace.v1.Status`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(super) struct Status {
    /// 0 unset, 1 ok, 2 error.
    #[prost(int32, optional, tag = "3")]
    pub(super) code: Option<i32>,
}

impl KeyValue {
    /// The value, as everything else of this crate takes it.
    pub(super) fn scalar(&self) -> Scalar<'_> {
        match &self.value {
            Some(AnyValue { text: Some(text), .. }) => Scalar::Text(Cow::Borrowed(text)),
            Some(AnyValue { boolean: Some(boolean), .. }) => Scalar::Boolean(*boolean),
            Some(AnyValue { integer: Some(number), .. }) => Scalar::Integer(*number),
            Some(AnyValue { double: Some(number), .. }) => Scalar::Number(*number),
            _ => Scalar::Nested,
        }
    }
}

/// The first attribute of one of these names, in the order of the names, that is a text and not empty.
pub(super) fn text_of<'a>(attributes: &'a [KeyValue], names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| {
        let attribute = attributes.iter().find(|attribute| attribute.key == *name)?;
        attribute.value.as_ref()?.text.as_deref().filter(|text| !text.is_empty())
    })
}

/// Milliseconds since 1970 of nanoseconds since 1970; 0 nanoseconds stand for an unknown time.
pub(super) fn known_ms(unix_nano: Option<u64>) -> Option<i64> {
    let milliseconds = unix_nano.filter(|nanoseconds| *nanoseconds != 0)? / 1_000_000;
    i64::try_from(milliseconds).ok()
}

/// Null stands for the default in the JSON of Protocol Buffers.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A number that may stand as text, as 64-bit integers do, and doubles that JSON cannot write: `NaN`, `Infinity`.
fn number<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + FromStr<Err: std::fmt::Display>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written<T> {
        Number(T),
        Text(String),
    }

    match Option::deserialize(deserializer)? {
        None => Ok(None),
        Some(Written::Number(number)) => Ok(Some(number)),
        Some(Written::Text(text)) => text.parse().map(Some).map_err(de::Error::custom),
    }
}

/// Bytes of an id, which OTLP writes in hexadecimal, unlike other JSON of Protocol Buffers.
fn hexadecimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text: String = or_default(deserializer)?;
    hex::decode(text).map_err(de::Error::custom)
}

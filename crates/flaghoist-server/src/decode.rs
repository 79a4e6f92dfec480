//! From request bodies to drafts: members that know whether they were absent, null or of the wrong type, and
//! faults with JSON pointers for all of them.

use crate::ApiError;
use crate::app::{App, AppState};
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::{HeaderMap, header, request::Parts};
use bytes::Bytes;
use flaghoist_model::{Faults, Patch};
use jiff::{Timestamp, Unit};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt::{self, Write as _};
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

/// Largest body of a management request.
const BODY_MAX_BYTES: usize = 4 * 1024 * 1024;

/// Most characters of an offending value that a message repeats.
const EXCERPT_MAX_CHARS: usize = 60;

/// A member of a request body as it arrived. Structs of members take `#[serde(default)]`.
#[derive(Clone, Debug, Default)]
pub(crate) enum Member<T> {
    /// Not there.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// Of the right type.
    Value(T),
    /// Of another type.
    Wrong {
        /// The value, shortened.
        excerpt: String,
        /// Why it does not do, when that is more than its type.
        detail: Option<String>,
    },
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Member<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if raw == "null" {
            return Ok(Self::Null);
        }
        Ok(match serde_json::from_str(raw) {
            Ok(value) => Self::Value(value),
            Err(error) => Self::Wrong {
                excerpt: excerpt(raw),
                detail: Some(error.to_string()).filter(|error| says_more(error)),
            },
        })
    }
}

/// Whether an error of serde's names a member, which the value's type does not.
fn says_more(error: &str) -> bool {
    error.starts_with("duplicate field") || error.starts_with("unknown field")
}

/// A value as messages repeat it: shortened.
pub(crate) fn excerpt(raw: &str) -> String {
    let mut shortened: String = raw.chars().take(EXCERPT_MAX_CHARS).collect();
    if shortened.len() < raw.len() {
        shortened.push('…');
    }
    shortened
}

impl<T> Member<T> {
    /// This member, or another where this one is absent.
    pub(crate) fn or(self, other: Self) -> Self {
        if matches!(self, Self::Absent) { other } else { self }
    }

    /// The value; its absence is a fault that says what to give.
    pub(crate) fn required(self, name: &str, accepted: &str, faults: &mut Faults) -> Option<T> {
        match self {
            Self::Absent => faults.push_at(name, format!("is required; give {accepted}")),
            Self::Null => faults.push_at(name, format!("is null; give {accepted}")),
            other => return other.optional(name, accepted, faults),
        }
        None
    }

    /// The value, if there is one; null is as good as absent.
    pub(crate) fn optional(self, name: &str, accepted: &str, faults: &mut Faults) -> Option<T> {
        match self {
            Self::Value(value) => return Some(value),
            Self::Absent | Self::Null => {}
            Self::Wrong { excerpt, detail } => {
                let mut message = format!("{excerpt} does not do; give {accepted}");
                if let Some(detail) = detail {
                    let _ = write!(message, " ({detail})");
                }
                faults.push_at(name, message);
            }
        }
        None
    }

    /// What a partial update says: absent keeps, null clears.
    pub(crate) fn patch(self, name: &str, accepted: &str, faults: &mut Faults) -> Patch<T> {
        match self {
            Self::Null => Patch::Clear,
            other => other.optional(name, accepted, faults).map_or(Patch::Keep, Patch::Set),
        }
    }

    /// Whether the member is there and not null.
    pub(crate) fn is_given(&self) -> bool {
        !matches!(self, Self::Absent | Self::Null)
    }
}

/// A JSON object read into a struct. Without it, a struct's derived reading takes arrays too.
#[derive(Clone, Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

/// What texts are called in messages.
pub(crate) const A_STRING: &str = "a string";
/// What switches are called in messages.
pub(crate) const A_BOOLEAN: &str = "true or false";
/// What identifiers are called in messages.
pub(crate) const A_UUID: &str = "a UUID";

/// What moments are called in messages.
pub(crate) const A_MOMENT: &str = "an RFC 3339 time such as 2026-11-20T10:00:00Z";

/// A moment in a body, to the microsecond, which is what the store keeps.
pub(crate) fn moment(text: Option<String>, name: &str, faults: &mut Faults) -> Option<Timestamp> {
    let parse = |text: &str| text.parse::<Timestamp>().ok()?.round(Unit::Microsecond).ok();
    one_of(text, name, parse, "the forms of an RFC 3339 time such as 2026-11-20T10:00:00Z", faults)
}

/// One of a closed set of names; `None` is recorded as a fault that lists them.
pub(crate) fn one_of<T>(
    text: Option<String>,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
    accepted: &str,
    faults: &mut Faults,
) -> Option<T> {
    let text = text?;
    let parsed = parse(&text);
    if parsed.is_none() {
        faults.push_at(name, format!("{:?} is none of {accepted}", excerpt(&text)));
    }
    parsed
}

/// A whole number in a query; one outside the range is recorded as a fault.
pub(crate) fn whole_number(
    text: Option<String>,
    name: &str,
    range: std::ops::RangeInclusive<i64>,
    faults: &mut Faults,
) -> Option<i64> {
    let parse = |text: &str| text.parse().ok().filter(|number| range.contains(number));
    one_of(text, name, parse, &format!("the whole numbers from {} to {}", range.start(), range.end()), faults)
}

/// An identifier in a body.
pub(crate) fn id<T: FromStr>(text: Option<String>, name: &str, faults: &mut Faults) -> Option<T> {
    one_of(text, name, |text| text.parse().ok(), "the forms of a UUID", faults)
}

/// The parameters of a path. What is no text, such as `%FF`, names nothing: 404.
pub(crate) struct PathOf<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for PathOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        let path = Path::<T>::from_request_parts(parts, &()).await;
        path.map(|Path(path)| Self(path))
            .map_err(|_| ApiError::NotFound("there is nothing at this path".to_owned()))
    }
}

/// Length of a UUID in its usual form; the parser knows others, which no answer of ours shows.
const HYPHENATED_UUID_BYTES: usize = 36;

/// An identifier in a path. What is no UUID names nothing: 404.
pub(crate) fn path_id<T: FromStr>(text: &str, what: &str) -> Result<T, ApiError> {
    if text.len() != HYPHENATED_UUID_BYTES {
        return Err(not_found(what, text));
    }
    text.parse().map_err(|_| not_found(what, text))
}

/// There is no `what` of that id.
pub(crate) fn not_found(what: &str, id: impl std::fmt::Display) -> ApiError {
    ApiError::NotFound(format!("there is no {what} {:?}", excerpt(&id.to_string())))
}

/// The bytes of a management request's body, which declares no other type than JSON.
pub(crate) async fn read_json(request: Request, app: &App) -> Result<Bytes, ApiError> {
    check_media_type(request.headers())?;
    read_body(request.into_body(), BODY_MAX_BYTES, app.body_timeout).await
}

/// The body of a management request, read into its outermost object.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        parse_object(&read_json(request, app).await?).map(Self)
    }
}

/// Reads a body of at most `limit_bytes`, which arrives within `timeout`.
pub(crate) async fn read_body(body: Body, limit_bytes: usize, timeout: Duration) -> Result<Bytes, ApiError> {
    use http_body_util::{BodyExt, LengthLimitError, Limited};
    let collected = tokio::time::timeout(timeout, Limited::new(body, limit_bytes).collect()).await;
    match collected.map_err(|_| ApiError::BodyTooSlow)? {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::TooLarge { limit_bytes }),
        Err(_) => Err(ApiError::BodyBroken),
    }
}

/// Refuses bodies of a declared type other than JSON. No declared type is fine: it cannot be anything else.
pub(crate) fn check_media_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(declared) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let declared = String::from_utf8_lossy(declared.as_bytes());
    let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || essence.ends_with("+json") {
        return Ok(());
    }
    Err(ApiError::UnsupportedMediaType(excerpt(&declared)))
}

/// Reads the text of a JSON object into members.
pub(crate) fn parse_object<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map(|Object(object)| object).map_err(|error| {
        let mut faults = Faults::new();
        faults.push(format!("the body is not the JSON object that is asked for: {error}"));
        ApiError::Invalid(faults.into_vec())
    })
}

/// Reads the text of a JSON object that stands in a member of a request: the place of `faults`.
pub(crate) fn parse_text<T: DeserializeOwned>(text: &str, faults: &mut Faults) -> Result<T, ApiError> {
    serde_json::from_str(text).map(|Object(object)| object).map_err(|error| {
        faults.push(format!("is not the text of the JSON object that is asked for: {error}"));
        ApiError::Invalid(std::mem::take(faults).into_vec())
    })
}

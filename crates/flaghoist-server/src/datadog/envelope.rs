//! The envelope of requests and answers, and the extractors that read them.

use super::MEDIA_TYPE;
use crate::ApiError;
use crate::app::AppState;
use crate::decode::{self, Member, Object};
use axum::extract::{FromRequestParts, Query};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use axum::response::{IntoResponse, Response};
use flaghoist_model::Faults;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One resource of an answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Resource<T> {
    /// Identifier.
    #[schema(example = "0b7c2a34-90ab-7cde-8f01-23456789abcd")]
    pub(crate) id: String,
    /// Kind of resource.
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    pub(crate) kind: &'static str,
    /// Its members.
    pub(crate) attributes: T,
}

/// An answer with one resource.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Document<T> {
    /// The resource, or the resources where an operation answers several.
    pub(crate) data: T,
}

/// An answer with a page of resources.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The resources.
    pub(crate) data: Vec<T>,
    /// About the list.
    pub(crate) meta: Meta,
}

/// About a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Meta {
    /// About paging.
    pub(crate) page: Page,
}

/// Counts of a list.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Page {
    /// How many there are.
    #[schema(example = 2)]
    pub(crate) total_count: i64,
    /// How many the filters let through.
    #[schema(example = 2)]
    pub(crate) total_filtered_count: i64,
}

/// An answer of this dialect.
pub(crate) struct Answer<T>(pub(crate) StatusCode, pub(crate) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.1) {
            Ok(body) => {
                let media_type = HeaderValue::from_static(MEDIA_TYPE);
                (self.0, [(header::CONTENT_TYPE, media_type)], body).into_response()
            }
            Err(error) => ApiError::internal(error).into_response(),
        }
    }
}

/// Whether the client declared JSON:API. Such clients get error objects instead of strings, and arrays of
/// allocations instead of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JsonApi(pub(crate) bool);

impl JsonApi {
    /// What the headers of a request declare.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let declares = |name| {
            headers
                .get_all(name)
                .iter()
                .any(|value| value.to_str().is_ok_and(|text| text.to_ascii_lowercase().contains(MEDIA_TYPE)))
        };
        Self(declares(header::ACCEPT) || declares(header::CONTENT_TYPE))
    }
}

impl FromRequestParts<AppState> for JsonApi {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        Ok(Self::of(&parts.headers))
    }
}

/// `data` of a request with one resource.
#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
pub(crate) struct RequestDocument<T> {
    #[serde(default)]
    data: Member<Object<RequestResource<T>>>,
}

/// One resource of a request.
#[derive(Clone, Deserialize, Debug)]
#[serde(bound = "T: DeserializeOwned")]
pub(crate) struct RequestResource<T> {
    #[serde(default)]
    id: Member<String>,
    #[serde(default, rename = "type")]
    kind: Member<String>,
    #[serde(default)]
    attributes: Member<Object<T>>,
}

impl<T> RequestDocument<T> {
    /// The attributes of a resource of type `kind`, and its id; faults of the envelope end the reading.
    pub(crate) fn open(self, kind: &str) -> Result<(T, Option<String>), ApiError> {
        let mut faults = Faults::new();
        let data = self.data.required("data", "the resource as an object", &mut faults);
        let opened = data.and_then(|Object(data)| faults.at("data", |faults| data.open(kind, faults)));
        match opened {
            Some(opened) if faults.is_empty() => Ok(opened),
            _ => Err(ApiError::Invalid(faults.into_vec())),
        }
    }
}

impl<T> RequestResource<T> {
    /// The attributes of a resource of type `kind`, and its id. The place of `faults` is the resource.
    pub(crate) fn open(self, kind: &str, faults: &mut Faults) -> Option<(T, Option<String>)> {
        let accepted = format!("{kind:?}");
        let given = self.kind.required("type", &accepted, faults);
        if let Some(other) = given.filter(|given| given != kind) {
            faults.push_at("type", format!("{other:?} does not do; give {accepted}"));
        }
        let id = self.id.optional("id", decode::A_UUID, faults);
        let Object(attributes) =
            self.attributes.required("attributes", "the members as an object", faults)?;
        Some((attributes, id))
    }
}

/// Query parameters. One that does not parse is a fault.
pub(crate) struct Filters<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for Filters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        let query = Query::<T>::from_request_parts(parts, &()).await;
        query.map(|Query(query)| Self(query)).map_err(|rejection| {
            let mut faults = Faults::new();
            faults.push_at("query", rejection.body_text());
            ApiError::Invalid(faults.into_vec())
        })
    }
}

/// `limit` and `offset` of a list, also spelt `page[limit]` and `page[offset]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Paging {
    limit: Option<String>,
    offset: Option<String>,
    #[serde(rename = "page[limit]")]
    page_limit: Option<String>,
    #[serde(rename = "page[offset]")]
    page_offset: Option<String>,
}

/// Entries of a page when the client does not say.
const LIMIT_DEFAULT: i64 = 100;
/// Most entries of a page.
const LIMIT_MAX: i64 = 1_000;

impl Paging {
    /// Limit and offset, within their bounds.
    pub(crate) fn read(self, faults: &mut Faults) -> (i64, i64) {
        let mut number = |name: &str, text: Option<String>, default: i64, least: i64, most: i64| {
            let Some(text) = text else { return default };
            match text.parse::<i64>() {
                Ok(number) if (least..=most).contains(&number) => number,
                _ => {
                    faults.push_at(
                        name,
                        format!("{text:?} does not do; give a whole number from {least} to {most}"),
                    );
                    default
                }
            }
        };
        let limit = number("limit", self.limit.or(self.page_limit), LIMIT_DEFAULT, 1, LIMIT_MAX);
        let offset = number("offset", self.offset.or(self.page_offset), 0, 0, i64::from(i32::MAX));
        (limit, offset)
    }
}

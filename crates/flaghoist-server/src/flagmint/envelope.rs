//! The envelope of every answer, and what paths and queries name.

use crate::ApiError;
use crate::decode::{self, PathOf};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use flaghoist_model::{Faults, Rejection, id};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::ToSchema;

/// An answer: the status once more, and the data.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Enveloped<T> {
    /// The HTTP status.
    #[schema(example = 200)]
    status_code: u16,
    /// `OK`, or what is to be known beside the data.
    #[schema(example = "OK")]
    message: String,
    /// What was asked for.
    data: T,
}

impl<T> Enveloped<T> {
    /// Something that was read or changed.
    pub(super) fn ok(data: T) -> Self {
        Self { status_code: 200, message: "OK".to_owned(), data }
    }

    /// Something that was made.
    pub(super) fn created(data: T) -> Self {
        Self { status_code: 201, ..Self::ok(data) }
    }

    /// The same with something to be known beside the data.
    pub(super) fn saying(self, message: String) -> Self {
        Self { message, ..self }
    }

    /// Something as it was before, or would be: the change waits for an approval if `suggestion` names one.
    pub(super) fn unless_suggested(self, suggestion: Option<impl std::fmt::Display>) -> Self {
        match suggestion {
            None => self,
            Some(id) => Self {
                status_code: 202,
                message: format!("The change waits for an approval: suggestion {id}"),
                ..self
            },
        }
    }
}

impl<T: Serialize> IntoResponse for Enveloped<T> {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status_code).unwrap_or(StatusCode::OK);
        (status, axum::Json(self)).into_response()
    }
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Paged<T> {
    /// The entries.
    data: Vec<T>,
    /// About the list.
    meta: PageMeta,
}

impl<T> Paged<T> {
    /// The page with each entry converted.
    pub(super) fn map<U>(self, convert: impl FnMut(T) -> U) -> Paged<U> {
        Paged { data: self.data.into_iter().map(convert).collect(), meta: self.meta }
    }

    /// The page with each entry converted, if all can be.
    pub(super) fn try_map<U, E>(self, convert: impl FnMut(T) -> Result<U, E>) -> Result<Paged<U>, E> {
        let data = self.data.into_iter().map(convert).collect::<Result<_, E>>()?;
        Ok(Paged { data, meta: self.meta })
    }

    /// The page with its entries converted together.
    pub(super) async fn try_map_all<U, E>(
        self,
        convert: impl AsyncFnOnce(Vec<T>) -> Result<Vec<U>, E>,
    ) -> Result<Paged<U>, E> {
        Ok(Paged { data: convert(self.data).await?, meta: self.meta })
    }
}

/// About a list of which a page is shown.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FlagmintPageMeta)]
pub(crate) struct PageMeta {
    /// How many there are.
    total: usize,
    /// The page, counted from 1.
    page: usize,
    /// How many pages there are.
    page_count: usize,
}

/// Entries of a page when the client does not say.
const LIMIT_DEFAULT: i64 = 20;
/// Most entries of a page.
const LIMIT_MAX: i64 = 100;

/// Which page: `page`, counted from 1, of `limit` entries; or those after `offset`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PageQuery {
    page: Option<String>,
    limit: Option<String>,
    offset: Option<String>,
}

/// A part of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    offset: usize,
    limit: usize,
}

impl PageQuery {
    /// The part of the list that is asked for. The place of `faults` is the query.
    pub(super) fn read(self, faults: &mut Faults) -> Part {
        let limit = decode::whole_number(self.limit, "limit", 1..=LIMIT_MAX, faults).unwrap_or(LIMIT_DEFAULT);
        let page = decode::whole_number(self.page, "page", 1..=i64::from(i32::MAX), faults).unwrap_or(1);
        let offset = decode::whole_number(self.offset, "offset", 0..=i64::from(i32::MAX), faults);
        let offset = offset.unwrap_or((page - 1).saturating_mul(limit));
        let size = |number: i64| usize::try_from(number).unwrap_or_default();
        Part { offset: size(offset), limit: size(limit) }
    }
}

impl Part {
    /// The entries of this part.
    pub(super) fn cut<T>(self, mut entries: Vec<T>) -> Paged<T> {
        let total = entries.len();
        let first = self.offset.min(total);
        let end = first.saturating_add(self.limit).min(total);
        let data = entries.drain(first..end).collect();
        let meta =
            PageMeta { total, page: self.offset / self.limit + 1, page_count: total.div_ceil(self.limit) };
        Paged { data, meta }
    }
}

/// What a path names, by the names of its parameters: `envs` and `flags` come in either order.
#[derive(Debug, Deserialize)]
pub(crate) struct Place {
    #[serde(default)]
    environment_id: String,
    #[serde(default)]
    flag_id: String,
    #[serde(default)]
    rule_id: String,
    #[serde(default)]
    rollout_id: String,
    #[serde(default)]
    segment_id: String,
    #[serde(default)]
    key_id: String,
    #[serde(default)]
    attribute_key: String,
}

/// The parameters of a path.
pub(super) type InPath = PathOf<Place>;

macro_rules! path_ids {
    ($($name:ident: $type:ident),+ $(,)?) => {
        impl Place {
            $(pub(super) fn $name(&self) -> Result<id::$type, ApiError> {
                id_in_path(&self.$name, stringify!($name))
            })+
        }
    };
}

path_ids! {
    environment_id: EnvironmentId,
    flag_id: FlagId,
    rollout_id: RolloutId,
    segment_id: SavedFilterId,
    rule_id: AllocationId,
    key_id: CredentialId,
}

impl Place {
    /// The key of an attribute.
    pub(super) fn attribute_key(&self) -> &str {
        &self.attribute_key
    }

    /// A flag in an environment.
    pub(super) fn entry(&self) -> Result<(id::FlagId, id::EnvironmentId), ApiError> {
        Ok((self.flag_id()?, self.environment_id()?))
    }
}

/// An id in a path. What is no UUID is a fault here, unlike in other dialects.
pub(super) fn id_in_path<T: FromStr>(text: &str, name: &str) -> Result<T, ApiError> {
    text.parse().map_err(|_| {
        let message = format!("{text:?} is no UUID");
        Rejection::invalid(format!("/params/{name}"), message).into()
    })
}

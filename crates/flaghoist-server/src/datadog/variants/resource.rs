//! A variant on the wire.

use crate::ApiError;
use crate::app::AppState;
use crate::datadog::Resource;
use crate::datadog::flags::VariantOut;
use crate::datadog::suggestions::{SuggestionOut, suggestion_out};
use crate::decode::{self, Member, Object};
use axum::extract::{FromRequest, Request};
use flaghoist_model::Faults;
use flaghoist_model::flag::Flag;
use flaghoist_model::id::VariantId;
use flaghoist_model::suggestion::Suggestion;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The `type` of variants.
const KIND: &str = "variants";

/// A variant, flat and in the envelope.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct VariantAnswer {
    #[serde(flatten)]
    flat: VariantOut,
    /// The same as a resource.
    data: Resource<VariantOut>,
}

impl VariantAnswer {
    /// The answer for a variant of `flag`.
    pub(crate) fn of(flag: &Flag, id: VariantId) -> Result<Self, ApiError> {
        let variant = flag.variant(id).ok_or_else(|| decode::not_found("variant", id))?;
        let flat = VariantOut::from(variant);
        Ok(Self { data: Resource { id: id.to_string(), kind: KIND, attributes: flat.clone() }, flat })
    }
}

/// A variant as it is, flat, beside the suggestion that a change of it became.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SuggestedVariant {
    #[serde(flatten)]
    flat: VariantOut,
    /// The suggestion; its id is used to approve or reject.
    data: Resource<SuggestionOut>,
}

impl SuggestedVariant {
    /// The answer for a variant of `flag`.
    pub(crate) fn of(flag: &Flag, id: VariantId, suggestion: &Suggestion) -> Result<Self, ApiError> {
        let variant = flag.variant(id).ok_or_else(|| decode::not_found("variant", id))?;
        Ok(Self { flat: VariantOut::from(variant), data: suggestion_out(flag, suggestion) })
    }
}

/// A request about a variant: its members, and where in the body they stand.
pub(crate) struct VariantBody<T> {
    pub(crate) members: T,
    pub(crate) faults: Faults,
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Enveloped<T> {
    #[serde(default)]
    data: Member<Object<EnvelopedVariant<T>>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct EnvelopedVariant<T> {
    #[serde(default)]
    attributes: Member<Object<T>>,
}

impl<T: DeserializeOwned + Default> FromRequest<AppState> for VariantBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let body = decode::read_json(request, app).await?;
        let enveloped: Enveloped<T> = decode::parse_object(&body)?;
        if !enveloped.data.is_given() {
            return Ok(Self { members: decode::parse_object(&body)?, faults: Faults::new() });
        }
        let mut faults = Faults::new();
        let data = enveloped.data.required("data", "the variant as an object", &mut faults);
        let members = data.and_then(|Object(data)| {
            faults.at("data", |faults| {
                data.attributes.required("attributes", "the members as an object", faults)
            })
        });
        match members {
            Some(Object(members)) => Ok(Self { members, faults: Faults::under("/data/attributes") }),
            None => Err(ApiError::Invalid(faults.into_vec())),
        }
    }
}

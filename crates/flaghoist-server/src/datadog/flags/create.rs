//! `POST /api/v2/feature-flags`

use super::resource::{FlagAttributes, KIND, single};
use crate::ApiError;
use crate::access::{Allowed, WriteFlags};
use crate::app::AppState;
use crate::commands::{self, FirstAllocation, FirstEntries};
use crate::datadog::allocations::AllocationIn;
use crate::datadog::envelope::{Answer, RequestDocument};
use crate::datadog::{Document, Errors, JsonApi, Resource, WriteErrors};
use crate::decode::{A_BOOLEAN, A_STRING, A_UUID, JsonBody, Member, Object as JsonObject, id, one_of};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_model::flag::{DistributionChannel, FlagDraft, StalenessStatus};
use flaghoist_model::value::ValueType;
use flaghoist_model::variant::VariantDraft;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Members of a new flag.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct FlagIn {
    /// Unique; never changes.
    #[serde(default)]
    #[schema(value_type = String, example = "dark-mode", required)]
    key: Member<String>,
    /// Unique.
    #[serde(default)]
    #[schema(value_type = String, example = "Dark mode", required)]
    name: Member<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Member<String>,
    /// `BOOLEAN`, `INTEGER`, `NUMERIC`, `STRING` or `JSON`; never changes.
    #[serde(default)]
    #[schema(value_type = crate::datadog::names::ValueTypeName, required)]
    value_type: Member<String>,
    /// At least one.
    #[serde(default)]
    #[schema(value_type = Vec<VariantIn>, required)]
    variants: Member<Vec<JsonObject<VariantIn>>>,
    /// What environments serve by default; the first variant when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "off")]
    default_variant_key: Member<String>,
    /// `ALL`, `CLIENT` or `SERVER`.
    #[serde(default)]
    #[schema(value_type = Option<crate::datadog::names::DistributionChannelName>)]
    distribution_channel: Member<String>,
    /// Text of a JSON Schema that every variant of a JSON flag fits.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    json_schema: Member<String>,
    /// Whether changes in production environments need an approval.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    require_approval: Member<bool>,
    /// `ACTIVE` or `PERMANENT`.
    #[serde(default)]
    #[schema(value_type = Option<crate::datadog::names::StalenessStatusName>)]
    staleness_status: Member<String>,
    /// For people and filters.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, example = json!(["team:web"]))]
    tags: Member<Vec<String>>,
    /// Echoed on reads.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    migration_metadata: Member<Map<String, Value>>,
    /// Allocations to start with, as Datadog's migration tool sends them: each with its `environment_id`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<FlagAllocationIn>>)]
    allocations: Member<Vec<FlagAllocationIn>>,
}

/// An allocation of a new flag: its members, and the environment it is for.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct FlagAllocationIn {
    /// The environment.
    #[schema(value_type = String, format = Uuid)]
    environment_id: Member<String>,
    #[schema(inline)]
    #[serde(flatten)]
    allocation: AllocationIn,
}

impl<'de> Deserialize<'de> for FlagAllocationIn {
    /// Reads the object twice: flattening would lose the raw text that members are read from.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Environment {
            #[serde(default)]
            environment_id: Member<String>,
        }
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let JsonObject(Environment { environment_id }) =
            serde_json::from_str(raw).map_err(D::Error::custom)?;
        let JsonObject(allocation) = serde_json::from_str(raw).map_err(D::Error::custom)?;
        Ok(Self { environment_id, allocation })
    }
}

impl FlagAllocationIn {
    fn into_draft(self, faults: &mut Faults) -> FirstAllocation {
        let environment_id = self.environment_id.required("environment_id", A_UUID, faults);
        FirstAllocation {
            environment_id: id(environment_id, "environment_id", faults),
            draft: self.allocation.into_draft(None, faults),
        }
    }
}

/// A variant of a new flag, or a new variant.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct VariantIn {
    /// Unique in the flag; never changes.
    #[serde(default)]
    #[schema(value_type = String, example = "on", required)]
    key: Member<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = String, example = "On", required)]
    name: Member<String>,
    /// The value as text, whatever the flag's type.
    #[serde(default)]
    #[schema(value_type = String, example = "true", required)]
    value: Member<String>,
    /// Echoed on reads.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    migration_metadata: Member<Map<String, Value>>,
}

impl VariantIn {
    pub(crate) fn into_draft(self, faults: &mut Faults) -> VariantDraft {
        VariantDraft {
            description: None,
            order_index: None,
            key: self.key.required("key", A_STRING, faults),
            name: self.name.required("name", A_STRING, faults),
            value: self.value.required("value", "the value as a string", faults),
            migration_metadata: self
                .migration_metadata
                .optional("migration_metadata", "an object", faults)
                .map(Value::Object),
        }
    }
}

impl FlagIn {
    fn into_draft(self, faults: &mut Faults) -> FlagDraft {
        let value_type = self.value_type.required("value_type", A_STRING, faults);
        let variants = self.variants.required("variants", "an array of variants", faults);
        let distribution_channel =
            self.distribution_channel.optional("distribution_channel", A_STRING, faults);
        let staleness_status = self.staleness_status.optional("staleness_status", A_STRING, faults);
        FlagDraft {
            analytics_enabled: None,
            metadata: None,
            key: self.key.required("key", A_STRING, faults),
            name: self.name.required("name", A_STRING, faults),
            description: self.description.optional("description", A_STRING, faults),
            value_type: one_of(
                value_type,
                "value_type",
                ValueType::from_name,
                "BOOLEAN, INTEGER, NUMERIC, STRING, JSON",
                faults,
            ),
            variants: variants.map(|variants| faults.at("variants", |faults| drafts(variants, faults))),
            default_variant_key: self.default_variant_key.optional("default_variant_key", A_STRING, faults),
            distribution_channel: one_of(
                distribution_channel,
                "distribution_channel",
                DistributionChannel::from_name,
                "ALL, CLIENT, SERVER",
                faults,
            ),
            json_schema: self.json_schema.optional("json_schema", "the text of a JSON Schema", faults),
            require_approval: self.require_approval.optional("require_approval", A_BOOLEAN, faults),
            staleness_status: one_of(
                staleness_status,
                "staleness_status",
                StalenessStatus::from_name,
                "ACTIVE, PERMANENT",
                faults,
            ),
            tags: self.tags.optional("tags", "an array of strings", faults),
            migration_metadata: self
                .migration_metadata
                .optional("migration_metadata", "an object", faults)
                .map(Value::Object),
        }
    }
}

fn drafts(variants: Vec<JsonObject<VariantIn>>, faults: &mut Faults) -> Vec<VariantDraft> {
    let variants = variants.into_iter().enumerate();
    variants
        .map(|(position, JsonObject(variant))| faults.at(position, |faults| variant.into_draft(faults)))
        .collect()
}

/// Body of the request.
#[derive(ToSchema)]
#[schema(example = json!({"data": {"type": "feature-flags", "attributes": {"key": "dark-mode", "name": "Dark mode", "description": "The dark theme", "value_type": "BOOLEAN", "variants": [{"key": "on", "name": "On", "value": "true"}, {"key": "off", "name": "Off", "value": "false"}], "default_variant_key": "off", "tags": ["team:web"]}}}))]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct CreateFlagRequest {
    data: CreateFlagData,
}

/// The resource of the request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; RequestDocument reads it")]
pub(crate) struct CreateFlagData {
    #[schema(rename = "type", example = "feature-flags")]
    kind: String,
    attributes: FlagIn,
}

/// Create a feature flag
///
/// The flag is in every environment at once: disabled, serving its default variant by default.
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags",
    operation_id = "create_feature_flag",
    tag = "Feature flags",
    request_body(content((CreateFlagRequest = "application/json"), (CreateFlagRequest = "application/vnd.api+json"))),
    responses(
        (status = 201, description = "The flag", body = Document<Resource<FlagAttributes>>, content_type = "application/vnd.api+json"),
        Errors, WriteErrors,
    )
)]
pub(crate) async fn create_feature_flag(
    State(app): State<AppState>,
    caller: Allowed<WriteFlags>,
    shape: JsonApi,
    JsonBody(request): JsonBody<RequestDocument<FlagIn>>,
) -> Result<Answer<Document<Resource<FlagAttributes>>>, ApiError> {
    let (attributes, _) = request.open(KIND)?;
    let mut faults = Faults::under("/data/attributes");
    let allocations =
        attributes.allocations.clone().optional("allocations", "an array of objects", &mut faults);
    let allocations = faults.at("allocations", |faults| {
        let allocations = allocations.unwrap_or_default().into_iter().enumerate();
        allocations
            .map(|(position, allocation)| faults.at(position, |faults| allocation.into_draft(faults)))
            .collect()
    });
    let draft = attributes.into_draft(&mut faults);
    let place = "/data/attributes/allocations";
    let furnish = |first: FirstEntries<'_>| first.with_allocations(allocations, place);
    let view = commands::create_flag(&app, &caller.principal, draft, place, faults, furnish).await?;
    let staleness = commands::staleness_of(&app, &view);
    Ok(Answer(StatusCode::CREATED, single(&view, staleness, shape)))
}

//! `/api/attributes`: what is known of context attributes. Evaluation does not consult it.

use super::envelope::{Enveloped, InPath};
use super::{FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags, WriteFlagParts};
use crate::app::AppState;
use crate::commands;
use crate::decode::{self, A_BOOLEAN, A_STRING, JsonBody, Member, PathOf};
use axum::extract::State;
use flaghoist_model::Faults;
use flaghoist_model::context_attribute::{AttributeCategory, ContextAttribute, ContextAttributeDraft};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What lists are called in messages.
const STRINGS: &str = "an array of strings";

/// An attribute to make or change.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintAttributeIn)]
pub(crate) struct AttributeIn {
    /// Unique in the project; never changes.
    #[serde(default)]
    #[schema(value_type = String, required, example = "user.plan")]
    key: Member<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Plan")]
    label: Member<String>,
    #[serde(default, rename = "type")]
    #[schema(rename = "type", value_type = Option<String>, example = "string")]
    kind: Member<String>,
    /// `user`, `organization`, `device` or `custom`; that of the key's first part when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "user")]
    category: Member<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    operators: Member<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_active: Member<bool>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    suggestions: Member<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    placeholder: Member<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Member<String>,
}

impl AttributeIn {
    fn read(self, is_new: bool, faults: &mut Faults) -> ContextAttributeDraft {
        let category = self.category.optional("category", A_STRING, faults);
        let categories = "user, organization, device, custom";
        ContextAttributeDraft {
            key: if is_new {
                self.key.required("key", A_STRING, faults)
            } else {
                self.key.optional("key", A_STRING, faults)
            },
            label: self.label.optional("label", A_STRING, faults),
            value_type: self.kind.optional("type", A_STRING, faults),
            category: decode::one_of(category, "category", AttributeCategory::from_name, categories, faults),
            operators: self.operators.optional("operators", STRINGS, faults),
            is_active: self.is_active.optional("is_active", A_BOOLEAN, faults),
            suggestions: self.suggestions.optional("suggestions", STRINGS, faults),
            placeholder: self.placeholder.patch("placeholder", A_STRING, faults),
            description: self.description.patch("description", A_STRING, faults),
        }
    }
}

/// An attribute.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintAttributeOut)]
pub(crate) struct AttributeOut {
    #[schema(format = Uuid)]
    id: String,
    #[schema(example = "user.plan")]
    key: String,
    label: String,
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "string")]
    kind: String,
    /// `user`, `organization`, `device` or `custom`.
    #[schema(example = "user")]
    category: &'static str,
    operators: Vec<String>,
    /// Whether people made it; the others are there in every project.
    is_custom: bool,
    is_active: bool,
    suggestions: Vec<String>,
    placeholder: Option<String>,
    description: Option<String>,
    #[schema(format = Uuid)]
    created_by: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<ContextAttribute> for AttributeOut {
    fn from(attribute: ContextAttribute) -> Self {
        Self {
            id: attribute.id.to_string(),
            key: attribute.key,
            label: attribute.label,
            kind: attribute.value_type,
            category: attribute.category.as_str(),
            operators: attribute.operators,
            is_custom: attribute.is_custom,
            is_active: attribute.is_active,
            suggestions: attribute.suggestions,
            placeholder: attribute.placeholder,
            description: attribute.description,
            created_by: attribute.created_by.map(|id| id.to_string()),
            created_at: attribute.created_at.to_string(),
            updated_at: attribute.updated_at.to_string(),
        }
    }
}

/// List attributes
#[utoipa::path(
    get,
    path = "/api/attributes",
    operation_id = "flagmint_list_attributes",
    tag = "Flagmint",
    responses(
        (status = 200, description = "The attributes, by key", body = Enveloped<Vec<AttributeOut>>),
        FlagmintErrors,
    )
)]
pub(crate) async fn list_attributes(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
) -> Result<Enveloped<Vec<AttributeOut>>, ApiError> {
    let attributes = commands::view_context_attributes(&app, &caller.principal).await?;
    Ok(Enveloped::ok(attributes.into_iter().map(AttributeOut::from).collect()))
}

/// Create an attribute
#[utoipa::path(
    post,
    path = "/api/attributes",
    operation_id = "flagmint_create_attribute",
    tag = "Flagmint",
    request_body = AttributeIn,
    responses(
        (status = 201, description = "The attribute", body = Enveloped<AttributeOut>),
        FlagmintErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn create_attribute(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    JsonBody(wanted): JsonBody<AttributeIn>,
) -> Result<Enveloped<AttributeOut>, ApiError> {
    let mut faults = Faults::new();
    let draft = wanted.read(true, &mut faults);
    let attribute = commands::create_context_attribute(&app, &caller.principal, draft, faults).await?;
    Ok(Enveloped::created(attribute.into()))
}

/// Get an attribute
#[utoipa::path(
    get,
    path = "/api/attributes/{attribute_key}",
    operation_id = "flagmint_get_attribute",
    tag = "Flagmint",
    params(("attribute_key" = String, Path, description = "The attribute's key")),
    responses(
        (status = 200, description = "The attribute", body = Enveloped<AttributeOut>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn get_attribute(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(place): InPath,
) -> Result<Enveloped<AttributeOut>, ApiError> {
    let attributes = commands::view_context_attributes(&app, &caller.principal).await?;
    let found = attributes.into_iter().find(|attribute| attribute.key == place.attribute_key());
    let found = found.ok_or_else(|| ApiError::NotFound("Attribute not found".to_owned()))?;
    Ok(Enveloped::ok(found.into()))
}

/// Update an attribute
///
/// What is absent stays as it is. `is_active` false deactivates it.
#[utoipa::path(
    put,
    path = "/api/attributes/{attribute_key}",
    operation_id = "flagmint_update_attribute",
    tag = "Flagmint",
    params(("attribute_key" = String, Path, description = "The attribute's key")),
    request_body = AttributeIn,
    responses(
        (status = 200, description = "The attribute", body = Enveloped<AttributeOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn update_attribute(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(place): InPath,
    JsonBody(wanted): JsonBody<AttributeIn>,
) -> Result<Enveloped<AttributeOut>, ApiError> {
    let mut faults = Faults::new();
    let draft = wanted.read(false, &mut faults);
    let principal = &caller.principal;
    let attribute =
        commands::change_context_attribute(&app, principal, place.attribute_key(), draft, faults).await?;
    Ok(Enveloped::ok(attribute.into()))
}

/// Delete an attribute
///
/// Only what people made; the others can be deactivated.
#[utoipa::path(
    delete,
    path = "/api/attributes/{attribute_key}",
    operation_id = "flagmint_delete_attribute",
    tag = "Flagmint",
    params(("attribute_key" = String, Path, description = "The attribute's key")),
    responses(
        (status = 200, description = "The attribute as it was", body = Enveloped<AttributeOut>),
        FlagmintErrors, FlagmintPathErrors, FlagmintWriteErrors,
    )
)]
pub(crate) async fn delete_attribute(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(place): InPath,
) -> Result<Enveloped<AttributeOut>, ApiError> {
    let attribute =
        commands::delete_context_attribute(&app, &caller.principal, place.attribute_key()).await?;
    Ok(Enveloped::ok(attribute.into()))
}

//! Variants: the values a flag can take.

use crate::id::VariantId;
use crate::json_schema::JsonSchema;
use crate::key::{parse_description, parse_key, parse_name};
use crate::migration_metadata;
use crate::value::ValueType;
use crate::{Faults, MintId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest value of a variant in bytes.
pub const VALUE_MAX_BYTES: usize = 256 * 1024;

/// One value a flag can take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Identifier, unique in the installation.
    pub id: VariantId,
    /// Unique in the flag; never changes.
    pub key: String,
    /// For people.
    pub name: String,
    /// The value as text, as it was given; always fits the flag's value type.
    pub value: String,
    /// What a migration tool said about where the variant comes from; echoed, never read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration_metadata: Option<serde_json::Value>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where people want to see it among the others; smaller ones come first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_index: Option<f64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What somebody asks a variant to be. A member is `None` when it is absent or already recorded as a fault.
#[derive(Clone, Debug, Default)]
pub struct VariantDraft {
    /// Key.
    pub key: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Value as text.
    pub value: Option<String>,
    /// Migration metadata.
    pub migration_metadata: Option<serde_json::Value>,
    /// Description.
    pub description: Option<String>,
    /// Where it is shown.
    pub order_index: Option<f64>,
}

/// Makes a variant, or records why not.
pub(crate) fn create(
    draft: VariantDraft,
    value_type: ValueType,
    schema: Option<&JsonSchema>,
    now: Timestamp,
    ids: &dyn MintId,
    faults: &mut Faults,
) -> Option<Variant> {
    let key = draft.key.and_then(|key| faults.at("key", |faults| parse_key(key, faults)));
    let name = draft.name.and_then(|name| faults.at("name", |faults| parse_name(name, faults)));
    let value = draft.value.and_then(|value| check_value(value, value_type, schema, faults));
    let description =
        draft.description.and_then(|text| faults.at("description", |faults| parse_description(text, faults)));
    if let Some(metadata) = &draft.migration_metadata {
        migration_metadata::check(metadata, faults);
    }
    Some(Variant {
        id: VariantId::mint(ids),
        key: key?,
        name: name?,
        value: value?,
        migration_metadata: draft.migration_metadata,
        description,
        order_index: draft.order_index,
        created_at: now,
        updated_at: now,
    })
}

/// `text` if it is a value of this type and fits the schema; else a fault of member `value`.
pub(crate) fn check_value(
    text: String,
    value_type: ValueType,
    schema: Option<&JsonSchema>,
    faults: &mut Faults,
) -> Option<String> {
    faults.at("value", |faults| {
        if text.len() > VALUE_MAX_BYTES {
            faults.push(format!("has {} bytes; a value has at most {VALUE_MAX_BYTES}", text.len()));
            return None;
        }
        let value = value_type.parse(&text, faults)?;
        if let Some(Err(message)) = schema.map(|schema| schema.check(&value)) {
            faults.push(message);
            return None;
        }
        Some(text)
    })
}

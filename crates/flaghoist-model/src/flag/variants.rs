//! Changes of a flag's variants.

use super::Flag;
use crate::access::Principal;
use crate::id::VariantId;
use crate::json_schema::JsonSchema;
use crate::key::{parse_description, parse_name};
use crate::migration_metadata;
use crate::value::ValueType;
use crate::variant::{self, Variant, VariantDraft};
use crate::{Faults, MintId, Patch, Rejection};
use jiff::Timestamp;
use std::collections::HashSet;

/// Most variants a flag may have.
pub const VARIANTS_MAX: usize = 200;
/// What a BOOLEAN flag's variants are, in messages.
const EXACTLY_TRUE_AND_FALSE: &str =
    "a BOOLEAN flag has exactly two variants, one \"true\" and one \"false\"";

/// What somebody asks to change in a variant.
#[derive(Clone, Debug, Default)]
pub struct VariantPatch {
    /// Name.
    pub name: Option<String>,
    /// Value as text.
    pub value: Option<String>,
    /// Migration metadata.
    pub migration_metadata: Patch<serde_json::Value>,
    /// Description.
    pub description: Patch<String>,
    /// Where it is shown.
    pub order_index: Option<f64>,
}

impl Flag {
    /// Refuses variants that could not be saved one by one: after a merge each may have come from another time.
    pub fn check_variants(&self) -> Result<(), Rejection> {
        let schema = self.schema();
        if self.variants.len() > VARIANTS_MAX {
            return Err(Rejection::conflict("", format!("a flag has at most {VARIANTS_MAX} variants")));
        }
        let mut keys = HashSet::new();
        for variant in &self.variants {
            if !keys.insert(&variant.key) {
                let message = format!("the flag would have two variants with the key {:?}", variant.key);
                return Err(Rejection::conflict("", message));
            }
            let value = self.value_type.parse_quietly(&variant.value);
            let wrong = match (&value, &schema) {
                (None, _) => Some("is no value of the flag's type".to_owned()),
                (Some(value), Some(schema)) => schema.check(value).err(),
                (Some(_), None) => None,
            };
            if let Some(wrong) = wrong {
                let message = format!("the value of variant {:?} {wrong}", variant.key);
                return Err(Rejection::conflict("", message));
            }
        }
        Ok(())
    }

    /// This flag with one more variant, at the end, and that variant's id.
    pub fn add_variant(
        &self,
        draft: VariantDraft,
        author: &Principal,
        now: Timestamp,
        ids: &dyn MintId,
        mut faults: Faults,
    ) -> Result<(Self, VariantId), Rejection> {
        let schema = self.schema();
        let base = faults.pointer().to_owned();
        let variant = variant::create(draft, self.value_type, schema.as_ref(), now, ids, &mut faults);
        faults.check()?;
        let Some(variant) = variant else {
            return Err(Rejection::invalid(base, "key, name and value are required"));
        };
        if self.variants.iter().any(|other| other.key == variant.key) {
            return Err(Rejection::conflict(
                format!("{base}/key"),
                format!("a variant with key {:?} already exists on this flag", variant.key),
            ));
        }
        if self.value_type == ValueType::Boolean {
            return Err(Rejection::invalid(base, format!("{EXACTLY_TRUE_AND_FALSE}, and it has both")));
        }
        if self.variants.len() >= VARIANTS_MAX {
            return Err(Rejection::invalid(
                base,
                format!("the flag has {VARIANTS_MAX} variants, the most it may"),
            ));
        }
        let id = variant.id;
        let mut flag = self.touched(author, now);
        flag.variants.push(variant);
        Ok((flag, id))
    }

    /// This flag with a variant changed. The variant's key never changes.
    pub fn update_variant(
        &self,
        id: VariantId,
        patch: VariantPatch,
        author: &Principal,
        now: Timestamp,
        mut faults: Faults,
    ) -> Result<Self, Rejection> {
        let mut flag = self.touched(author, now);
        let schema = self.schema();
        let others: Vec<String> = self
            .variants
            .iter()
            .filter(|variant| variant.id != id)
            .map(|variant| variant.value.clone())
            .collect();
        let variant = flag
            .variants
            .iter_mut()
            .find(|variant| variant.id == id)
            .ok_or_else(|| Rejection::NotFound(format!("the flag has no variant {id}")))?;
        if let Some(name) = patch.name.and_then(|name| faults.at("name", |faults| parse_name(name, faults))) {
            variant.name = name;
        }
        if let Some(text) = patch.value
            && let Some(value) = variant::check_value(text, self.value_type, schema.as_ref(), &mut faults)
        {
            if self.value_type == ValueType::Boolean && others.contains(&value) {
                faults.push_at(
                    "value",
                    format!(
                        "a BOOLEAN flag has one variant for each value, and another one is {value:?} already"
                    ),
                );
            }
            variant.value = value;
        }
        variant.description = match patch.description {
            Patch::Set(text) => faults.at("description", |faults| parse_description(text, faults)),
            other => other.apply(variant.description.take()),
        };
        variant.order_index = patch.order_index.or(variant.order_index);
        migration_metadata::check_patch(&patch.migration_metadata, &mut faults);
        variant.migration_metadata = patch.migration_metadata.apply(variant.migration_metadata.take());
        variant.updated_at = now;
        faults.check()?;
        Ok(flag)
    }

    /// This flag without a variant. The caller has made sure that no environment refers to it.
    pub fn remove_variant(
        &self,
        id: VariantId,
        author: &Principal,
        now: Timestamp,
    ) -> Result<Self, Rejection> {
        if self.variant(id).is_none() {
            return Err(Rejection::NotFound(format!("the flag has no variant {id}")));
        }
        if self.value_type == ValueType::Boolean {
            return Err(Rejection::conflict("", EXACTLY_TRUE_AND_FALSE));
        }
        if self.variants.len() == 1 {
            return Err(Rejection::conflict("", "this is the flag's only variant; a flag has at least one"));
        }
        let mut flag = self.touched(author, now);
        flag.variants.retain(|variant| variant.id != id);
        if flag.initial_default_variant_id == id {
            flag.initial_default_variant_id = flag.variants[0].id;
        }
        Ok(flag)
    }
}

/// Makes the variants of a new flag, or records why not.
pub(super) fn parse_variants(
    drafts: Vec<VariantDraft>,
    value_type: ValueType,
    schema: Option<&JsonSchema>,
    now: Timestamp,
    ids: &dyn MintId,
    faults: &mut Faults,
) -> Vec<Variant> {
    if drafts.is_empty() || drafts.len() > VARIANTS_MAX {
        faults.push(format!("has {} entries; a flag has 1 to {VARIANTS_MAX} variants", drafts.len()));
        return Vec::new();
    }
    if value_type == ValueType::Boolean && drafts.len() != 2 {
        faults.push(format!("has {} entries; {EXACTLY_TRUE_AND_FALSE}", drafts.len()));
    }
    let mut keys = HashSet::new();
    let mut booleans = HashSet::new();
    let mut variants = Vec::with_capacity(drafts.len());
    for (position, draft) in drafts.into_iter().enumerate() {
        faults.at(position, |faults| {
            let Some(variant) = variant::create(draft, value_type, schema, now, ids, faults) else { return };
            if !keys.insert(variant.key.clone()) {
                faults.push_at(
                    "key",
                    format!("{:?} is the key of an earlier variant; keys differ", variant.key),
                );
            }
            if value_type == ValueType::Boolean && !booleans.insert(variant.value.clone()) {
                faults.push_at(
                    "value",
                    format!(
                        "{:?} is the value of an earlier variant; a BOOLEAN flag has one for each value",
                        variant.value
                    ),
                );
            }
            variants.push(variant);
        });
    }
    variants
}

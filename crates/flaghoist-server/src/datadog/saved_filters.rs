//! Saved filters: rules that several flags share by reference.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

use super::Resource;
use super::allocations::{TargetingRuleIn, TargetingRuleOut, rule_out};
use crate::decode::{A_STRING, Member, Object, one_of};
use flaghoist_model::Faults;
use flaghoist_model::saved_filter::{CreationType, SavedFilter, SavedFilterDraft};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The `type` of saved filters.
const KIND: &str = "saved-filters";

/// How a saved filter was put together.
#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
#[expect(dead_code, reason = "documents a set of names")]
pub(crate) enum CreationTypeName {
    Rules,
    List,
}

/// What a saved filter is to be.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct SavedFilterIn {
    /// Unique in the project, at most 200 bytes.
    #[serde(default)]
    #[schema(value_type = String, required, example = "Beta users")]
    name: Member<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Member<String>,
    /// `RULES` or `LIST`.
    #[serde(default)]
    #[schema(value_type = Option<CreationTypeName>)]
    creation_type: Member<String>,
    /// OR-ed; none match nobody. Their conditions name no saved filters.
    #[serde(default)]
    #[schema(value_type = Option<Vec<TargetingRuleIn>>)]
    targeting_rules: Member<Vec<Object<TargetingRuleIn>>>,
    /// Echoed on reads.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    migration_metadata: Member<Map<String, Value>>,
}

impl SavedFilterIn {
    /// The draft of a new one, or of a change, where what is absent stays as it is.
    fn read(self, is_new: bool, faults: &mut Faults) -> SavedFilterDraft {
        let creation_type = self.creation_type.optional("creation_type", A_STRING, faults);
        let name = if is_new {
            self.name.required("name", A_STRING, faults)
        } else {
            self.name.optional("name", A_STRING, faults)
        };
        let rules = self.targeting_rules.optional("targeting_rules", "an array of objects", faults);
        let rules = rules.map(|rules| {
            faults.at("targeting_rules", |faults| {
                let rules = rules.into_iter().enumerate();
                let draft = |(position, Object(rule)): (usize, Object<TargetingRuleIn>)| {
                    faults.at(position, |faults| rule.into_draft(faults))
                };
                rules.map(draft).collect()
            })
        });
        SavedFilterDraft {
            name,
            description: self.description.patch("description", A_STRING, faults),
            creation_type: one_of(
                creation_type,
                "creation_type",
                CreationType::from_name,
                "RULES, LIST",
                faults,
            ),
            rules: rules.or_else(|| is_new.then(Vec::new)),
            migration_metadata: self
                .migration_metadata
                .patch("migration_metadata", "an object", faults)
                .map(Value::Object),
            ..SavedFilterDraft::default()
        }
    }
}

/// A saved filter.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedFilterAttributes {
    /// Unique in the project.
    name: String,
    /// For people.
    description: Option<String>,
    /// How it was put together.
    #[schema(value_type = CreationTypeName)]
    creation_type: &'static str,
    /// OR-ed; none match nobody.
    targeting_rules: Vec<TargetingRuleOut>,
    /// What a migration tool said.
    #[schema(value_type = Option<Object>)]
    migration_metadata: Option<Value>,
    /// Unique in the project: what the Flagmint interface knows it by. An extension of ours.
    key: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

fn resource(filter: &SavedFilter) -> Resource<SavedFilterAttributes> {
    Resource {
        id: filter.id.to_string(),
        kind: KIND,
        attributes: SavedFilterAttributes {
            name: filter.name.clone(),
            description: filter.description.clone(),
            creation_type: filter.creation_type.as_str(),
            targeting_rules: filter.rules.iter().map(rule_out).collect(),
            migration_metadata: filter.migration_metadata.clone(),
            key: filter.key.clone(),
            created_at: filter.created_at.to_string(),
            updated_at: filter.updated_at.to_string(),
        },
    }
}

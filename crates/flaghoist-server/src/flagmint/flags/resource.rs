//! A flag on the wire.

use crate::commands::FlagView;
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::{DistributionChannel, Flag};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::value::ValueType;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Where the template of a flag stands in its metadata.
pub(super) const TEMPLATE: &str = "flag_template";

/// A flag.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintFlagOut)]
pub(crate) struct FlagOut {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uuid)]
    project_id: String,
    /// Unique in the project; never changes.
    #[schema(example = "new-checkout")]
    key: String,
    name: String,
    /// `boolean`, `string`, `number` or `json`.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "boolean")]
    kind: &'static str,
    description: Option<String>,
    /// Whether it is active in the environment that is asked about, or in any.
    is_active: bool,
    /// Whether client SDK keys see it.
    client_side_enabled: bool,
    analytics_enabled: bool,
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    #[schema(format = DateTime)]
    archived_at: Option<String>,
    /// When it was removed, which is to archive it.
    #[schema(format = DateTime)]
    deleted_at: Option<String>,
    /// What it serves apart from its rules, by environment.
    environments: Vec<FlagEnvironmentOut>,
    /// What it serves in the environment that is asked about; only in lists of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    flag_value: Option<FlagValueCounts>,
}

/// A flag in an environment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintFlagEnvironmentOut)]
pub(crate) struct FlagEnvironmentOut {
    #[schema(format = Uuid)]
    environment_id: String,
    slug: String,
    is_active: bool,
    #[schema(format = Uuid)]
    default_variation_id: Option<String>,
    #[schema(format = Uuid)]
    off_variation_id: Option<String>,
}

/// What a flag serves in an environment, in numbers.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintFlagValueCounts)]
pub(crate) struct FlagValueCounts {
    targeting_rules_count: usize,
    variations_count: usize,
    segments_count: usize,
    /// The flag's type.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "boolean")]
    kind: &'static str,
    #[schema(format = Uuid)]
    off_variation_id: Option<String>,
}

/// What a value type is called here.
pub(in crate::flagmint) fn type_name(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::Boolean => "boolean",
        ValueType::String => "string",
        ValueType::Integer | ValueType::Numeric => "number",
        ValueType::Json => "json",
    }
}

/// Whether client SDK keys see a flag.
pub(super) fn is_client_side(flag: &Flag) -> bool {
    flag.distribution_channel != DistributionChannel::Server
}

/// Whether a flag is shown as active where no environment is asked about.
pub(super) fn is_active_anywhere(view: &FlagView) -> bool {
    view.entries().any(|entry| entry.enabled)
}

impl FlagOut {
    /// A flag where no environment is asked about.
    pub(super) fn of(view: &FlagView) -> Self {
        let flag = &view.flag;
        let at = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
        Self {
            id: flag.id.to_string(),
            project_id: flag.project_id.to_string(),
            key: flag.key.clone(),
            name: flag.name.clone(),
            kind: type_name(flag.value_type),
            description: Some(flag.description.clone()).filter(|text| !text.is_empty()),
            is_active: is_active_anywhere(view),
            client_side_enabled: is_client_side(flag),
            analytics_enabled: flag.analytics_enabled,
            metadata: flag.metadata.clone(),
            created_at: flag.created_at.to_string(),
            updated_at: flag.updated_at.to_string(),
            archived_at: at(flag.archived_at),
            deleted_at: at(flag.archived_at),
            environments: view.environments.iter().map(|(one, entry)| in_environment(one, entry)).collect(),
            flag_value: None,
        }
    }

    /// A flag as it is in an environment.
    pub(super) fn in_environment(view: &FlagView, entry: &FlagEnvironment) -> Self {
        let segments: BTreeSet<_> =
            entry.targeting_rules().flat_map(|(_, rule)| rule.saved_filter_ids()).collect();
        Self {
            is_active: entry.enabled,
            flag_value: Some(FlagValueCounts {
                targeting_rules_count: entry.targeting_rules().count(),
                variations_count: view.flag.variants.len(),
                segments_count: segments.len(),
                kind: type_name(view.flag.value_type),
                off_variation_id: entry.off_variant_id.map(|id| id.to_string()),
            }),
            ..Self::of(view)
        }
    }
}

fn in_environment(environment: &Environment, entry: &FlagEnvironment) -> FlagEnvironmentOut {
    FlagEnvironmentOut {
        environment_id: environment.id.to_string(),
        slug: environment.key.clone(),
        is_active: entry.enabled,
        default_variation_id: entry.default_variant_id.map(|id| id.to_string()),
        off_variation_id: entry.off_variant_id.map(|id| id.to_string()),
    }
}

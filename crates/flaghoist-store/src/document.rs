//! The JSON documents: the part of each aggregate that is no column.
//!
//! A change that old documents cannot be read with takes a new [`FORMAT`] and code that reads both.

use flaghoist_model::access::{Actor, Binding, CustomRole, Dialect, PermissionSet, RestrictionPolicy};
use flaghoist_model::allocation::Allocation;
use flaghoist_model::clause::Clauses;
use flaghoist_model::condition::TargetingRule;
use flaghoist_model::context_attribute::{AttributeCategory, ContextAttribute};
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::{DistributionChannel, Flag, StalenessStatus};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::{Authority, Change};
use flaghoist_model::id::{HistoryId, UserId, VariantId};
use flaghoist_model::rollout::Rollout;
use flaghoist_model::saved_filter::{CreationType, SavedFilter};
use flaghoist_model::user::Team;
use flaghoist_model::value::ValueType;
use flaghoist_model::variant::Variant;
use flaghoist_model::webhook::{Event, Webhook, WebhookFormat};
use serde::de::IntoDeserializer as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How the documents below are written.
pub(crate) const FORMAT: i64 = 1;

/// The rest of an [`Environment`].
#[derive(Serialize, Deserialize)]
pub(crate) struct EnvironmentDocument {
    pub(crate) description: Option<String>,
    pub(crate) queries: Vec<String>,
    pub(crate) is_production: bool,
    pub(crate) require_feature_flag_approval: bool,
}

impl From<&Environment> for EnvironmentDocument {
    fn from(environment: &Environment) -> Self {
        Self {
            description: environment.description.clone(),
            queries: environment.queries.clone(),
            is_production: environment.is_production,
            require_feature_flag_approval: environment.require_feature_flag_approval,
        }
    }
}

/// The rest of a [`Flag`].
#[derive(Serialize, Deserialize)]
pub(crate) struct FlagDocument {
    pub(crate) description: String,
    pub(crate) value_type: ValueType,
    pub(crate) variants: Vec<Variant>,
    pub(crate) initial_default_variant_id: VariantId,
    pub(crate) tags: Vec<String>,
    pub(crate) distribution_channel: DistributionChannel,
    pub(crate) json_schema: Option<String>,
    pub(crate) require_approval: bool,
    pub(crate) staleness_status: StalenessStatus,
    pub(crate) migration_metadata: Option<Value>,
    #[serde(default = "reports_by_default")]
    pub(crate) analytics_enabled: bool,
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub(crate) metadata: serde_json::Map<String, Value>,
    pub(crate) created_by: UserId,
    pub(crate) last_updated_by: UserId,
}

/// What flags of earlier versions mean.
fn reports_by_default() -> bool {
    true
}

impl From<&Flag> for FlagDocument {
    fn from(flag: &Flag) -> Self {
        Self {
            description: flag.description.clone(),
            value_type: flag.value_type,
            variants: flag.variants.clone(),
            initial_default_variant_id: flag.initial_default_variant_id,
            tags: flag.tags.clone(),
            distribution_channel: flag.distribution_channel,
            json_schema: flag.json_schema.clone(),
            require_approval: flag.require_approval,
            staleness_status: flag.staleness_status,
            migration_metadata: flag.migration_metadata.clone(),
            analytics_enabled: flag.analytics_enabled,
            metadata: flag.metadata.clone(),
            created_by: flag.created_by,
            last_updated_by: flag.last_updated_by,
        }
    }
}

/// The rest of a [`FlagEnvironment`].
#[derive(Serialize, Deserialize)]
pub(crate) struct FlagEnvironmentDocument {
    pub(crate) enabled: bool,
    pub(crate) default_variant_id: Option<VariantId>,
    pub(crate) override_variant_id: Option<VariantId>,
    pub(crate) off_variant_id: Option<VariantId>,
    pub(crate) allocations: Vec<Allocation>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) rollouts: Vec<Rollout>,
}

impl From<&FlagEnvironment> for FlagEnvironmentDocument {
    fn from(entry: &FlagEnvironment) -> Self {
        Self {
            enabled: entry.enabled,
            default_variant_id: entry.default_variant_id,
            override_variant_id: entry.override_variant_id,
            off_variant_id: entry.off_variant_id,
            allocations: entry.allocations.clone(),
            rollouts: entry.rollouts.clone(),
        }
    }
}

/// The rest of a [`SavedFilter`].
#[derive(Serialize, Deserialize)]
pub(crate) struct SavedFilterDocument {
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default = "by_rules")]
    pub(crate) creation_type: CreationType,
    pub(crate) rules: Vec<TargetingRule>,
    #[serde(default)]
    pub(crate) clauses: Option<Clauses>,
    #[serde(default)]
    pub(crate) migration_metadata: Option<Value>,
}

fn by_rules() -> CreationType {
    CreationType::Rules
}

impl From<&SavedFilter> for SavedFilterDocument {
    fn from(filter: &SavedFilter) -> Self {
        Self {
            description: filter.description.clone(),
            creation_type: filter.creation_type,
            rules: filter.rules.clone(),
            clauses: filter.clauses.clone(),
            migration_metadata: filter.migration_metadata.clone(),
        }
    }
}

/// The rest of a [`ContextAttribute`].
#[derive(Serialize, Deserialize)]
pub(crate) struct ContextAttributeDocument {
    pub(crate) label: String,
    pub(crate) value_type: String,
    pub(crate) category: AttributeCategory,
    pub(crate) operators: Vec<String>,
    pub(crate) is_custom: bool,
    pub(crate) is_active: bool,
    pub(crate) suggestions: Vec<String>,
    pub(crate) placeholder: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) created_by: Option<UserId>,
}

impl From<&ContextAttribute> for ContextAttributeDocument {
    fn from(attribute: &ContextAttribute) -> Self {
        Self {
            label: attribute.label.clone(),
            value_type: attribute.value_type.clone(),
            category: attribute.category,
            operators: attribute.operators.clone(),
            is_custom: attribute.is_custom,
            is_active: attribute.is_active,
            suggestions: attribute.suggestions.clone(),
            placeholder: attribute.placeholder.clone(),
            description: attribute.description.clone(),
            created_by: attribute.created_by,
        }
    }
}

/// The rest of a [`Change`].
#[derive(Serialize, Deserialize)]
pub(crate) struct ChangeDocument {
    pub(crate) actor: Actor,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
    pub(crate) reason: Option<String>,
    #[serde(default)]
    pub(crate) dialect: Dialect,
    #[serde(default)]
    pub(crate) authority: Option<Authority>,
    #[serde(default)]
    pub(crate) reverts: Option<HistoryId>,
}

impl From<&Change> for ChangeDocument {
    fn from(change: &Change) -> Self {
        Self {
            actor: change.actor,
            before: change.before.clone(),
            after: change.after.clone(),
            reason: change.reason.clone(),
            dialect: change.dialect,
            authority: change.authority.clone(),
            reverts: change.reverts,
        }
    }
}

/// The rest of a [`CustomRole`].
#[derive(Serialize, Deserialize)]
pub(crate) struct RoleDocument {
    pub(crate) description: Option<String>,
    pub(crate) permissions: PermissionSet,
}

impl From<&CustomRole> for RoleDocument {
    fn from(role: &CustomRole) -> Self {
        Self { description: role.description.clone(), permissions: role.permissions }
    }
}

/// The rest of a [`Team`].
#[derive(Serialize, Deserialize)]
pub(crate) struct TeamDocument {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) member_ids: Vec<UserId>,
}

impl From<&Team> for TeamDocument {
    fn from(team: &Team) -> Self {
        Self {
            name: team.name.clone(),
            description: team.description.clone(),
            member_ids: team.member_ids.clone(),
        }
    }
}

/// The rest of a [`RestrictionPolicy`].
#[derive(Serialize, Deserialize)]
pub(crate) struct RestrictionPolicyDocument {
    pub(crate) bindings: Vec<Binding>,
}

impl From<&RestrictionPolicy> for RestrictionPolicyDocument {
    fn from(policy: &RestrictionPolicy) -> Self {
        Self { bindings: policy.bindings.clone() }
    }
}

/// The rest of a [`Webhook`].
#[derive(Serialize, Deserialize)]
pub(crate) struct WebhookDocument {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) events: Vec<Event>,
    pub(crate) format: WebhookFormat,
    pub(crate) is_enabled: bool,
}

impl From<&Webhook> for WebhookDocument {
    fn from(webhook: &Webhook) -> Self {
        Self {
            name: webhook.name.clone(),
            url: webhook.url.clone(),
            secret: webhook.secret.clone(),
            events: webhook.events.clone(),
            format: webhook.format,
            is_enabled: webhook.is_enabled,
        }
    }
}

/// The name by which an enum without data is serialised, for a column of its own.
pub(crate) struct Name<T>(pub(crate) T);

impl<T: Serialize> std::fmt::Display for Name<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.serialize(f)
    }
}

/// The enum value of that [`Name`].
pub(crate) fn from_name<'de, T: Deserialize<'de>>(name: &'de str) -> Result<T, serde::de::value::Error> {
    T::deserialize(name.into_deserializer())
}

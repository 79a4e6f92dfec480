//! A flag on the wire.

use crate::commands::{FlagOutcome, FlagView};
use crate::datadog::allocations::{AllocationOut, AllocationsOut, allocation_out};
use crate::datadog::envelope::Answer;
use crate::datadog::{Document, JsonApi, Resource};
use axum::http::StatusCode;
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::staleness::{StaleReason, Staleness};
use flaghoist_model::variant::Variant;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The `type` of flags.
pub(crate) const KIND: &str = "feature-flags";

/// A variant inside other resources.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct VariantOut {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// Unique in the flag; never changes.
    #[schema(example = "on")]
    key: String,
    /// For people.
    #[schema(example = "On")]
    name: String,
    /// The value as text, whatever the flag's type.
    #[schema(example = "true")]
    value: String,
    /// Echo of what a migration tool sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    migration_metadata: Option<Value>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<&Variant> for VariantOut {
    fn from(variant: &Variant) -> Self {
        Self {
            id: variant.id.to_string(),
            key: variant.key.clone(),
            name: variant.name.clone(),
            value: variant.value.clone(),
            migration_metadata: variant.migration_metadata.clone(),
            created_at: variant.created_at.to_string(),
            updated_at: variant.updated_at.to_string(),
        }
    }
}

/// What a flag serves in one environment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FlagEnvironmentEntry {
    /// The environment.
    #[schema(format = Uuid)]
    environment_id: String,
    /// Its name.
    #[schema(example = "Production")]
    environment_name: String,
    /// Its `DD_ENV` values.
    environment_queries: Vec<String>,
    /// `ENABLED` or `DISABLED`.
    #[schema(example = "DISABLED")]
    status: &'static str,
    /// Whether the environment serves real users.
    is_production: bool,
    /// Whether changes in the environment need an approval.
    require_feature_flag_approval: bool,
    /// Whether SDKs report targeting keys and contexts as they are.
    observe_full_evaluation_data: bool,
    /// Served when no rule matches.
    #[schema(format = Uuid)]
    default_variant_id: Option<String>,
    /// Served to everybody when set.
    #[schema(format = Uuid)]
    override_variant_id: Option<String>,
    /// Served when disabled. An extension of ours.
    #[schema(format = Uuid)]
    off_variant_id: Option<String>,
    /// Key under which readers see the default variant.
    #[schema(example = "allocation-default-4fd20c9be7a1")]
    default_allocation_key: String,
    /// Key under which readers see the override variant.
    #[schema(example = "allocation-override-4fd20c9be7a1")]
    override_allocation_key: String,
    /// The oldest change that waits for approval.
    #[schema(format = Uuid)]
    pending_suggestion_id: Option<String>,
    /// What is served, in the order of evaluation; not in lists. Null when there is nothing, else an object by
    /// allocation key (an array for clients that declare JSON:API).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<AllocationsOut>, required = false)]
    #[expect(clippy::option_option, reason = "absent in lists, null when there are none: the wire has both")]
    allocations: Option<Option<AllocationsOut>>,
    /// Always empty; rules are in `allocations`. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    rules: Option<[Value; 0]>,
    /// Present exposure of the first allocation in percent. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    rollout_percentage: Option<i64>,
}

fn entry(
    flag: &Flag,
    environment: &Environment,
    entry: &FlagEnvironment,
    shape: Option<JsonApi>,
) -> FlagEnvironmentEntry {
    FlagEnvironmentEntry {
        environment_id: environment.id.to_string(),
        environment_name: environment.name.clone(),
        environment_queries: environment.queries.clone(),
        status: if entry.enabled { "ENABLED" } else { "DISABLED" },
        is_production: environment.is_production,
        require_feature_flag_approval: environment.require_feature_flag_approval,
        observe_full_evaluation_data: false,
        default_variant_id: entry.default_variant_id.map(|id| id.to_string()),
        override_variant_id: entry.override_variant_id.map(|id| id.to_string()),
        off_variant_id: entry.off_variant_id.map(|id| id.to_string()),
        default_allocation_key: entry.default_allocation_key(),
        override_allocation_key: entry.override_allocation_key(),
        pending_suggestion_id: entry.pending_suggestion_id.map(|id| id.to_string()),
        allocations: shape.map(|shape| allocations(flag, entry, shape)),
        rules: shape.map(|_| []),
        rollout_percentage: shape.map(|_| rollout_percentage(entry)),
    }
}

fn allocations(flag: &Flag, entry: &FlagEnvironment, JsonApi(json_api): JsonApi) -> Option<AllocationsOut> {
    let allocations: Vec<AllocationOut> = entry
        .allocations
        .iter()
        .enumerate()
        .map(|(position, allocation)| allocation_out(flag, entry, position, allocation).with_id())
        .collect();
    match allocations {
        none if none.is_empty() => None,
        some if json_api => Some(AllocationsOut::Array(some)),
        some => Some(AllocationsOut::by_key(some)),
    }
}

fn rollout_percentage(entry: &FlagEnvironment) -> i64 {
    let ratio =
        entry.allocations.first().map_or(0.0, flaghoist_model::allocation::Allocation::exposure_ratio);
    #[expect(clippy::cast_possible_truncation, reason = "a ratio is 0 to 1")]
    let percentage = (ratio * 100.0).round() as i64;
    percentage
}

/// Members of a flag in lists.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FlagListAttributes {
    /// Unique; never changes.
    #[schema(example = "dark-mode")]
    key: String,
    /// Unique.
    #[schema(example = "Dark mode")]
    name: String,
    /// For people.
    description: String,
    /// Type of every variant's value.
    #[schema(value_type = crate::datadog::names::ValueTypeName)]
    value_type: &'static str,
    /// In the order they were given.
    variants: Vec<VariantOut>,
    /// Which readers see it.
    #[schema(value_type = crate::datadog::names::DistributionChannelName)]
    distribution_channel: &'static str,
    /// Text of the JSON Schema of a JSON flag's variants.
    #[serde(skip_serializing_if = "Option::is_none")]
    json_schema: Option<String>,
    /// Whether changes in production environments need an approval.
    require_approval: bool,
    /// For people and filters.
    tags: Vec<String>,
    /// When it was archived.
    #[schema(format = DateTime)]
    archived_at: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// Who made it.
    #[schema(format = Uuid)]
    created_by: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// Who changed it last.
    #[schema(format = Uuid)]
    last_updated_by: String,
    /// Echo of what a migration tool sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    migration_metadata: Option<Value>,
    /// One entry for every environment.
    feature_flag_environments: Vec<FlagEnvironmentEntry>,
}

/// Whether a flag is still needed, why, and what can be done.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StalenessDetails {
    /// The flag.
    #[schema(format = Uuid)]
    id: String,
    /// As the flag's own member of that name.
    #[schema(example = "ACTIVE")]
    staleness_status: &'static str,
    /// `FULLY_ROLLED_OUT`, `NO_EVALUATIONS` or `NO_ACTIVITY`; null when it is not stale.
    stale_reason: Option<&'static str>,
    /// Always null: there is no dismissing yet.
    #[schema(format = DateTime)]
    skip_state_check_until: Option<String>,
    /// Always null.
    #[schema(format = Uuid)]
    dismissed_by: Option<String>,
    /// Always null: code is not looked at.
    #[schema(value_type = Option<Vec<Object>>)]
    code_references: Option<Vec<Value>>,
    /// What can be done, the best first; null when it is not stale.
    recommended_actions: Option<Vec<RecommendedAction>>,
}

/// What can be done about a stale flag.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RecommendedAction {
    /// `remove_from_code`, `archive_flag`, `mark_as_permanent` or `check_sdk_config`.
    #[schema(example = "archive_flag")]
    action: &'static str,
    /// For people.
    description: &'static str,
}

impl StalenessDetails {
    fn of(flag: &Flag, staleness: Staleness) -> Self {
        let recommended_actions = staleness.reason().map(|reason| {
            let actions = recommended(reason).iter();
            actions.map(|(action, description)| RecommendedAction { action, description }).collect()
        });
        Self {
            id: flag.id.to_string(),
            staleness_status: staleness.as_str(),
            stale_reason: staleness.reason().map(StaleReason::as_str),
            skip_state_check_until: None,
            dismissed_by: None,
            code_references: None,
            recommended_actions,
        }
    }
}

fn recommended(reason: StaleReason) -> &'static [(&'static str, &'static str)] {
    const PERMANENT: (&str, &str) =
        ("mark_as_permanent", "Keep the flag, and say so, if it is there for emergencies or configuration");
    const ARCHIVE: (&str, &str) = ("archive_flag", "Archive the flag once no code asks for it");
    match reason {
        StaleReason::FullyRolledOut => &[
            (
                "remove_from_code",
                "Everybody in production gets one variant: let the code do so without the flag",
            ),
            ARCHIVE,
            PERMANENT,
        ],
        StaleReason::NoEvaluations => &[
            ARCHIVE,
            ("check_sdk_config", "If code asks for the flag, see that its SDK reports evaluations here"),
            PERMANENT,
        ],
        StaleReason::NoActivity => &[ARCHIVE, PERMANENT],
    }
}

/// Members of a single flag.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FlagAttributes {
    #[serde(flatten)]
    listed: FlagListAttributes,
    /// Whether it is still needed: `ACTIVE`, `STALE` or `PERMANENT`.
    #[schema(example = "ACTIVE")]
    staleness_status: &'static str,
    /// Why, and what can be done.
    staleness_details: StalenessDetails,
    /// The oldest change of the flag itself that waits for approval. An extension of ours.
    #[schema(format = Uuid)]
    pending_suggestion_id: Option<String>,
}

fn attributes(view: &FlagView, shape: Option<JsonApi>) -> FlagListAttributes {
    let flag = &view.flag;
    FlagListAttributes {
        key: flag.key.clone(),
        name: flag.name.clone(),
        description: flag.description.clone(),
        value_type: flag.value_type.as_str(),
        variants: flag.variants.iter().map(VariantOut::from).collect(),
        distribution_channel: flag.distribution_channel.as_str(),
        json_schema: flag.json_schema.clone(),
        require_approval: flag.require_approval,
        tags: flag.tags.clone(),
        archived_at: flag.archived_at.map(|at| at.to_string()),
        created_at: flag.created_at.to_string(),
        created_by: flag.created_by.to_string(),
        updated_at: flag.updated_at.to_string(),
        last_updated_by: flag.last_updated_by.to_string(),
        migration_metadata: flag.migration_metadata.clone(),
        feature_flag_environments: view
            .environments
            .iter()
            .map(|(environment, state)| entry(flag, environment, state, shape))
            .collect(),
    }
}

/// A flag as lists show it.
pub(crate) fn listed(view: &FlagView) -> Resource<FlagListAttributes> {
    Resource { id: view.flag.id.to_string(), kind: KIND, attributes: attributes(view, None) }
}

/// A flag as single answers show it.
pub(crate) fn single(
    view: &FlagView,
    staleness: Staleness,
    shape: JsonApi,
) -> Document<Resource<FlagAttributes>> {
    let attributes = FlagAttributes {
        listed: attributes(view, Some(shape)),
        staleness_status: staleness.as_str(),
        staleness_details: StalenessDetails::of(&view.flag, staleness),
        pending_suggestion_id: view.pending_suggestion_id.map(|id| id.to_string()),
    };
    Document { data: Resource { id: view.flag.id.to_string(), kind: KIND, attributes } }
}

/// What a flag answers to a change: the flag as it is now; 202 when the change waits for an approval.
pub(crate) fn changed(
    outcome: &FlagOutcome,
    staleness: Staleness,
    shape: JsonApi,
) -> Answer<Document<Resource<FlagAttributes>>> {
    let status = if outcome.suggestion.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    let mut document = single(&outcome.view, staleness, shape);
    if let Some(suggestion) = &outcome.suggestion {
        document.data.attributes.pending_suggestion_id = Some(suggestion.id.to_string());
    }
    Answer(status, document)
}

//! A flag in the list.

use crate::commands::FlagView;
use crate::datadog::names::{DistributionChannelName, ValueTypeName};
use crate::events::ProjectEvaluations;
use flaghoist_model::environment::Environment;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::schedule::{Schedule, ScheduleStatus};
use flaghoist_model::staleness::{StaleReason, Staleness};
use serde::Serialize;
use utoipa::ToSchema;

/// A flag in the list.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedFlag {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// Unique; never changes.
    #[schema(example = "dark-mode")]
    key: String,
    /// Unique.
    #[schema(example = "Dark mode")]
    name: String,
    /// For people.
    description: String,
    /// Type of every variant's value.
    #[schema(value_type = ValueTypeName)]
    value_type: &'static str,
    /// Which readers see it.
    #[schema(value_type = DistributionChannelName)]
    channel: &'static str,
    /// For people and filters.
    tags: Vec<String>,
    /// When it was archived.
    #[schema(format = DateTime)]
    archived_at: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When the flag itself was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// Who made it.
    #[schema(format = Uuid)]
    created_by: String,
    /// Whether changes in production environments need an approval.
    require_approval: bool,
    /// Whether it is still needed: `ACTIVE`, `STALE` or `PERMANENT`.
    #[schema(example = "ACTIVE")]
    staleness_status: &'static str,
    /// Why it is stale: `FULLY_ROLLED_OUT`, `NO_EVALUATIONS` or `NO_ACTIVITY`.
    stale_reason: Option<&'static str>,
    /// When it was last evaluated anywhere, as of some minutes ago.
    #[schema(format = DateTime)]
    last_evaluated_at: Option<String>,
    /// How many variants it has.
    variant_count: usize,
    /// What it does in each environment, in their order.
    environments: Vec<ListedEnvironment>,
}

/// What a flag in the list does in an environment.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedEnvironment {
    /// The environment.
    #[schema(format = Uuid)]
    environment_id: String,
    /// Its key.
    #[schema(example = "production")]
    environment_key: String,
    /// `ENABLED` or `DISABLED`.
    #[schema(example = "DISABLED")]
    status: &'static str,
    /// How many allocations it has.
    has_allocations: usize,
    /// `RUNNING`, `PAUSED` or `SCHEDULED`: of the rollout that is furthest from its end; null when none is on its way.
    #[schema(example = "RUNNING")]
    rollout_status: Option<&'static str>,
    /// The share that it lets in now, 0 to 1.
    rollout_ratio: Option<f64>,
    /// The oldest change that waits for approval.
    #[schema(format = Uuid)]
    pending_suggestion_id: Option<String>,
    /// When the flag was last evaluated there, as of some minutes ago.
    #[schema(format = DateTime)]
    last_evaluated_at: Option<String>,
}

/// A flag as the list shows it.
pub(super) fn listed(view: &FlagView, staleness: Staleness, evaluations: &ProjectEvaluations) -> ListedFlag {
    let flag = &view.flag;
    let environments = view.environments.iter();
    ListedFlag {
        id: flag.id.to_string(),
        key: flag.key.clone(),
        name: flag.name.clone(),
        description: flag.description.clone(),
        value_type: flag.value_type.as_str(),
        channel: flag.distribution_channel.as_str(),
        tags: flag.tags.clone(),
        archived_at: flag.archived_at.map(|at| at.to_string()),
        created_at: flag.created_at.to_string(),
        updated_at: flag.updated_at.to_string(),
        created_by: flag.created_by.to_string(),
        require_approval: flag.require_approval,
        staleness_status: staleness.as_str(),
        stale_reason: staleness.reason().map(StaleReason::as_str),
        last_evaluated_at: evaluations.of_flag(flag.id).of_flag.map(|at| at.to_string()),
        variant_count: flag.variants.len(),
        environments: environments
            .map(|(environment, entry)| place(environment, entry, evaluations))
            .collect(),
    }
}

fn place(
    environment: &Environment,
    entry: &FlagEnvironment,
    evaluations: &ProjectEvaluations,
) -> ListedEnvironment {
    let rollout = rollout(entry);
    let last_evaluated_at = evaluations.in_environment(entry.flag_id, environment.id);
    ListedEnvironment {
        environment_id: environment.id.to_string(),
        environment_key: environment.key.clone(),
        status: if entry.enabled { "ENABLED" } else { "DISABLED" },
        has_allocations: entry.allocations.len(),
        rollout_status: rollout.map(|schedule| schedule.progress.status.as_str()),
        rollout_ratio: rollout.map(Schedule::exposure_ratio),
        pending_suggestion_id: entry.pending_suggestion_id.map(|id| id.to_string()),
        last_evaluated_at: last_evaluated_at.map(|at| at.to_string()),
    }
}

/// The rollout on its way that is furthest from its end; one that waits for its time only when no other is.
fn rollout(entry: &FlagEnvironment) -> Option<&Schedule> {
    let of_allocations = entry.allocations.iter().filter_map(|allocation| allocation.schedule.as_ref());
    let by_reference = entry.rollouts.iter().filter_map(|rollout| rollout.schedule.as_ref());
    let waits = |schedule: &Schedule| schedule.progress.status == ScheduleStatus::Scheduled;
    let on_their_way =
        of_allocations.chain(by_reference).filter(|schedule| schedule.is_on() || waits(schedule));
    on_their_way.min_by(|one, other| {
        let by_ratio = one.exposure_ratio().total_cmp(&other.exposure_ratio());
        waits(one).cmp(&waits(other)).then(by_ratio)
    })
}

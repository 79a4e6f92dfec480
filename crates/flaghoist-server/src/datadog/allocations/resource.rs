//! An allocation on the wire.

use crate::datadog::Resource;
use crate::datadog::flags::VariantOut;
use flaghoist_model::allocation::{Allocation, GuardrailMetric, TriggerAction, VariantWeight};
use flaghoist_model::condition::{Condition, TargetingRule, Test};
use flaghoist_model::definition::EntryDefinition;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::guard::{Guard, Trigger};
use flaghoist_model::id::{EnvironmentId, VariantId};
use flaghoist_model::schedule::{PauseReason, Schedule, Step};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The `type` of allocations.
pub(super) const KIND: &str = "allocations";

/// Members of an allocation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AllocationOut {
    /// Identifier, where the allocation stands inside a flag.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Uuid)]
    id: Option<String>,
    /// Unique in the project.
    #[schema(example = "beta-users")]
    key: String,
    /// For people.
    #[schema(example = "Beta users")]
    name: String,
    /// `FEATURE_GATE` or `CANARY`.
    #[serde(rename = "type")]
    #[schema(value_type = crate::datadog::names::AllocationTypeName, rename = "type")]
    kind: &'static str,
    /// Place in the order of evaluation, from 0.
    order_position: usize,
    /// The environment, alone.
    environment_ids: [String; 1],
    /// The experiment it belongs to.
    experiment_id: Option<String>,
    /// OR-ed; none means everyone.
    targeting_rules: Vec<TargetingRuleOut>,
    /// Shares that sum to 100; none means that subjects pass through.
    variant_weights: Vec<VariantWeightOut>,
    /// Share of the traffic that is in now, 0 to 1. An extension of ours.
    current_exposure_ratio: f64,
    /// Exposure over time; absent when everyone is in at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    exposure_schedule: Option<ExposureScheduleOut>,
    /// Watching metrics.
    guardrail_metrics: Vec<GuardrailMetricOut>,
    /// What about it does not do what one might think: guardrail metrics that nobody defined, allocations that are not
    /// reached while it is rolled out. An extension of ours.
    warnings: Vec<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// One of the OR-ed rules.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TargetingRuleOut {
    #[schema(format = Uuid)]
    id: String,
    /// AND-ed.
    conditions: Vec<ConditionOut>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// One of the AND-ed conditions: a comparison, or a saved filter.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ConditionOut {
    #[schema(format = Uuid)]
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "plan")]
    attribute: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ONE_OF")]
    operator: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Vec<String>>,
    #[schema(format = Uuid)]
    saved_filter_id: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// The share of one variant.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct VariantWeightOut {
    #[schema(format = Uuid)]
    id: String,
    /// Percent.
    value: f64,
    #[schema(format = Uuid)]
    variant_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<VariantOut>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// A watching metric.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct GuardrailMetricOut {
    metric_id: String,
    /// `PAUSE` or `ABORT`.
    #[schema(value_type = crate::datadog::names::TriggerActionName)]
    trigger_action: &'static str,
    /// `guardrail_monitor` once it fired in the run, else null (decision 6).
    triggered_by: Option<&'static str>,
}

/// An exposure schedule.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ExposureScheduleOut {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uuid)]
    allocation_id: String,
    #[schema(format = Uuid)]
    control_variant_id: Option<String>,
    #[schema(format = DateTime)]
    absolute_start_time: Option<String>,
    rollout_options: RolloutOptionsOut,
    rollout_steps: Vec<RolloutStepOut>,
    /// What guardrail metrics of the run fired.
    guardrail_triggers: Vec<GuardrailTriggerOut>,
    /// What they called for: `ABORT` if any did.
    #[schema(value_type = Option<crate::datadog::names::TriggerActionName>)]
    guardrail_triggered_action: Option<&'static str>,
    /// Where it stands: `NOT_STARTED`, `SCHEDULED`, `RUNNING`, `PAUSED`, `COMPLETED` or `ABORTED`. An extension of ours,
    /// like the members below up to `run`.
    #[schema(example = "COMPLETED")]
    status: &'static str,
    /// Why it is paused: `user`, `guardrail`, `gate`, `health` or `inactive` (the flag is off).
    pause_reason: Option<&'static str>,
    /// The `order_position` of the step it is at.
    current_step_position: Option<usize>,
    /// Share of the traffic that is in now, 0 to 1.
    current_exposure_ratio: f64,
    /// When that step was entered.
    #[schema(format = DateTime)]
    step_entered_at: Option<String>,
    /// When it moves by itself.
    #[schema(format = DateTime)]
    next_transition_at: Option<String>,
    /// Which run this is, counting from 1; none before the first.
    run: Option<i64>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// That a guardrail metric fired.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct GuardrailTriggerOut {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uuid)]
    allocation_exposure_schedule_id: String,
    /// The variant that showed harm.
    #[schema(format = Uuid)]
    flagging_variant_id: String,
    metric_id: String,
    /// `PAUSE` or `ABORT`.
    #[schema(value_type = crate::datadog::names::TriggerActionName)]
    triggered_action: &'static str,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// How steps follow one another.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RolloutOptionsOut {
    /// `UNIFORM_INTERVALS` or `NO_ROLLOUT`.
    #[schema(value_type = crate::datadog::names::StrategyName)]
    strategy: &'static str,
    autostart: bool,
    /// Interval of steps that name none, in milliseconds; 0 when unset.
    selection_interval_ms: i64,
}

/// One step.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RolloutStepOut {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uuid)]
    allocation_exposure_schedule_id: String,
    order_position: usize,
    /// Share of the traffic, 0 to 1.
    exposure_ratio: f64,
    interval_ms: Option<i64>,
    is_pause_record: bool,
    grouped_step_index: i64,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Several allocations inside a flag.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum AllocationsOut {
    /// By key, as the reference shows.
    ByKey(BTreeMap<String, AllocationOut>),
    /// In order, for clients that declare JSON:API.
    Array(Vec<AllocationOut>),
}

impl AllocationsOut {
    /// Allocations by key.
    pub(crate) fn by_key(allocations: Vec<AllocationOut>) -> Self {
        Self::ByKey(allocations.into_iter().map(|allocation| (allocation.key.clone(), allocation)).collect())
    }
}

/// An allocation of `flag` at `position` in the order of an environment.
pub(crate) fn allocation_out(
    flag: &Flag,
    entry: &FlagEnvironment,
    position: usize,
    allocation: &Allocation,
) -> IdentifiedAllocation {
    let attributes = AllocationOut {
        id: None,
        key: allocation.key.clone(),
        name: allocation.name.clone(),
        kind: allocation.kind.as_str(),
        order_position: position,
        environment_ids: [entry.environment_id.to_string()],
        experiment_id: allocation.experiment_id.clone(),
        targeting_rules: allocation.rules.iter().map(rule_out).collect(),
        variant_weights: allocation.weights.iter().map(|weight| weight_out(flag, weight)).collect(),
        current_exposure_ratio: allocation.exposure_ratio(),
        exposure_schedule: allocation.schedule.as_ref().map(|schedule| schedule_out(allocation, schedule)),
        guardrail_metrics: allocation.guardrails.iter().map(|one| guardrail_out(allocation, one)).collect(),
        warnings: entry.warnings(position),
        created_at: allocation.created_at.to_string(),
        updated_at: allocation.updated_at.to_string(),
    };
    IdentifiedAllocation { id: allocation.id.to_string(), attributes }
}

/// The allocations of a definition as a JSON array, each with its id.
pub(crate) fn definition_out(
    flag: &Flag,
    environment_id: EnvironmentId,
    definition: &EntryDefinition,
) -> Value {
    let entry = FlagEnvironment {
        allocations: definition.allocations.clone(),
        ..FlagEnvironment::initial(flag, environment_id)
    };
    let allocations = entry.allocations.iter().enumerate();
    let allocations = allocations.filter_map(|(position, allocation)| {
        let allocation = allocation_out(flag, &entry, position, allocation).with_id();
        // What is proposed is not what is there.
        serde_json::to_value(AllocationOut { warnings: Vec::new(), ..allocation }).ok()
    });
    allocations.collect()
}

/// An allocation and its id, which stands inside or beside the members.
pub(crate) struct IdentifiedAllocation {
    id: String,
    attributes: AllocationOut,
}

impl IdentifiedAllocation {
    /// The members with the id among them, as inside a flag.
    pub(crate) fn with_id(self) -> AllocationOut {
        AllocationOut { id: Some(self.id), ..self.attributes }
    }

    /// The resource with the id beside the members.
    pub(crate) fn into_resource(self) -> Resource<AllocationOut> {
        Resource { id: self.id, kind: KIND, attributes: self.attributes }
    }
}

/// One of the OR-ed rules.
pub(crate) fn rule_out(rule: &TargetingRule) -> TargetingRuleOut {
    TargetingRuleOut {
        id: rule.id.to_string(),
        conditions: rule.conditions.iter().map(condition_out).collect(),
        created_at: rule.created_at.to_string(),
        updated_at: rule.updated_at.to_string(),
    }
}

fn condition_out(condition: &Condition) -> ConditionOut {
    let (comparison, saved_filter_id) = match &condition.test {
        Test::Inline { attribute, operator, values } => (Some((attribute, operator, values)), None),
        Test::SavedFilter { saved_filter_id } => (None, Some(saved_filter_id.to_string())),
    };
    ConditionOut {
        id: condition.id.to_string(),
        attribute: comparison.map(|(attribute, ..)| attribute.clone()),
        operator: comparison.map(|(_, operator, _)| operator.as_str()),
        value: comparison.map(|(.., values)| values.clone()),
        saved_filter_id,
        created_at: condition.created_at.to_string(),
        updated_at: condition.updated_at.to_string(),
    }
}

fn weight_out(flag: &Flag, weight: &VariantWeight) -> VariantWeightOut {
    VariantWeightOut {
        id: weight.id.to_string(),
        value: weight.value,
        variant_id: weight.variant_id.to_string(),
        variant: flag.variant(weight.variant_id).map(VariantOut::from),
        created_at: weight.created_at.to_string(),
        updated_at: weight.updated_at.to_string(),
    }
}

fn guardrail_out(allocation: &Allocation, guardrail: &GuardrailMetric) -> GuardrailMetricOut {
    let guard = allocation.schedule.as_ref().and_then(|schedule| schedule.progress.guard.as_deref());
    let has_fired = guard.is_some_and(|guard| {
        guard.metric_triggers().any(|(_, metric_id, ..)| metric_id == guardrail.metric_id)
    });
    GuardrailMetricOut {
        metric_id: guardrail.metric_id.clone(),
        trigger_action: guardrail.trigger_action.as_str(),
        triggered_by: has_fired.then_some("guardrail_monitor"),
    }
}

fn triggers_out(schedule: &Schedule) -> Vec<GuardrailTriggerOut> {
    let guard = schedule.progress.guard.as_deref().into_iter();
    let trigger = |(trigger, metric_id, variant_id, action): (&Trigger, &str, VariantId, TriggerAction)| {
        GuardrailTriggerOut {
            id: trigger.id.to_string(),
            allocation_exposure_schedule_id: schedule.id.to_string(),
            flagging_variant_id: variant_id.to_string(),
            metric_id: metric_id.to_owned(),
            triggered_action: action.as_str(),
            created_at: trigger.at.to_string(),
            updated_at: trigger.at.to_string(),
        }
    };
    guard.flat_map(Guard::metric_triggers).map(trigger).collect()
}

/// The exposure schedule of an allocation.
pub(crate) fn schedule_out(allocation: &Allocation, schedule: &Schedule) -> ExposureScheduleOut {
    let steps = schedule.steps.iter().enumerate();
    let progress = &schedule.progress;
    ExposureScheduleOut {
        id: schedule.id.to_string(),
        allocation_id: allocation.id.to_string(),
        control_variant_id: schedule.control_variant_id.map(|id| id.to_string()),
        absolute_start_time: schedule.absolute_start_time.map(|at| at.to_string()),
        rollout_options: RolloutOptionsOut {
            strategy: schedule.strategy.as_str(),
            autostart: schedule.autostart,
            selection_interval_ms: schedule.selection_interval_ms,
        },
        rollout_steps: steps.map(|(position, step)| step_out(schedule, position, step)).collect(),
        guardrail_triggers: triggers_out(schedule),
        guardrail_triggered_action: progress
            .guard
            .as_deref()
            .and_then(Guard::triggered_action)
            .map(TriggerAction::as_str),
        status: progress.status.as_str(),
        pause_reason: progress.pause_reason.map(PauseReason::as_str),
        current_step_position: progress.position,
        current_exposure_ratio: schedule.exposure_ratio(),
        step_entered_at: progress.step_entered_at.map(|at| at.to_string()),
        next_transition_at: schedule.due_at().map(|at| at.to_string()),
        run: Some(progress.run).filter(|run| *run > 0),
        created_at: schedule.created_at.to_string(),
        updated_at: schedule.updated_at.to_string(),
    }
}

fn step_out(schedule: &Schedule, position: usize, step: &Step) -> RolloutStepOut {
    RolloutStepOut {
        id: step.id.to_string(),
        allocation_exposure_schedule_id: schedule.id.to_string(),
        order_position: position,
        exposure_ratio: step.exposure_ratio,
        interval_ms: step.interval_ms,
        is_pause_record: step.is_pause_record,
        grouped_step_index: step.grouped_step_index,
        created_at: step.created_at.to_string(),
        updated_at: step.updated_at.to_string(),
    }
}

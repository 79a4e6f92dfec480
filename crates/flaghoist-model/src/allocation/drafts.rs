//! Allocations as drafts: what one would ask for to get them. Copies to other environments are made of these.

use super::{Allocation, AllocationDraft, GuardrailDraft, WeightDraft};
use crate::condition::{ConditionDraft, RuleDraft, Test};
use crate::schedule::{Schedule, ScheduleDraft, StepDraft, Strategy};

impl From<&Allocation> for AllocationDraft {
    /// The draft names no ids of the allocation's own parts: what is made of it is new.
    fn from(allocation: &Allocation) -> Self {
        let rules = allocation.rules.iter().map(|rule| RuleDraft {
            conditions: rule.conditions.iter().map(|condition| condition_draft(&condition.test)).collect(),
        });
        let weights = allocation.weights.iter().map(|weight| WeightDraft {
            variant_id: Some(weight.variant_id),
            variant_key: None,
            value: Some(weight.value),
        });
        let guardrails = allocation.guardrails.iter().map(|guardrail| GuardrailDraft {
            metric_id: Some(guardrail.metric_id.clone()),
            trigger_action: Some(guardrail.trigger_action),
        });
        Self {
            id: None,
            key: Some(allocation.key.clone()),
            name: Some(allocation.name.clone()),
            kind: Some(allocation.kind),
            experiment_id: allocation.experiment_id.clone(),
            rules: rules.collect(),
            weights: weights.collect(),
            // What follows a rollout has its steps by reference.
            schedule: match (&allocation.schedule, allocation.reached_exposure_ratio) {
                (Some(schedule), _) => Some(schedule_draft(schedule)),
                (None, reached) => reached.map(gate_draft),
            },
            guardrails: guardrails.collect(),
        }
    }
}

fn condition_draft(test: &Test) -> ConditionDraft {
    match test {
        Test::Inline { attribute, operator, values } => ConditionDraft {
            attribute: Some(attribute.clone()),
            operator: Some(*operator),
            values: Some(values.clone()),
            saved_filter_id: None,
        },
        Test::SavedFilter { saved_filter_id } => {
            ConditionDraft { saved_filter_id: Some(*saved_filter_id), ..ConditionDraft::default() }
        }
    }
}

/// A plain gate at an exposure, which is how one asks for it.
fn gate_draft(exposure_ratio: f64) -> ScheduleDraft {
    let step = StepDraft {
        exposure_ratio: Some(exposure_ratio),
        is_pause_record: Some(false),
        grouped_step_index: Some(0),
        ..StepDraft::default()
    };
    ScheduleDraft { strategy: Some(Strategy::NoRollout), steps: Some(vec![step]), ..ScheduleDraft::default() }
}

fn schedule_draft(schedule: &Schedule) -> ScheduleDraft {
    let steps = schedule.steps.iter().map(|step| StepDraft {
        id: None,
        exposure_ratio: Some(step.exposure_ratio),
        interval_ms: step.interval_ms,
        is_pause_record: Some(step.is_pause_record),
        grouped_step_index: Some(step.grouped_step_index),
    });
    ScheduleDraft {
        id: None,
        strategy: Some(schedule.strategy),
        autostart: Some(schedule.autostart),
        selection_interval_ms: Some(schedule.selection_interval_ms),
        steps: Some(steps.collect()),
        absolute_start_time: schedule.absolute_start_time,
        control_variant_id: schedule.control_variant_id,
        control_variant_key: None,
    }
}

//! An allocation in a request.

use crate::decode::{A_BOOLEAN, A_STRING, A_UUID, Member, Object, id, one_of};
use flaghoist_model::Faults;
use flaghoist_model::allocation::{
    AllocationDraft, AllocationKind, GuardrailDraft, TriggerAction, WeightDraft,
};
use flaghoist_model::condition::{ConditionDraft, Operator, RuleDraft};
use flaghoist_model::schedule::{ScheduleDraft, StepDraft, Strategy};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

/// Members of an allocation.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct AllocationIn {
    /// The allocation to change; may also stand beside `attributes`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    id: Member<String>,
    /// Unique in the project.
    #[serde(default)]
    #[schema(value_type = String, example = "beta-users", required)]
    key: Member<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = String, example = "Beta users", required)]
    name: Member<String>,
    /// `FEATURE_GATE` or `CANARY`.
    #[serde(default, rename = "type")]
    #[schema(rename = "type", value_type = crate::datadog::names::AllocationTypeName, required)]
    kind: Member<String>,
    /// The experiment it belongs to.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    experiment_id: Member<String>,
    /// OR-ed; none means everyone.
    #[serde(default)]
    #[schema(value_type = Option<Vec<TargetingRuleIn>>)]
    targeting_rules: Member<Vec<Object<TargetingRuleIn>>>,
    /// Shares that sum to 100; none means that subjects pass through.
    #[serde(default)]
    #[schema(value_type = Option<Vec<VariantWeightIn>>)]
    variant_weights: Member<Vec<Object<VariantWeightIn>>>,
    /// Exposure over time; absent when everyone is in at once.
    #[serde(default)]
    #[schema(value_type = Option<ExposureScheduleIn>)]
    exposure_schedule: Member<Object<ExposureScheduleIn>>,
    /// Watching metrics.
    #[serde(default)]
    #[schema(value_type = Option<Vec<GuardrailMetricIn>>)]
    guardrail_metrics: Member<Vec<Object<GuardrailMetricIn>>>,
}

/// One of the OR-ed rules.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct TargetingRuleIn {
    /// AND-ed, at least one.
    #[serde(default)]
    #[schema(value_type = Vec<ConditionIn>, required)]
    conditions: Member<Vec<Object<ConditionIn>>>,
}

/// A comparison of one attribute, or a saved filter.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct ConditionIn {
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "plan")]
    attribute: Member<String>,
    /// `LT`, `LTE`, `GT`, `GTE`, `MATCHES`, `NOT_MATCHES`, `ONE_OF`, `NOT_ONE_OF`, `IS_NULL`, `EQUALS` or a
    /// `SEMVER_…`.
    #[serde(default)]
    #[schema(value_type = Option<crate::datadog::names::OperatorName>)]
    operator: Member<String>,
    /// Always texts, also for numbers.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, example = json!(["beta", "staff"]))]
    value: Member<Vec<String>>,
    /// A saved filter instead.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    saved_filter_id: Member<String>,
}

/// The share of one variant, named by id or by key.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct VariantWeightIn {
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    variant_id: Member<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "on")]
    variant_key: Member<String>,
    /// Percent.
    #[serde(default)]
    #[schema(value_type = f64, example = 100.0, required)]
    value: Member<f64>,
}

/// A watching metric.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct GuardrailMetricIn {
    #[serde(default)]
    #[schema(value_type = String, required)]
    metric_id: Member<String>,
    /// `PAUSE` or `ABORT`.
    #[serde(default)]
    #[schema(value_type = crate::datadog::names::TriggerActionName, required)]
    trigger_action: Member<String>,
}

/// An exposure schedule.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct ExposureScheduleIn {
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    id: Member<String>,
    #[serde(default)]
    #[schema(value_type = RolloutOptionsIn, required)]
    rollout_options: Member<Object<RolloutOptionsIn>>,
    /// At least one.
    #[serde(default)]
    #[schema(value_type = Vec<RolloutStepIn>, required)]
    rollout_steps: Member<Vec<Object<RolloutStepIn>>>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    absolute_start_time: Member<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    control_variant_id: Member<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    control_variant_key: Member<String>,
}

/// How steps follow one another.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct RolloutOptionsIn {
    /// `UNIFORM_INTERVALS` or `NO_ROLLOUT`.
    #[serde(default)]
    #[schema(value_type = crate::datadog::names::StrategyName, required)]
    strategy: Member<String>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    autostart: Member<bool>,
    /// Interval of steps that name none, in milliseconds; 0 means unset.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    selection_interval_ms: Member<i64>,
}

/// One step.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct RolloutStepIn {
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    id: Member<String>,
    /// Share of the traffic, 0 to 1.
    #[serde(default)]
    #[schema(value_type = f64, example = 0.3, required)]
    exposure_ratio: Member<f64>,
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    interval_ms: Member<i64>,
    #[serde(default)]
    #[schema(value_type = bool, example = false, required)]
    is_pause_record: Member<bool>,
    #[serde(default)]
    #[schema(value_type = i64, example = 0, required)]
    grouped_step_index: Member<i64>,
}

/// What numbers are called in messages.
const A_NUMBER: &str = "a number";
/// What milliseconds are called in messages.
const MILLISECONDS: &str = "whole milliseconds";

impl AllocationIn {
    /// The draft; `beside` is the id that stands beside the attributes, if any.
    pub(crate) fn into_draft(self, beside: Option<String>, faults: &mut Faults) -> AllocationDraft {
        let inside = self.id.optional("id", A_UUID, faults);
        let kind = self.kind.required("type", A_STRING, faults);
        AllocationDraft {
            id: id(inside.or(beside), "id", faults),
            key: self.key.required("key", A_STRING, faults),
            name: self.name.required("name", A_STRING, faults),
            kind: one_of(kind, "type", AllocationKind::from_name, "FEATURE_GATE, CANARY", faults),
            experiment_id: self.experiment_id.optional("experiment_id", A_STRING, faults),
            rules: each(self.targeting_rules, "targeting_rules", faults, TargetingRuleIn::into_draft),
            weights: each(self.variant_weights, "variant_weights", faults, VariantWeightIn::into_draft),
            schedule: self
                .exposure_schedule
                .optional("exposure_schedule", "an object", faults)
                .map(|Object(schedule)| faults.at("exposure_schedule", |faults| schedule.into_draft(faults))),
            guardrails: each(
                self.guardrail_metrics,
                "guardrail_metrics",
                faults,
                GuardrailMetricIn::into_draft,
            ),
        }
    }
}

/// The drafts of a list's elements; absent lists are empty.
fn each<T, D>(
    list: Member<Vec<Object<T>>>,
    name: &str,
    faults: &mut Faults,
    into_draft: impl Fn(T, &mut Faults) -> D,
) -> Vec<D> {
    let list = list.optional(name, "an array of objects", faults).unwrap_or_default();
    faults.at(name, |faults| {
        let elements = list.into_iter().enumerate();
        elements
            .map(|(position, Object(element))| faults.at(position, |faults| into_draft(element, faults)))
            .collect()
    })
}

impl TargetingRuleIn {
    /// The draft.
    pub(crate) fn into_draft(self, faults: &mut Faults) -> RuleDraft {
        RuleDraft { conditions: each(self.conditions, "conditions", faults, ConditionIn::into_draft) }
    }
}

impl ConditionIn {
    fn into_draft(self, faults: &mut Faults) -> ConditionDraft {
        let filter = self.saved_filter_id.is_given();
        let saved_filter_id = self.saved_filter_id.optional("saved_filter_id", A_UUID, faults);
        let (attribute, operator, values) = if filter {
            (
                self.attribute.optional("attribute", A_STRING, faults),
                self.operator.optional("operator", A_STRING, faults),
                self.value.optional("value", "an array of strings", faults),
            )
        } else {
            (
                self.attribute.required("attribute", A_STRING, faults),
                self.operator.required("operator", A_STRING, faults),
                self.value.required("value", "an array of strings", faults),
            )
        };
        ConditionDraft {
            attribute,
            operator: one_of(
                operator,
                "operator",
                Operator::from_name,
                "LT, LTE, GT, GTE, MATCHES, NOT_MATCHES, ONE_OF, NOT_ONE_OF, IS_NULL, EQUALS, SEMVER_EQ, SEMVER_NEQ, \
                 SEMVER_LT, SEMVER_LTE, SEMVER_GT, SEMVER_GTE",
                faults,
            ),
            values,
            saved_filter_id: id(saved_filter_id, "saved_filter_id", faults),
        }
    }
}

impl VariantWeightIn {
    fn into_draft(self, faults: &mut Faults) -> WeightDraft {
        let variant_id = self.variant_id.optional("variant_id", A_UUID, faults);
        WeightDraft {
            variant_id: id(variant_id, "variant_id", faults),
            variant_key: self.variant_key.optional("variant_key", A_STRING, faults),
            value: self.value.required("value", "percent as a number", faults),
        }
    }
}

impl GuardrailMetricIn {
    fn into_draft(self, faults: &mut Faults) -> GuardrailDraft {
        let action = self.trigger_action.required("trigger_action", A_STRING, faults);
        GuardrailDraft {
            metric_id: self.metric_id.required("metric_id", A_STRING, faults),
            trigger_action: one_of(
                action,
                "trigger_action",
                TriggerAction::from_name,
                "PAUSE, ABORT",
                faults,
            ),
        }
    }
}

impl ExposureScheduleIn {
    /// The draft that it is; faults where it is none.
    pub(crate) fn into_draft(self, faults: &mut Faults) -> ScheduleDraft {
        let schedule_id = self.id.optional("id", A_UUID, faults);
        let control_variant_id = self.control_variant_id.optional("control_variant_id", A_UUID, faults);
        let start = self.absolute_start_time.optional("absolute_start_time", "an RFC 3339 time", faults);
        let options = self.rollout_options.required("rollout_options", "an object", faults);
        let steps = self.rollout_steps.required("rollout_steps", "an array of steps", faults);
        let mut draft = ScheduleDraft {
            id: id(schedule_id, "id", faults),
            steps: steps
                .map(|steps| each(Member::Value(steps), "rollout_steps", faults, RolloutStepIn::into_draft)),
            absolute_start_time: one_of(
                start,
                "absolute_start_time",
                |text| text.parse::<Timestamp>().ok().map(crate::clock::whole_microseconds),
                "the forms of an RFC 3339 time such as 2026-11-20T10:00:00Z",
                faults,
            ),
            control_variant_id: id(control_variant_id, "control_variant_id", faults),
            control_variant_key: self.control_variant_key.optional("control_variant_key", A_STRING, faults),
            ..ScheduleDraft::default()
        };
        if let Some(Object(options)) = options {
            faults.at("rollout_options", |faults| options.apply(&mut draft, faults));
        }
        draft
    }
}

impl RolloutOptionsIn {
    fn apply(self, draft: &mut ScheduleDraft, faults: &mut Faults) {
        let strategy = self.strategy.required("strategy", A_STRING, faults);
        draft.strategy =
            one_of(strategy, "strategy", Strategy::from_name, "UNIFORM_INTERVALS, NO_ROLLOUT", faults);
        draft.autostart = self.autostart.optional("autostart", A_BOOLEAN, faults);
        draft.selection_interval_ms =
            self.selection_interval_ms.optional("selection_interval_ms", MILLISECONDS, faults);
    }
}

impl RolloutStepIn {
    fn into_draft(self, faults: &mut Faults) -> StepDraft {
        let step_id = self.id.optional("id", A_UUID, faults);
        StepDraft {
            id: id(step_id, "id", faults),
            exposure_ratio: self.exposure_ratio.required("exposure_ratio", A_NUMBER, faults),
            interval_ms: self.interval_ms.optional("interval_ms", MILLISECONDS, faults),
            is_pause_record: self.is_pause_record.required("is_pause_record", A_BOOLEAN, faults),
            grouped_step_index: self.grouped_step_index.required(
                "grouped_step_index",
                "a whole number",
                faults,
            ),
        }
    }
}

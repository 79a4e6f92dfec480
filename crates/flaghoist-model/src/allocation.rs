//! Allocations: who gets which variants, in one environment. Datadog's interface calls them targeting rules.

mod drafts;

use crate::clause::Clauses;
use crate::condition::{RuleDraft, TargetingRule, Test, parse_rules};
use crate::flag::{Flag, VARIANTS_MAX};
use crate::guard::Guard;
use crate::id::{AllocationId, RolloutId, SavedFilterId, ScheduleId, VariantId, WeightId};
use crate::key::{parse_key, parse_name};
use crate::saved_filter::SavedFilter;
use crate::schedule::{Schedule, ScheduleDraft, parse_schedule};
use crate::{Faults, MintId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far the sum of weights may be from 100.
pub const WEIGHT_TOLERANCE: f64 = 1e-6;
/// Most guardrail metrics of an allocation.
pub const GUARDRAILS_MAX: usize = 50;

/// What an allocation is in the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AllocationKind {
    /// A plain rule.
    FeatureGate,
    /// A rule that is rolled out step by step.
    Canary,
}

impl AllocationKind {
    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "FEATURE_GATE" => Some(Self::FeatureGate),
            "CANARY" => Some(Self::Canary),
            _ => None,
        }
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FeatureGate => "FEATURE_GATE",
            Self::Canary => "CANARY",
        }
    }
}

/// The share of one variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VariantWeight {
    /// Identifier.
    pub id: WeightId,
    /// The variant.
    pub variant_id: VariantId,
    /// Percent, 0 to 100.
    pub value: f64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a guardrail does when it fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TriggerAction {
    /// Stops growing.
    Pause,
    /// Takes the exposure back.
    Abort,
}

impl TriggerAction {
    /// The action of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "PAUSE" => Some(Self::Pause),
            "ABORT" => Some(Self::Abort),
            _ => None,
        }
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "PAUSE",
            Self::Abort => "ABORT",
        }
    }

    /// Of two actions the one that takes more back.
    #[must_use]
    pub fn stronger(self, other: Self) -> Self {
        if self == Self::Abort { self } else { other }
    }
}

/// What an allocation serves in place of weights of its own: its weights, and its schedule, follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Serving {
    /// The environment's default variant.
    Default,
    /// What a rollout serves.
    Rollout {
        /// The rollout.
        rollout_id: RolloutId,
    },
    /// The weights of its own; a rollout is named beside them and not served (decision 33).
    Own {
        /// The rollout.
        beside: RolloutId,
    },
    /// What the flag's first rollout serves to everybody while nothing else is in the list (decision 32).
    FlagLevel {
        /// The rollout.
        rollout_id: RolloutId,
    },
}

impl Serving {
    /// The rollout that is served, if it is one.
    pub fn rollout_id(self) -> Option<RolloutId> {
        match self {
            Self::Default | Self::Own { .. } => None,
            Self::Rollout { rollout_id } | Self::FlagLevel { rollout_id } => Some(rollout_id),
        }
    }
}

/// A metric that watches the allocation while it rolls out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardrailMetric {
    /// Which metric.
    pub metric_id: String,
    /// What it does.
    pub trigger_action: TriggerAction,
}

/// An allocation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Allocation {
    /// Identifier, unique in the installation.
    pub id: AllocationId,
    /// Unique in the project.
    pub key: String,
    /// For people.
    pub name: String,
    /// What it is in the interface.
    pub kind: AllocationKind,
    /// The experiment it belongs to.
    pub experiment_id: Option<String>,
    /// OR-ed; none means everyone.
    pub rules: Vec<TargetingRule>,
    /// The clauses that the rules were compiled from, if they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clauses: Option<Clauses>,
    /// Where its author put it among the others; smaller ones come first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_index: Option<f64>,
    /// What it serves in place of weights of its own, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serving: Option<Serving>,
    /// Shares that sum to 100, in the order that buckets follow; none means that subjects pass through.
    pub weights: Vec<VariantWeight>,
    /// Exposure over time; none means everyone at once.
    pub schedule: Option<Schedule>,
    /// What a rollout had reached when its schedule was removed (decision 16): the exposure of what is a plain gate
    /// since. None for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached_exposure_ratio: Option<f64>,
    /// Watching metrics.
    pub guardrails: Vec<GuardrailMetric>,
    /// Salt of the traffic shard. Chosen once, so that whoever is in stays in.
    pub traffic_salt: String,
    /// Salt of the split shard. Chosen once.
    pub split_salt: String,
    /// Whether SDKs report exposures.
    pub do_log: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Allocation {
    /// The share of the traffic that is in now, 0 to 1.
    pub fn exposure_ratio(&self) -> f64 {
        let without_schedule = self.reached_exposure_ratio.unwrap_or(1.0);
        self.schedule.as_ref().map_or(without_schedule, Schedule::exposure_ratio)
    }

    /// Its exposure when it becomes `wanted`, which has no schedule; none for everyone.
    pub(crate) fn exposure_without_schedule(&self, wanted: &Self) -> Option<f64> {
        match &self.schedule {
            Some(schedule) if !schedule.is_through() => wanted.reached_exposure_ratio,
            _ => self.reached_without_schedule(),
        }
    }

    /// What its exposure becomes when its schedule is removed; none for everyone.
    fn reached_without_schedule(&self) -> Option<f64> {
        let reached = match &self.schedule {
            None => self.reached_exposure_ratio,
            Some(schedule) => schedule.is_through().then(|| schedule.exposure_ratio()),
        };
        reached.filter(|ratio| *ratio < 1.0)
    }

    /// Other salts for traffic and split, which differ for every run: with them other subjects are the first.
    pub(crate) fn reshuffled_salts(flag: &Flag, schedule_id: ScheduleId, run: i64) -> (String, String) {
        let salt = |purpose: &str| format!("{purpose}-{}-{schedule_id}-{run}", flag.key);
        (salt("traffic"), salt("split"))
    }

    /// What watches its run, while a guarded one is on.
    pub fn guard(&self) -> Option<&Guard> {
        self.schedule.as_ref().and_then(Schedule::guard)
    }

    /// The saved filters that its conditions name.
    pub fn saved_filter_ids(&self) -> impl Iterator<Item = SavedFilterId> {
        self.rules.iter().flat_map(|rule| &rule.conditions).filter_map(|condition| match condition.test {
            Test::SavedFilter { saved_filter_id } => Some(saved_filter_id),
            Test::Inline { .. } => None,
        })
    }

    /// Whether whoever its schedule does not expose yet is served the control, and not passed on.
    pub fn serves_control(&self) -> bool {
        self.serving.is_some_and(|serving| serving.rollout_id().is_some()) && self.schedule.is_some()
    }

    /// Whether the allocation may serve or compare with the variant.
    pub fn refers_to(&self, variant_id: VariantId) -> bool {
        self.weights.iter().any(|weight| weight.variant_id == variant_id)
            || self.schedule.as_ref().is_some_and(|schedule| schedule.control_variant_id == Some(variant_id))
            || self.guard().is_some_and(|guard| guard.control.variant_id == variant_id)
    }
}

/// What somebody asks a weight to be. A member is `None` when it is absent or already recorded as a fault.
#[derive(Clone, Debug, Default)]
pub struct WeightDraft {
    /// Variant by id.
    pub variant_id: Option<VariantId>,
    /// Variant by key.
    pub variant_key: Option<String>,
    /// Percent.
    pub value: Option<f64>,
}

/// What somebody asks a guardrail to be.
#[derive(Clone, Debug, Default)]
pub struct GuardrailDraft {
    /// Metric.
    pub metric_id: Option<String>,
    /// Action.
    pub trigger_action: Option<TriggerAction>,
}

/// What somebody asks an allocation to be. A member is `None` when it is absent or already recorded as a
/// fault; absent lists are empty.
#[derive(Clone, Debug, Default)]
pub struct AllocationDraft {
    /// The allocation it continues, if it names one.
    pub id: Option<AllocationId>,
    /// Key.
    pub key: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Kind.
    pub kind: Option<AllocationKind>,
    /// Experiment.
    pub experiment_id: Option<String>,
    /// Rules.
    pub rules: Vec<RuleDraft>,
    /// Weights.
    pub weights: Vec<WeightDraft>,
    /// Schedule.
    pub schedule: Option<ScheduleDraft>,
    /// Guardrails.
    pub guardrails: Vec<GuardrailDraft>,
}

/// What the making of allocations needs to know beside the draft.
pub struct AllocationContext<'a> {
    /// The flag.
    pub flag: &'a Flag,
    /// The environment's default variant: the control when none is named.
    pub default_variant_id: Option<VariantId>,
    /// Saved filters of the project.
    pub saved_filters: &'a BTreeMap<SavedFilterId, SavedFilter>,
    /// Now.
    pub now: Timestamp,
    /// Ids.
    pub ids: &'a dyn MintId,
}

/// Makes an allocation of a draft, or records why not. Parts that continue `previous` keep their ids, salts
/// and times.
pub(crate) fn parse_allocation(
    draft: AllocationDraft,
    previous: Option<&Allocation>,
    context: &AllocationContext<'_>,
    faults: &mut Faults,
) -> Option<Allocation> {
    let AllocationContext { flag, saved_filters, now, ids, .. } = *context;
    let key = draft.key.and_then(|key| faults.at("key", |faults| parse_key(key, faults)));
    let name = draft.name.and_then(|name| faults.at("name", |faults| parse_name(name, faults)));
    let rules = faults.at("targeting_rules", |faults| {
        let previous = previous.map_or(&[][..], |allocation| &allocation.rules);
        parse_rules(draft.rules, previous, saved_filters, now, ids, faults)
    });
    let weights = faults.at("variant_weights", |faults| {
        let previous = previous.map_or(&[][..], |allocation| &allocation.weights);
        parse_weights(draft.weights, previous, flag, now, ids, faults)
    });
    let guardrails = faults.at("guardrail_metrics", |faults| parse_guardrails(draft.guardrails, faults));
    let schedule = draft.schedule.and_then(|draft| {
        let previous = previous.and_then(|allocation| allocation.schedule.as_ref());
        faults.at("exposure_schedule", |faults| {
            let schedule = parse_schedule(draft, previous, Some(flag), now, ids, faults)?;
            check_control(&schedule, &weights, &guardrails, context.default_variant_id, faults);
            Some(schedule)
        })
    });
    let id = previous.map_or_else(|| AllocationId::mint(ids), |allocation| allocation.id);
    let reached_exposure_ratio = match &schedule {
        Some(_) => None,
        None => previous.and_then(Allocation::reached_without_schedule),
    };
    // What follows something else goes on doing so while it is asked to be just that.
    let serving = previous.and_then(|allocation| {
        let same_weights = shares(&allocation.weights) == shares(&weights);
        allocation.serving.filter(|_| same_weights && allocation.schedule == schedule)
    });
    let schedule = schedule.map(|schedule| match previous.and_then(|allocation| allocation.serving) {
        Some(followed) if serving.is_none() && followed.rollout_id().is_some() => {
            schedule.of_its_own(now, ids)
        }
        _ => schedule,
    });
    let clauses = previous.and_then(|allocation| {
        let tests =
            |rules: &[TargetingRule]| -> Vec<Vec<Test>> { rules.iter().map(TargetingRule::tests).collect() };
        allocation.clauses.clone().filter(|_| tests(&allocation.rules) == tests(&rules))
    });
    let allocation = Allocation {
        id,
        key: key?,
        name: name?,
        kind: draft.kind?,
        experiment_id: draft.experiment_id,
        rules,
        clauses,
        order_index: previous.and_then(|allocation| allocation.order_index),
        serving,
        weights,
        schedule,
        reached_exposure_ratio,
        guardrails,
        traffic_salt: previous.map_or_else(
            || format!("traffic-{}-{id}", flag.key),
            |allocation| allocation.traffic_salt.clone(),
        ),
        split_salt: previous
            .map_or_else(|| format!("split-{}-{id}", flag.key), |allocation| allocation.split_salt.clone()),
        do_log: previous.is_none_or(|allocation| allocation.do_log),
        created_at: previous.map_or(now, |allocation| allocation.created_at),
        updated_at: now,
    };
    // A replace that repeats an allocation leaves it as it was, times included.
    match previous {
        Some(previous)
            if Allocation { updated_at: previous.updated_at, ..allocation.clone() } == *previous =>
        {
            Some(previous.clone())
        }
        _ => Some(allocation),
    }
}

/// What counts of weights.
fn shares(weights: &[VariantWeight]) -> Vec<(VariantId, u64)> {
    weights.iter().map(|weight| (weight.variant_id, weight.value.to_bits())).collect()
}

pub(crate) fn parse_weights(
    drafts: Vec<WeightDraft>,
    previous: &[VariantWeight],
    flag: &Flag,
    now: Timestamp,
    ids: &dyn MintId,
    faults: &mut Faults,
) -> Vec<VariantWeight> {
    if drafts.len() > VARIANTS_MAX {
        faults.push(format!("has {} entries; a flag has at most {VARIANTS_MAX} variants", drafts.len()));
        return Vec::new();
    }
    let count = drafts.len();
    let mut weights: Vec<VariantWeight> = Vec::with_capacity(count);
    for (position, draft) in drafts.into_iter().enumerate() {
        faults.at(position, |faults| {
            let variant_id = parse_weighted_variant(&draft, flag, faults);
            if let Some(value) = draft.value.filter(|value| !(0.0..=100.0).contains(value)) {
                faults.push_at("value", format!("{value} is out of range; give 0 to 100 percent"));
            }
            let (Some(variant_id), Some(value)) = (variant_id, draft.value) else { return };
            if weights.iter().any(|weight| weight.variant_id == variant_id) {
                faults.push("names the same variant as an earlier weight; give each variant once");
            }
            let before = previous.iter().find(|weight| weight.variant_id == variant_id);
            #[expect(clippy::float_cmp, reason = "a weight is unchanged only when it is the same number")]
            let unchanged = before.filter(|weight| weight.value == value);
            weights.push(unchanged.cloned().unwrap_or_else(|| VariantWeight {
                id: before.map_or_else(|| WeightId::mint(ids), |weight| weight.id),
                variant_id,
                value,
                created_at: before.map_or(now, |weight| weight.created_at),
                updated_at: now,
            }));
        });
    }
    let sum: f64 = weights.iter().map(|weight| weight.value).sum();
    // A weight that is missing here has a fault of its own, which the sum would only repeat.
    if count > 0 && weights.len() == count && (sum - 100.0).abs() > WEIGHT_TOLERANCE {
        faults.push(format!("sums to {sum}; the weights of an allocation sum to 100"));
    }
    weights
}

fn parse_weighted_variant(draft: &WeightDraft, flag: &Flag, faults: &mut Faults) -> Option<VariantId> {
    let by_id = draft
        .variant_id
        .map(|id| flag.variant(id).ok_or_else(|| ("variant_id", format!("{id} is no variant of this flag"))));
    let by_key = draft.variant_key.as_deref().map(|key| {
        flag.variant_by_key(key)
            .ok_or_else(|| ("variant_key", format!("{key:?} is the key of no variant of this flag")))
    });
    match (by_id, by_key) {
        (None, None) => {
            faults.push("names no variant; give variant_id or variant_key");
            None
        }
        (Some(Ok(by_id)), Some(Ok(by_key))) if by_id.id != by_key.id => {
            faults.push_at("variant_key", format!("{:?} is another variant than variant_id", by_key.key));
            None
        }
        (Some(Err((member, message))), _) | (_, Some(Err((member, message)))) => {
            faults.push_at(member, message);
            None
        }
        (Some(Ok(variant)), _) | (None, Some(Ok(variant))) => Some(variant.id),
    }
}

fn parse_guardrails(drafts: Vec<GuardrailDraft>, faults: &mut Faults) -> Vec<GuardrailMetric> {
    if drafts.len() > GUARDRAILS_MAX {
        faults.push(format!("has {} entries; an allocation has at most {GUARDRAILS_MAX}", drafts.len()));
        return Vec::new();
    }
    let mut guardrails: Vec<GuardrailMetric> = Vec::with_capacity(drafts.len());
    for (position, draft) in drafts.into_iter().enumerate() {
        faults.at(position, |faults| {
            let metric_id =
                draft.metric_id.and_then(|id| faults.at("metric_id", |faults| parse_key(id, faults)));
            let (Some(metric_id), Some(trigger_action)) = (metric_id, draft.trigger_action) else { return };
            if guardrails.iter().any(|other| other.metric_id == metric_id) {
                faults.push_at("metric_id", format!("{metric_id:?} is repeated; give each metric once"));
            }
            guardrails.push(GuardrailMetric { metric_id, trigger_action });
        });
    }
    guardrails
}

/// Section 2 of `rollouts.md`: the control is not the only weighted variant, and a guarded schedule has one.
fn check_control(
    schedule: &Schedule,
    weights: &[VariantWeight],
    guardrails: &[GuardrailMetric],
    default_variant_id: Option<VariantId>,
    faults: &mut Faults,
) {
    let only_weighted = match weights {
        [weight] => Some(weight.variant_id),
        _ => None,
    };
    if schedule.control_variant_id.is_some() && schedule.control_variant_id == only_weighted {
        faults.push_at("control_variant_id", "is the only weighted variant; the control is another one");
    }
    let control = schedule.control_variant_id.or(default_variant_id);
    if !guardrails.is_empty()
        && schedule.control_variant_id.is_none()
        && control.is_some()
        && control == only_weighted
    {
        let message = "is needed: the environment's default variant is the only weighted one, so guardrail metrics have nothing to compare it with";
        faults.push_at("control_variant_id", message);
    }
    if !guardrails.is_empty() && control.is_none() {
        faults.push_at(
            "control_variant_id",
            "is needed: guardrail metrics compare with a control, and the environment has no default variant",
        );
    }
}

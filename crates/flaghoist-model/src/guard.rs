//! Guards: what a rollout is compared with while it runs, and what its guardrail metrics did.
//!
//! A run is guarded when, as it begins, at least one guardrail metric of its allocation is defined (decision 17).
//! Everything that its statistics rest on is frozen then: the control, the shares, the salts, the metrics and the
//! saved filters. What was in force when is kept as [`RunStep`]s, which are the strata of every test (section 2.2 of
//! `guardrails.md`): a subject is labelled by its buckets and the step in force at the event's own time.

use crate::allocation::{Allocation, GuardrailMetric, TriggerAction};
use crate::compile::{TOTAL_SHARDS, bucket, cumulative};
use crate::id::{SavedFilterId, TriggerId, VariantId};
use crate::metric::MetricDefinition;
use crate::names::names;
use crate::saved_filter::SavedFilter;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most steps of a guard: each resume and each step opens one. A run that has more goes on in its last one.
pub const RUN_STEPS_MAX: usize = 2_000;

/// Buckets of a salt that belong together, from `start` to before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shards {
    /// The first.
    pub start: u32,
    /// The one after the last.
    pub end: u32,
}

impl Shards {
    /// Whether the bucket is one of them.
    pub fn contain(self, bucket: u32) -> bool {
        (self.start..self.end).contains(&bucket)
    }

    /// Their share of all, 0 to 1.
    pub fn share(self) -> f64 {
        f64::from(self.end.saturating_sub(self.start)) / f64::from(TOTAL_SHARDS)
    }
}

/// A variant that subjects are compared by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// The variant.
    pub variant_id: VariantId,
    /// Its buckets of the split salt; none for the control that whoever is not exposed is served.
    pub shards: Option<Shards>,
}

/// A metric that watches, as it was when the run began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuardedMetric {
    /// What is measured.
    pub definition: MetricDefinition,
    /// What happens when it shows harm.
    pub action: TriggerAction,
}

/// What was in force, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStep {
    /// The step of the schedule.
    pub position: usize,
    /// Buckets of the traffic salt below this one were exposed.
    pub exposed_end: u32,
    /// From when.
    pub from: Timestamp,
    /// To when; none while it is in force.
    pub to: Option<Timestamp>,
}

names! {
    /// What a health check found.
    HealthFinding {
        /// Exposures of one arm are missing or too many.
        SampleRatioMismatch = "sample_ratio_mismatch",
        /// Exposures of one arm are stamped later than those of the other.
        ExposureTiming = "exposure_timing",
        /// Subjects of a treatment report less than those of the control.
        Reporting = "reporting",
    }
}

/// What fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trip {
    /// A guardrail metric showed harm by a variant.
    Metric {
        /// The metric.
        metric_id: String,
        /// The variant.
        variant_id: VariantId,
        /// What the allocation says is to be done, or less where the metric says so.
        action: TriggerAction,
        /// The evidence, adjusted for all that was looked at.
        log_e: f64,
    },
    /// The data of a variant cannot be trusted.
    Health {
        /// Why.
        finding: HealthFinding,
        /// The variant.
        variant_id: VariantId,
        /// The evidence.
        log_e: f64,
    },
}

impl Trip {
    /// What is to be done.
    pub fn action(&self) -> TriggerAction {
        match self {
            Self::Metric { action, .. } => *action,
            Self::Health { .. } => TriggerAction::Pause,
        }
    }

    fn variant_id(&self) -> VariantId {
        match self {
            Self::Metric { variant_id, .. } | Self::Health { variant_id, .. } => *variant_id,
        }
    }

    /// Whether both are about the same.
    fn is_about_the_same(&self, other: &Self) -> bool {
        let same_cause = match (self, other) {
            (Self::Metric { metric_id: a, .. }, Self::Metric { metric_id: b, .. }) => a == b,
            (Self::Health { finding: a, .. }, Self::Health { finding: b, .. }) => a == b,
            _ => false,
        };
        same_cause && self.variant_id() == other.variant_id()
    }

    fn log_e(&self) -> f64 {
        match self {
            Self::Metric { log_e, .. } | Self::Health { log_e, .. } => *log_e,
        }
    }
}

/// That something fired, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Identifier.
    pub id: TriggerId,
    /// What.
    pub trip: Trip,
    /// The step in force, by its place among the steps of the run.
    pub step: usize,
    /// When.
    pub at: Timestamp,
    /// Since which step the same is watched from zero again, once somebody resumed the rollout.
    pub restarted_in: Option<usize>,
}

/// What watches a run of a rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guard {
    /// The run.
    pub run: i64,
    /// Whom the others are compared with.
    pub control: Arm,
    /// The variants that are compared, in the order of their weights.
    pub treatments: Vec<Arm>,
    /// Salt of the traffic buckets.
    pub traffic_salt: String,
    /// Salt of the split buckets.
    pub split_salt: String,
    /// What is watched.
    pub metrics: Vec<GuardedMetric>,
    /// The saved filters that the allocation names, as they are for the run.
    pub saved_filters: BTreeMap<SavedFilterId, SavedFilter>,
    /// What was in force, the first first.
    pub steps: Vec<RunStep>,
    /// What fired, the first first.
    pub triggers: Vec<Trigger>,
    /// Since which step the checks of health count: those since somebody last resumed the rollout.
    pub health_since: usize,
}

/// What guards are made of beside the allocation: what a project defines. Empty where it defines no metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Guarding {
    /// The metrics.
    pub metrics: Vec<MetricDefinition>,
    /// The saved filters.
    pub saved_filters: BTreeMap<SavedFilterId, SavedFilter>,
}

impl Guarding {
    /// The definition of a metric.
    pub fn metric(&self, id: &str) -> Option<&MetricDefinition> {
        self.metrics.iter().find(|metric| metric.id == id)
    }
}

impl Guard {
    /// What would watch a run of the allocation that began now; none when no metric is defined, or nothing is left to
    /// compare.
    pub(crate) fn of(
        allocation: &Allocation,
        default_variant_id: Option<VariantId>,
        guarding: &Guarding,
    ) -> Option<Self> {
        let schedule = allocation.schedule.as_ref()?;
        let metrics: Vec<GuardedMetric> =
            allocation.guardrails.iter().filter_map(|guardrail| guarded(guardrail, guarding)).collect();
        if metrics.is_empty() || allocation.serving.is_some_and(|serving| serving.rollout_id().is_some()) {
            return None;
        }
        let control_id = schedule.control_variant_id.or(default_variant_id)?;
        let mut start = 0;
        let weighted = cumulative(&allocation.weights).map(|(weight, end)| {
            let shards = Shards { start, end };
            start = end;
            Arm { variant_id: weight.variant_id, shards: Some(shards) }
        });
        let is_empty = |arm: &Arm| arm.shards.is_some_and(|shards| shards.start == shards.end);
        let weighted: Vec<Arm> = weighted.filter(|arm| !is_empty(arm)).collect();
        let (control, treatments): (Vec<Arm>, Vec<Arm>) =
            weighted.into_iter().partition(|arm| arm.variant_id == control_id);
        let saved_filters = allocation
            .saved_filter_ids()
            .filter_map(|id| Some((id, guarding.saved_filters.get(&id)?.clone())))
            .collect();
        (!treatments.is_empty()).then(|| Self {
            run: 0,
            control: control.into_iter().next().unwrap_or(Arm { variant_id: control_id, shards: None }),
            treatments,
            traffic_salt: allocation.traffic_salt.clone(),
            split_salt: allocation.split_salt.clone(),
            metrics,
            saved_filters,
            steps: Vec::new(),
            triggers: Vec::new(),
            health_since: 0,
        })
    }

    /// The place of the step in force, if the run is on.
    pub fn current_step(&self) -> Option<usize> {
        let last = self.steps.len().checked_sub(1)?;
        self.steps[last].to.is_none().then_some(last)
    }

    /// When the run began to expose anybody.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.steps.first().map(|step| step.from)
    }

    /// Ends the step in force.
    pub(crate) fn close(&mut self, at: Timestamp) {
        if let Some(step) = self.steps.last_mut().filter(|step| step.to.is_none()) {
            step.to = Some(at.max(step.from));
        }
    }

    /// Begins another step.
    pub(crate) fn open(&mut self, position: usize, exposure_ratio: f64, at: Timestamp) {
        if self.steps.len() >= RUN_STEPS_MAX {
            // The last one goes on: what is exposed is watched in any case.
            if let Some(last) = self.steps.last_mut() {
                last.to = None;
            }
            return;
        }
        self.close(at);
        let from = self.steps.last().and_then(|step| step.to).map_or(at, |to| to.max(at));
        self.steps.push(RunStep { position, exposed_end: bucket(exposure_ratio), from, to: None });
    }

    /// Somebody resumed it: what fired is watched from zero again, and so is its health.
    pub(crate) fn restart(&mut self) {
        let step = self.steps.len().saturating_sub(1);
        self.health_since = step;
        for trigger in self.triggers.iter_mut().filter(|trigger| trigger.restarted_in.is_none()) {
            trigger.restarted_in = Some(step);
        }
    }

    /// What of it is news: it did not fire yet, or is watched again since.
    pub fn fresh<'t>(&self, trips: &'t [Trip]) -> Vec<&'t Trip> {
        let open = self.triggers.iter().filter(|trigger| trigger.restarted_in.is_none());
        trips
            .iter()
            .filter(|trip| !open.clone().any(|trigger| trigger.trip.is_about_the_same(trip)))
            .collect()
    }

    /// Whether something fired that nobody has resumed the rollout after.
    pub fn has_open_triggers(&self) -> bool {
        self.triggers.iter().any(|trigger| trigger.restarted_in.is_none())
    }

    /// Whether what was found by an `earlier` state of this guard still says something: nothing fired and nobody resumed
    /// the rollout since.
    pub fn is_watched_as(&self, earlier: &Self) -> bool {
        (self.run, self.health_since, &self.triggers)
            == (earlier.run, earlier.health_since, &earlier.triggers)
    }

    /// Writes down what fired, the strongest evidence first; what is no news is left out. Whether anything was.
    pub(crate) fn record(&mut self, trips: &[Trip], at: Timestamp, ids: &dyn crate::MintId) -> bool {
        let mut fresh = self.fresh(trips);
        fresh.sort_by(|a, b| b.log_e().total_cmp(&a.log_e()));
        let step = self.steps.len().saturating_sub(1);
        let kept = fresh.into_iter().map(|trip| Trigger {
            id: TriggerId::mint(ids),
            trip: trip.clone(),
            step,
            at,
            restarted_in: None,
        });
        let known = self.triggers.len();
        self.triggers.extend(kept);
        self.triggers.len() > known
    }

    /// Since which step a metric is watched for a variant: since it last fired and was resumed, or since the start.
    pub fn watched_since(&self, metric_id: &str, variant_id: VariantId) -> usize {
        let restarts = self.triggers.iter().filter_map(|trigger| match &trigger.trip {
            Trip::Metric { metric_id: id, variant_id: variant, .. }
                if id == metric_id && *variant == variant_id =>
            {
                trigger.restarted_in
            }
            _ => None,
        });
        restarts.max().unwrap_or(0)
    }

    /// What metrics fired, the first first.
    pub fn metric_triggers(&self) -> impl Iterator<Item = (&Trigger, &str, VariantId, TriggerAction)> {
        self.triggers.iter().filter_map(|trigger| match &trigger.trip {
            Trip::Metric { metric_id, variant_id, action, .. } => {
                Some((trigger, metric_id.as_str(), *variant_id, *action))
            }
            Trip::Health { .. } => None,
        })
    }

    /// The strongest action that the run's metrics called for.
    pub fn triggered_action(&self) -> Option<TriggerAction> {
        let mut actions = self.metric_triggers().map(|(.., action)| action);
        let first = actions.next()?;
        Some(actions.fold(first, TriggerAction::stronger))
    }
}

/// The metric of a guardrail, if it is defined. Where its definition does not let it take a rollout back, it pauses it.
fn guarded(guardrail: &GuardrailMetric, guarding: &Guarding) -> Option<GuardedMetric> {
    let definition = guarding.metric(&guardrail.metric_id)?;
    let action = if definition.allow_abort { guardrail.trigger_action } else { TriggerAction::Pause };
    Some(GuardedMetric { definition: definition.clone(), action })
}

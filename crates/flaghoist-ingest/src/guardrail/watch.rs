//! What is watched, prepared for millions of observations: arms, steps and design probabilities of a run.

use super::measure::{Measure, harm_of, may_be_silent};
use super::real::real;
use super::selection::{Part, Selected, Selectors};
use super::{FUTURE_MS, GRACE_MS, LATE_MS};
use crate::guardrail::Ignored;
use crate::{Event, Exposure};
use flaghoist_eval::shard;
use flaghoist_model::compile::TOTAL_SHARDS;
use flaghoist_model::guard::{Guard, Shards};
use flaghoist_model::id::{ScheduleId, VariantId};
use flaghoist_stats::ratios::BUCKETS;
use flaghoist_stats::{Direction, Harm};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An arm of the comparison: 0 is the control, 1 and above are the treatments in the order of the guard.
pub type ArmIndex = u8;

/// Salt of the buckets that the jackknife leaves out; no assignment uses it.
const JACKKNIFE_SALT: &str = "jackknife";

/// Fewest hundredths of all subjects in arms that have to be control for a step to be tested (section 2.1).
const CONTROL_PERCENT_MIN: u64 = 1;

/// Where the exposures of a run are reported from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The schedule that the run belongs to.
    pub schedule_id: ScheduleId,
    /// Key of the flag.
    pub flag_key: String,
    /// Key of the allocation.
    pub allocation_key: String,
    /// Keys of the flag's variants, with which logged variants are compared.
    pub variant_keys: BTreeMap<VariantId, String>,
}

/// In which buckets a subject is. They cannot be found again from a hashed key, so they are kept with the subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buckets {
    /// Of the traffic salt, below [`TOTAL_SHARDS`].
    pub traffic: u16,
    /// Of the split salt, below [`TOTAL_SHARDS`].
    pub split: u16,
    /// Of the jackknife, below [`BUCKETS`]; unrelated to the arm.
    pub jackknife: u8,
}

/// What was in force, and when.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) from_ms: i64,
    to_ms: Option<i64>,
    exposed_end: u32,
    /// Design probability of each treatment against the control; none where the step is not tested.
    p: Vec<Option<f64>>,
}

/// A metric as it is watched.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Watched {
    pub(crate) measure: Measure,
    pub(crate) harm: Harm,
    selectors: Selectors,
    may_be_silent: bool,
    /// Since which step each treatment's evidence counts.
    since: Vec<u32>,
}

impl Watched {
    /// Since which step the evidence of a treatment counts.
    pub(crate) fn since(&self, treatment: ArmIndex) -> u32 {
        usize::from(treatment).checked_sub(1).and_then(|at| self.since.get(at)).copied().unwrap_or(0)
    }

    /// The latest step in which any treatment's evidence began again.
    pub(crate) fn restarted_in(&self) -> u32 {
        self.since.iter().copied().max().unwrap_or(0)
    }
}

/// What is watched in a run of a rollout. Make a new one whenever the guard changes: when a step begins or ends, and when
/// somebody resumes the rollout.
#[derive(Clone, Debug)]
pub struct Watch {
    place: Place,
    run: i64,
    traffic_salt: String,
    split_salt: String,
    /// Buckets of the control; none when it is the complement.
    control: Option<Shards>,
    treatments: Vec<Shards>,
    /// Keys of the arms' variants, in the order of the arms.
    arm_keys: Vec<Option<String>>,
    steps: Vec<Step>,
    /// The guard's metrics, and after them the check of reporting.
    metrics: Vec<Watched>,
    has_reporting: bool,
}

impl Watch {
    /// What the guard says is to be watched.
    pub fn new(place: Place, guard: &Guard) -> Self {
        let everybody = Shards { start: 0, end: TOTAL_SHARDS };
        let treatments: Vec<Shards> =
            guard.treatments.iter().map(|arm| arm.shards.unwrap_or(everybody)).collect();
        let control = guard.control.shards;
        let arms = std::iter::once(&guard.control).chain(&guard.treatments);
        let arm_keys = arms.map(|arm| place.variant_keys.get(&arm.variant_id).cloned()).collect();
        let steps = guard.steps.iter().map(|step| Step {
            from_ms: step.from.as_millisecond(),
            to_ms: step.to.map(jiff::Timestamp::as_millisecond),
            exposed_end: step.exposed_end,
            p: treatments.iter().map(|of| design(step.exposed_end, *of, &treatments, control)).collect(),
        });
        let steps = steps.collect();
        let mut metrics: Vec<Watched> = guard
            .metrics
            .iter()
            .map(|metric| Watched {
                measure: Measure::of(&metric.definition),
                harm: harm_of(metric),
                selectors: Selectors::of(&metric.definition),
                may_be_silent: may_be_silent(&metric.definition),
                since: guard
                    .treatments
                    .iter()
                    .map(|arm| index(guard.watched_since(&metric.definition.id, arm.variant_id)))
                    .collect(),
            })
            .collect();
        let reporting = reporting_margin(&metrics).map(|log_margin| Watched {
            measure: Measure::FirstEvent,
            harm: Harm { direction: Direction::DecreaseIsBad, log_margin },
            selectors: Selectors::default(),
            may_be_silent: false,
            since: vec![index(guard.health_since); treatments.len()],
        });
        let has_reporting = reporting.is_some();
        metrics.extend(reporting);
        Self {
            place,
            run: guard.run,
            traffic_salt: guard.traffic_salt.clone(),
            split_salt: guard.split_salt.clone(),
            control,
            treatments,
            arm_keys,
            steps,
            metrics,
            has_reporting,
        }
    }

    /// The schedule that the run belongs to: with the hashed subject, what a [`super::Subject`] is kept by.
    pub fn schedule_id(&self) -> ScheduleId {
        self.place.schedule_id
    }

    /// The run.
    pub fn run(&self) -> i64 {
        self.run
    }

    /// Whether the exposure is one of this allocation. One that does not name the allocation is taken by the flag.
    pub fn concerns(&self, exposure: &Exposure) -> bool {
        exposure.flag == self.place.flag_key
            && exposure.allocation.as_ref().is_none_or(|key| *key == self.place.allocation_key)
    }

    /// The buckets of a targeting key.
    pub fn buckets(&self, subject: &str) -> Buckets {
        let of = |salt: &str| u16::try_from(shard(salt, subject, TOTAL_SHARDS)).unwrap_or(u16::MAX);
        let jackknife = shard(JACKKNIFE_SALT, subject, u32::try_from(BUCKETS).unwrap_or(u32::MAX));
        Buckets {
            traffic: of(&self.traffic_salt),
            split: of(&self.split_salt),
            jackknife: u8::try_from(jackknife).unwrap_or(u8::MAX),
        }
    }

    /// The step that was in force at a time, by its place among the guard's; none before the run, while the flag was off,
    /// and after the run.
    pub fn step_at(&self, at_ms: i64) -> Option<u32> {
        let last = self.steps.partition_point(|step| step.from_ms <= at_ms).checked_sub(1)?;
        self.steps[last].to_ms.is_none_or(|to_ms| at_ms < to_ms).then(|| index(last))
    }

    /// The arm of a subject in a step; none when it is in neither.
    pub fn label(&self, buckets: Buckets, step: u32) -> Option<ArmIndex> {
        let step = self.step(step)?;
        let split = u32::from(buckets.split);
        if u32::from(buckets.traffic) >= step.exposed_end {
            return self.control.is_none().then_some(0);
        }
        if self.control.is_some_and(|shards| shards.contain(split)) {
            return Some(0);
        }
        let treatment = self.treatments.iter().position(|shards| shards.contain(split))?;
        ArmIndex::try_from(treatment + 1).ok()
    }

    /// The design probability that a subject of the control or the treatment is in the treatment; none where the step is
    /// not tested, or is none.
    pub fn p(&self, step: u32, treatment: ArmIndex) -> Option<f64> {
        let at = usize::from(treatment).checked_sub(1)?;
        self.step(step)?.p.get(at).copied().flatten()
    }

    /// Whether a step tests any treatment: in others nothing that happens can be evidence.
    pub(crate) fn is_tested(&self, step: u32) -> bool {
        self.step(step).is_some_and(|step| step.p.iter().any(Option::is_some))
    }

    /// The treatments.
    pub fn treatments(&self) -> impl Iterator<Item = ArmIndex> + use<> {
        (1..=self.treatments.len()).filter_map(|at| ArmIndex::try_from(at).ok())
    }

    /// Whether any metric selects an event: whether [`Watch::metrics_of`] is not empty, for less.
    pub fn selects(&self, event: &Event) -> bool {
        self.watched().any(|(metric, watched)| watched.selectors.select(metric, event).next().is_some())
    }

    /// Which metrics select an event: empty when it is none of any.
    pub fn metrics_of(&self, event: &Event) -> Vec<Selected> {
        let mut selected = Vec::new();
        let mut reports = false;
        for (metric, watched) in self.watched() {
            let before = selected.len();
            selected.extend(watched.selectors.select(metric, event));
            reports |= !watched.may_be_silent && before < selected.len();
        }
        if let Some(metric) = self.reporting().filter(|_| reports) {
            selected.push(Selected { metric, part: Part::Numerator, value: 1.0, is_reported: false });
        }
        selected
    }

    /// Whether something that happens at a time can be taken now, and in which step it was.
    pub(crate) fn step_of(&self, at_ms: i64, now_ms: i64) -> Result<u32, Ignored> {
        if at_ms > now_ms + FUTURE_MS {
            return Err(Ignored::InFuture);
        }
        if at_ms < now_ms - LATE_MS {
            return Err(Ignored::TooLate);
        }
        if self.steps.first().is_none_or(|first| at_ms < first.from_ms) {
            return Err(Ignored::BeforeRun);
        }
        self.step_at(at_ms).ok_or(Ignored::BetweenSteps)
    }

    /// When the value of a subject that was first exposed at a time is complete: when its window is over or the run is,
    /// and what comes a little late has come.
    pub(crate) fn closes_at_ms(&self, exposed_at_ms: i64, window_ms: i64) -> i64 {
        let end_ms = exposed_at_ms.saturating_add(window_ms);
        let ended_at_ms = self.steps.last().and_then(|step| step.to_ms);
        ended_at_ms.map_or(end_ms, |ended_at_ms| end_ms.min(ended_at_ms)).saturating_add(GRACE_MS)
    }

    /// What the check of reporting is among the metrics, where there is one: where a metric is not silent in good times.
    pub(crate) fn reporting(&self) -> Option<u16> {
        self.has_reporting.then(|| self.metrics.len().saturating_sub(1)).and_then(|at| u16::try_from(at).ok())
    }

    /// Whether the logged variant is the one of the arm.
    pub(crate) fn is_of_arm(&self, variant: &str, arm: ArmIndex) -> bool {
        self.arm_keys.get(usize::from(arm)).and_then(Option::as_deref) == Some(variant)
    }

    /// How long a step has been in force, in hours.
    pub(crate) fn step_hours(&self, step: u32, now_ms: i64) -> f64 {
        self.step(step).map_or(0.0, |step| {
            let to_ms = step.to_ms.unwrap_or(now_ms).max(step.from_ms);
            std::time::Duration::from_millis(to_ms.abs_diff(step.from_ms)).as_secs_f64() / 3_600.0
        })
    }

    /// The steps of the run from one of them on.
    pub(crate) fn steps_since(&self, step: u32) -> impl Iterator<Item = u32> + use<> {
        step..index(self.steps.len())
    }

    pub(crate) fn step(&self, step: u32) -> Option<&Step> {
        self.steps.get(usize::try_from(step).ok()?)
    }

    /// The step that is in force, if one is.
    pub(crate) fn current_step(&self) -> Option<&Step> {
        self.steps.last().filter(|step| step.to_ms.is_none())
    }

    /// Whether a treatment is tested in the step that is in force.
    pub(crate) fn is_tested_now(&self, treatment: ArmIndex) -> bool {
        let last = index(self.steps.len()).checked_sub(1).filter(|_| self.current_step().is_some());
        last.is_some_and(|step| self.p(step, treatment).is_some())
    }

    pub(crate) fn metric(&self, metric: u16) -> Option<&Watched> {
        self.metrics.get(usize::from(metric))
    }

    /// All metrics, and the check of reporting.
    pub(crate) fn watched(&self) -> impl Iterator<Item = (u16, &Watched)> {
        (0..=u16::MAX).zip(&self.metrics)
    }
}

/// The harm that the check of reporting tolerates, in log units: as much as any of the metrics it rests on, whose tolerated
/// loss is a loss of reports too. None where it rests on none.
fn reporting_margin(metrics: &[Watched]) -> Option<f64> {
    let reports = metrics.iter().filter(|metric| !metric.may_be_silent && metric.selectors.select_events());
    reports.map(|metric| metric.harm.log_margin).reduce(f64::max)
}

/// The probability `r w_v / (r w_v + c)` that a subject of the control or the treatment is in the treatment, from numbers
/// of buckets. `c` is `1 - r` for a control that is the complement, and `r w_ctl` for one with a weight. None where an arm
/// is empty, and where fewer than a hundredth of all subjects in arms are control.
fn design(
    exposed_end: u32,
    treatment: Shards,
    treatments: &[Shards],
    control: Option<Shards>,
) -> Option<f64> {
    let buckets = |shards: Shards| u64::from(shards.end.saturating_sub(shards.start));
    let exposed = u64::from(exposed_end);
    let treated = exposed * buckets(treatment);
    let all_treated: u64 = treatments.iter().map(|of| exposed * buckets(*of)).sum();
    let controls = control.map_or_else(
        || u64::from(TOTAL_SHARDS.saturating_sub(exposed_end)) * u64::from(TOTAL_SHARDS),
        |shards| exposed * buckets(shards),
    );
    let is_tested =
        treated > 0 && controls * 100 >= (controls + all_treated) * CONTROL_PERCENT_MIN && controls > 0;
    is_tested.then(|| real(treated) / real(treated + controls))
}

/// A guard has at most thousands of steps.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

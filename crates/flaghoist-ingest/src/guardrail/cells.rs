//! What a run has counted, cell by cell.

use super::learning::Learned;
use super::watch::ArmIndex;
use flaghoist_stats::ratios::{BUCKETS, Sums};
use flaghoist_stats::values::{Frozen, Moments, ValueTest};
use serde::{Deserialize, Serialize};

/// What was observed in a run, for people and for checks of health.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Exposures taken.
    pub exposures: u64,
    /// Events taken.
    pub events: u64,
    /// When the last exposure was taken, by our clock.
    pub last_exposure_ms: Option<i64>,
    /// When the last event was taken, by our clock.
    pub last_event_ms: Option<i64>,
    /// When the last event that is not only bad news was taken, by our clock.
    pub last_report_ms: Option<i64>,
    /// Exposures whose logged variant was compared with the hash's.
    pub compared: u64,
    /// Those of them that differed.
    pub mismatched: u64,
    /// Subjects exposed in the run, by bucket of the jackknife.
    pub(crate) exposed: Vec<u64>,
}

impl Counts {
    /// Counts a subject that was exposed.
    pub(crate) fn expose(&mut self, jackknife: u8) {
        self.exposed.resize(BUCKETS, 0);
        if let Some(count) = self.exposed.get_mut(usize::from(jackknife)) {
            *count += 1;
        }
    }
}

/// One number per arm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ArmCounts(Vec<u64>);

impl ArmCounts {
    pub(crate) fn get(&self, arm: ArmIndex) -> u64 {
        self.0.get(usize::from(arm)).copied().unwrap_or(0)
    }

    /// All of them, the control first, as far as any was counted.
    pub(crate) fn by_arm(&self) -> &[u64] {
        &self.0
    }

    pub(crate) fn add(&mut self, arm: ArmIndex) {
        *slot(&mut self.0, arm) += 1;
    }

    /// Takes back one that was added.
    pub(crate) fn take(&mut self, arm: ArmIndex) {
        let count = slot(&mut self.0, arm);
        *count = count.saturating_sub(1);
    }
}

/// The place of an arm in a list that grows with the arms it meets.
pub(crate) fn slot<T: Clone + Default>(arms: &mut Vec<T>, arm: ArmIndex) -> &mut T {
    let at = usize::from(arm);
    if arms.len() <= at {
        arms.resize(at + 1, T::default());
    }
    &mut arms[at]
}

/// First exposures of one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Exposures {
    /// Of all subjects.
    pub(crate) all: ArmCounts,
    /// Of subjects that had not been exposed in an earlier run.
    pub(crate) new: ArmCounts,
    /// Those of them that came after an event of the subject.
    pub(crate) late: ArmCounts,
}

/// Sums of one arm, step and metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ArmSums {
    /// Numerators by bucket of the jackknife; empty before the first.
    num: Vec<f64>,
    /// Denominators; empty before the first.
    den: Vec<f64>,
    pub(crate) subjects: u64,
    /// Those of them with a numerator that is not 0.
    pub(crate) nonzero: u64,
}

impl ArmSums {
    pub(crate) fn add(&mut self, jackknife: u8, sums: Sums) {
        let add = |buckets: &mut Vec<f64>, number: f64| {
            if number != 0.0 {
                buckets.resize(BUCKETS, 0.0);
                if let Some(sum) = buckets.get_mut(usize::from(jackknife)) {
                    *sum += number;
                }
            }
        };
        add(&mut self.num, sums.num);
        add(&mut self.den, sums.den);
    }

    /// The sums by bucket.
    pub(crate) fn buckets(&self) -> Vec<Sums> {
        let of = |buckets: &[f64], at: usize| buckets.get(at).copied().unwrap_or(0.0);
        (0..BUCKETS).map(|at| Sums { num: of(&self.num, at), den: of(&self.den, at) }).collect()
    }
}

/// The tests of a metric with one value per subject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ValueTests {
    pub(crate) learned: Learned<Frozen>,
    /// By treatment.
    pub(crate) tests: Vec<RestartedTest>,
}

/// A test, and the step in which it last began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RestartedTest {
    pub(crate) since: u32,
    pub(crate) test: ValueTest,
}

/// Values of one step, by arm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ArmMoments(pub(crate) Vec<Moments>);

/// Sums of one step, by arm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StepSums(pub(crate) Vec<ArmSums>);

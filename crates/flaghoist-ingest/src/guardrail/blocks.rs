//! Aggregates of a minute each, as from a Prometheus: they know no subjects, only what is served which variant.

use super::cells::slot;
use super::measure::Measure;
use super::run_state::RunState;
use super::watch::{ArmIndex, Watch};
use flaghoist_model::metric::{Threshold, ThresholdOperator};
use flaghoist_stats::blocks::{BLOCK_MS, MAX_BLOCKS, compact};
use flaghoist_stats::ratios::Sums;
use serde::{Deserialize, Serialize};

/// How many minutes without data make the next step wait: three in a row, and one more in which they may still come.
const MISSING_MS: i64 = 4 * 60_000;

/// What was measured of a minute.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// When the minute began, in milliseconds since 1970.
    pub start_ms: i64,
    /// (Numerator, denominator) by arm, the control first; a metric without a denominator has 1. What is missing is no
    /// number.
    pub arms: Vec<(f64, f64)>,
}

/// What was received for a metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Received {
    /// The last block that was taken; none is taken twice, and none before it.
    last_start_ms: Option<i64>,
    /// The last one that was not empty.
    last_data_ms: Option<i64>,
    /// By treatment: whether the latest blocks failed the threshold of the metric, and in which step they were.
    outcomes: Vec<Vec<(u32, bool)>>,
    /// The bucket edge that a quantile's observations are compared with, once it was chosen.
    edge: Option<f64>,
}

/// Blocks of one step, by treatment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StepBlocks(Vec<Pairs>);

/// Blocks in which both arms have data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pairs {
    pub(crate) treatment: Vec<Sums>,
    pub(crate) control: Vec<Sums>,
    /// Minutes in each block: doubled whenever there are too many.
    minutes: u32,
    /// Minutes in the last one.
    minutes_in_last: u32,
}

impl Pairs {
    fn add(&mut self, treatment: Sums, control: Sums) {
        self.minutes = self.minutes.max(1);
        let last = self.treatment.last_mut().zip(self.control.last_mut());
        if let Some((in_treatment, in_control)) = last.filter(|_| self.minutes_in_last < self.minutes) {
            *in_treatment = plus(*in_treatment, treatment);
            *in_control = plus(*in_control, control);
            self.minutes_in_last += 1;
        } else {
            self.treatment.push(treatment);
            self.control.push(control);
            self.minutes_in_last = 1;
        }
        if self.treatment.len() > MAX_BLOCKS {
            // Their number is odd: the last one stays alone, with the minutes that it has.
            compact(&mut self.treatment);
            compact(&mut self.control);
            self.minutes *= 2;
        }
    }

    /// How many minutes they are.
    pub(crate) fn minutes(&self) -> u64 {
        let full = self.treatment.len().saturating_sub(1);
        u64::try_from(full).unwrap_or(u64::MAX).saturating_mul(u64::from(self.minutes))
            + u64::from(self.minutes_in_last)
    }
}

impl StepBlocks {
    /// The blocks of a treatment.
    pub(crate) fn of(&self, treatment: ArmIndex) -> Option<&Pairs> {
        self.0.get(usize::from(treatment)).filter(|pairs| !pairs.treatment.is_empty())
    }
}

impl Received {
    /// How many of the latest blocks since a step failed, and of how many.
    pub(crate) fn failed(&self, treatment: ArmIndex, since: u32) -> (u64, u64) {
        let outcomes = self.outcomes.get(usize::from(treatment)).into_iter().flatten();
        outcomes
            .filter(|(step, _)| since <= *step)
            .fold((0, 0), |(failed, all), (_, has_failed)| (failed + u64::from(*has_failed), all + 1))
    }
}

impl RunState {
    /// Takes blocks of a metric, by its place among those of the guard, in the order of time.
    ///
    /// What was taken before is left out, and so is a minute in which no step was in force from its beginning to its end.
    /// An arm without data is no failure: the minute says nothing about it.
    pub fn add_blocks(&mut self, watch: &Watch, metric: u16, blocks: &[Block]) {
        let Some(measure) = watch.metric(metric).map(|watched| &watched.measure) else { return };
        for block in blocks {
            let received = self.received.change(metric);
            if received.last_start_ms.is_some_and(|last_ms| block.start_ms <= last_ms) {
                continue;
            }
            received.last_start_ms = Some(block.start_ms);
            let end_ms = block.start_ms.saturating_add(block_ms());
            let step = watch.step_at(block.start_ms).filter(|step| watch.step_at(end_ms - 1) == Some(*step));
            let Some(step) = step else { continue };
            let control = sums(block, 0);
            for (treatment, of_treatment) in
                watch.treatments().filter_map(|arm| Some((arm, sums(block, arm)?)))
            {
                let has_data = match measure {
                    Measure::Threshold(threshold) => received.judge(threshold, treatment, step, of_treatment),
                    Measure::Blocks => control.is_some_and(|control| {
                        let has_data = of_treatment.den > 0.0 && control.den > 0.0;
                        if has_data {
                            slot(&mut self.blocks.change((metric, step)).0, treatment)
                                .add(of_treatment, control);
                        }
                        has_data
                    }),
                    _ => false,
                };
                if has_data {
                    received.last_data_ms = Some(block.start_ms);
                }
            }
        }
    }

    /// Whether a metric that lives on blocks has had none for a while, since the step in force began.
    pub(crate) fn misses_blocks(&self, metric: u16, step_from_ms: i64, now_ms: i64) -> bool {
        let last_data_ms = self.received.get(metric).and_then(|received| received.last_data_ms);
        let known_to_ms =
            last_data_ms.map_or(step_from_ms, |at_ms| step_from_ms.max(at_ms.saturating_add(block_ms())));
        now_ms - known_to_ms > MISSING_MS
    }

    /// The bucket edge that a quantile's observations are compared with in the blocks so far; none before it was chosen.
    pub fn block_edge(&self, metric: u16) -> Option<f64> {
        self.received.get(metric).and_then(|received| received.edge)
    }

    /// Keeps the edge that was chosen, unless one is kept already.
    pub fn choose_block_edge(&mut self, metric: u16, edge: f64) {
        if self.block_edge(metric).is_none() {
            self.received.change(metric).edge = Some(edge);
        }
    }

    /// When the last block of a metric began that was taken: ask for what comes after it. None before the first.
    pub fn last_block_ms(&self, metric: u16) -> Option<i64> {
        self.received.get(metric).and_then(|received| received.last_start_ms)
    }
}

impl Received {
    /// Remembers whether a block fails, if it has requests enough to say so.
    fn judge(&mut self, threshold: &Threshold, treatment: ArmIndex, step: u32, sums: Sums) -> bool {
        let value = sums.num / sums.den;
        if sums.den < threshold.min_requests || !value.is_finite() {
            return false;
        }
        let has_failed = match threshold.operator {
            ThresholdOperator::Above => value > threshold.value,
            ThresholdOperator::Below => value < threshold.value,
        };
        let outcomes = slot(&mut self.outcomes, treatment);
        outcomes.push((step, has_failed));
        let kept = usize::try_from(threshold.of_blocks).unwrap_or(usize::MAX);
        outcomes.drain(..outcomes.len().saturating_sub(kept));
        true
    }
}

/// What was measured in an arm, if anything was.
fn sums(block: &Block, arm: ArmIndex) -> Option<Sums> {
    let &(num, den) = block.arms.get(usize::from(arm))?;
    (num.is_finite() && den.is_finite()).then_some(Sums { num, den })
}

fn plus(a: Sums, b: Sums) -> Sums {
    Sums { num: a.num + b.num, den: a.den + b.den }
}

fn block_ms() -> i64 {
    i64::try_from(BLOCK_MS).unwrap_or(i64::MAX)
}

//! The evidence of one metric about one treatment.

use super::blocks::Pairs;
use super::cells::ArmSums;
use super::measure::{Lane, Measure, Quotient};
use super::real::{real, real_len};
use super::run_state::RunState;
use super::watch::{ArmIndex, Watch, Watched};
use flaghoist_model::id::VariantId;
use flaghoist_model::metric::Threshold;
use flaghoist_stats::ratios::{self, RatioEvidence, Sums};
use flaghoist_stats::values::{self, Moments};
use flaghoist_stats::{Direction, Harm, blocks, events};

/// Level of each end of the intervals that are shown.
const INTERVAL_ALPHA: f64 = 0.05;
/// After how many subjects the interval of a mean is narrowest; what decides does not depend on it.
const INTERVAL_TUNED_AT: f64 = 5_000.0;
/// Fewest treated subjects with a numerator that is not 0 before an asymptotic test looks (section 2.5).
const NONZERO_MIN: u64 = 20;
/// Largest standard error of the log ratio of a step, expected by its control and the design, with which it enters: about
/// that of 16 independent events of a small treatment. With less, logarithms of counts lean to one side.
const STEP_SE_MAX: f64 = 0.25;
/// What part of the expected numerator a treatment has at the least, because nothing has no logarithm.
const FAINT: f64 = 0.05;

/// Fewest minutes of aggregates before the first look (section 5).
const BLOCKS_MIN: u64 = 30;

/// How a comparison stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceState {
    /// Nothing was observed.
    NoData,
    /// Something was observed, but not enough for a first look.
    NotEnoughData,
    /// Nothing is wrong so far.
    Watching,
    /// Exposures are reported differently by the arms, which may explain what is seen: it does not act.
    Untrustworthy,
    /// It shows harm.
    Fired,
}

impl EvidenceState {
    /// Its name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoData => "no_data",
            Self::NotEnoughData => "not_enough_data",
            Self::Watching => "watching",
            Self::Untrustworthy => "untrustworthy",
            Self::Fired => "fired",
        }
    }
}

/// What a metric says about a treatment.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The metric.
    pub metric_id: String,
    /// The treatment.
    pub variant_id: VariantId,
    /// How it is tested.
    pub lane: Lane,
    /// What was compared in the treatment: subjects with an event, with a complete value, or with anything measured;
    /// exposed ones for counts and sums without a window; blocks of aggregates.
    pub n_treatment: u64,
    /// The same in the control.
    pub n_control: u64,
    /// Log ratio of treatment to control; of the shares beyond the control's quantile where that is compared. Positive
    /// means more, whichever way is harm.
    pub effect: Option<f64>,
    /// Lower end of an interval for `effect` that holds at every look, with 95 % each end; none where there is none yet.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// Log e-value against "the harm is at most the margin"; 0 before there is enough to say anything.
    pub log_e: f64,
    /// The same after what was looked at besides is taken into account: what decides.
    pub adjusted: f64,
    /// How it stands.
    pub state: EvidenceState,
}

/// What bounds of the harm can be found from, which takes longer than everything else.
#[derive(Clone, Debug, Default, PartialEq)]
enum Bounds {
    #[default]
    Unknown,
    Events(Vec<events::Stratum>),
    Values(values::Effect),
    Sums(RatioEvidence),
}

/// A comparison, before others are taken into account.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    /// What is tested; of a quantile, that what is beyond it becomes more.
    harm: Harm,
    pub(crate) n_treatment: u64,
    pub(crate) n_control: u64,
    pub(crate) effect: Option<f64>,
    bounds: Bounds,
    /// None before the first look, and where nothing is tested.
    pub(crate) log_e: Option<f64>,
    /// Whether too many of the latest blocks failed, where that is looked at in place of a test.
    pub(crate) has_failed: Option<bool>,
}

impl Measured {
    /// What the state says about a treatment.
    pub(crate) fn of(
        watch: &Watch,
        state: &RunState,
        metric: u16,
        watched: &Watched,
        treatment: ArmIndex,
        now_ms: i64,
    ) -> Self {
        let of = Comparison { watch, state, metric, watched, treatment, now_ms };
        match watched.measure {
            Measure::FirstEvent => of.events(),
            Measure::Window { .. } => of.values(),
            Measure::Quotient { of: quotient, min_subjects, .. } => of.quotient(quotient, min_subjects),
            Measure::Blocks => of.blocks(),
            Measure::Threshold(ref threshold) => of.threshold(threshold),
        }
    }

    fn asymptotic(harm: Harm, n_treatment: u64, n_control: u64, evidence: Option<RatioEvidence>) -> Self {
        Self {
            harm,
            n_treatment,
            n_control,
            effect: evidence.map(|evidence| evidence.effect),
            bounds: evidence.map_or(Bounds::Unknown, Bounds::Sums),
            log_e: evidence.map(|evidence| evidence.log_e),
            has_failed: None,
        }
    }

    /// Lower and upper bound of the harm in log units, with the direction applied.
    fn harm_bounds(&self) -> Option<(f64, f64)> {
        let Harm { direction, .. } = self.harm;
        match &self.bounds {
            Bounds::Unknown => None,
            Bounds::Events(strata) => Some((
                events::harm_lower_bound(strata, direction, INTERVAL_ALPHA),
                events::harm_upper_bound(strata, direction, INTERVAL_ALPHA),
            )),
            Bounds::Values(effect) => Some(turned((effect.lower, effect.upper), direction)),
            Bounds::Sums(evidence) => Some(ratios::bounds(evidence, INTERVAL_ALPHA)),
        }
    }

    /// Whether harm beyond the margin is ruled out.
    pub(crate) fn is_harmless(&self) -> bool {
        self.harm_bounds().is_some_and(|(_, upper)| upper < self.harm.log_margin)
    }

    /// The interval of the effect.
    pub(crate) fn interval(&self) -> (Option<f64>, Option<f64>) {
        let ends = self.harm_bounds().map(|bounds| turned(bounds, self.harm.direction));
        let finite = |end: f64| end.is_finite().then_some(end);
        (ends.and_then(|(lower, _)| finite(lower)), ends.and_then(|(_, upper)| finite(upper)))
    }

    /// How it stands as long as nothing fired.
    pub(crate) fn state(&self) -> EvidenceState {
        match (self.log_e, self.has_failed) {
            _ if self.n_treatment + self.n_control == 0 => EvidenceState::NoData,
            (None, None) => EvidenceState::NotEnoughData,
            _ => EvidenceState::Watching,
        }
    }
}

/// What is compared.
struct Comparison<'a> {
    watch: &'a Watch,
    state: &'a RunState,
    metric: u16,
    watched: &'a Watched,
    treatment: ArmIndex,
    now_ms: i64,
}

impl Comparison<'_> {
    /// The steps whose evidence counts, with their design probabilities.
    fn steps(&self) -> impl Iterator<Item = (u32, f64)> {
        let steps = self.watch.steps_since(self.watched.since(self.treatment));
        steps.filter_map(|step| Some((step, self.watch.p(step, self.treatment)?)))
    }

    fn events(&self) -> Measured {
        let strata: Vec<events::Stratum> = self
            .steps()
            .filter_map(|(step, p)| {
                let counts = self.state.events.get((self.metric, step))?;
                Some(events::Stratum { p, treatment: counts.get(self.treatment), control: counts.get(0) })
            })
            .collect();
        let (n_treatment, n_control) = strata.iter().fold((0, 0), |(treatment, control), stratum| {
            (treatment + stratum.treatment, control + stratum.control)
        });
        let has_data = n_treatment + n_control > 0;
        Measured {
            harm: self.watched.harm,
            n_treatment,
            n_control,
            effect: events::effect(&strata),
            log_e: has_data.then(|| events::log_e(&strata, self.watched.harm)),
            bounds: Bounds::Events(strata),
            has_failed: None,
        }
    }

    fn values(&self) -> Measured {
        let since = self.watched.since(self.treatment);
        let tests = self.state.tests.get(self.metric);
        let restarted = tests.and_then(|tests| tests.tests.get(usize::from(self.treatment)));
        let strata: Vec<(Moments, Moments)> = self
            .steps()
            .filter_map(|(step, _)| {
                let arms = &self.state.moments.get((self.metric, step))?.0;
                let of = |arm: ArmIndex| arms.get(usize::from(arm)).copied().unwrap_or_default();
                Some((of(self.treatment), of(0)))
            })
            .collect();
        let effect = values::effect(&strata, 2.0 * INTERVAL_ALPHA, INTERVAL_TUNED_AT);
        Measured {
            harm: self.watched.harm,
            n_treatment: strata.iter().map(|(treatment, _)| treatment.n).sum(),
            n_control: strata.iter().map(|(_, control)| control.n).sum(),
            effect: effect.map(|effect| effect.log_ratio),
            bounds: effect.map_or(Bounds::Unknown, Bounds::Values),
            log_e: restarted.filter(|test| test.since == since).map(|test| test.test.log_e()),
            has_failed: None,
        }
    }

    fn quotient(&self, quotient: Quotient, min_subjects: u64) -> Measured {
        let (mut treated, mut controls, mut nonzero) = (0, 0, 0);
        let mut sums: Vec<(Vec<Sums>, Vec<Sums>)> = Vec::new();
        let exposed = self.state.counts().exposed;
        for (step, p) in self.steps() {
            let Some(cell) = self.state.sums.get((self.metric, step)) else { continue };
            let of = |arm: ArmIndex| cell.0.get(usize::from(arm)).cloned().unwrap_or_default();
            let (treatment, control) = (of(self.treatment), of(0));
            treated += treatment.subjects;
            controls += control.subjects;
            let treated_nonzero = treatment.nonzero;
            let hours = self.watch.step_hours(step, self.now_ms);
            let buckets = |arm: &ArmSums, share: f64| match quotient {
                Quotient::PerExposed => per_exposed(arm.buckets(), &exposed, hours * share),
                _ => arm.buckets(),
            };
            let (treatment, control) = (buckets(&treatment, p), buckets(&control, 1.0 - p));
            if is_enough(&control, p) && is_positive_without_any(&treatment, |sums| sums.den) {
                nonzero += treated_nonzero;
                sums.push((at_least_faint(treatment, &control, p), control));
            }
        }
        if quotient == Quotient::PerExposed {
            (treated, controls) = self.exposed();
        }
        let strata: Vec<ratios::Stratum> =
            sums.iter().map(|(treatment, control)| ratios::Stratum { treatment, control }).collect();
        let is_adequate = treated.min(controls) >= min_subjects && nonzero >= NONZERO_MIN;
        let harm = self.tested_harm(quotient);
        let evidence = is_adequate.then(|| ratios::evaluate(&strata, harm)).flatten();
        Measured::asymptotic(harm, treated, controls, evidence)
    }

    fn blocks(&self) -> Measured {
        let pairs: Vec<&Pairs> = self
            .steps()
            .filter_map(|(step, _)| self.state.blocks.get((self.metric, step))?.of(self.treatment))
            .collect();
        let strata: Vec<blocks::BlockStratum> = pairs
            .iter()
            .map(|pairs| blocks::BlockStratum { treatment: &pairs.treatment, control: &pairs.control })
            .filter(|of| has_log_ratios(of.treatment) && has_log_ratios(of.control))
            .collect();
        let minutes = pairs.iter().map(|pairs| pairs.minutes()).sum();
        let harm = self.watched.harm;
        let evidence = (minutes >= BLOCKS_MIN).then(|| blocks::evaluate(&strata, harm)).flatten();
        Measured::asymptotic(harm, minutes, minutes, evidence)
    }

    fn threshold(&self, threshold: &Threshold) -> Measured {
        let since = self.watched.since(self.treatment);
        let received = self.state.received.get(self.metric);
        let (failed, all) = received.map_or((0, 0), |received| received.failed(self.treatment, since));
        let has_failed = Some(failed >= u64::from(threshold.failing_blocks));
        Measured { has_failed, ..Measured::asymptotic(self.watched.harm, all, 0, None) }
    }

    /// What is beyond a quantile is harmful on either side, and the treatment was given its margin when it was compared
    /// with the threshold.
    fn tested_harm(&self, quotient: Quotient) -> Harm {
        match quotient {
            Quotient::Beyond { .. } => Harm { direction: Direction::IncreaseIsBad, log_margin: 0.0 },
            _ => self.watched.harm,
        }
    }

    /// Subjects that were first exposed in the run, whenever.
    fn exposed(&self) -> (u64, u64) {
        let cells = self.watch.steps_since(0).filter_map(|step| self.state.exposures.get(step));
        cells.fold((0, 0), |(treatment, control), cell| {
            (treatment + cell.all.get(self.treatment), control + cell.all.get(0))
        })
    }
}

/// Sums per subject that was exposed, times how long: the denominators that the design gives an arm.
fn per_exposed(mut sums: Vec<Sums>, exposed: &[u64], share_hours: f64) -> Vec<Sums> {
    for (sums, subjects) in sums.iter_mut().zip(exposed) {
        sums.den = real(*subjects) * share_hours;
    }
    sums
}

/// Bounds of an effect as bounds of the harm, or the other way round.
fn turned((lower, upper): (f64, f64), direction: Direction) -> (f64, f64) {
    match direction {
        Direction::IncreaseIsBad => (lower, upper),
        Direction::DecreaseIsBad => (-upper, -lower),
    }
}

/// Whether a step is enough to compare a treatment in, by what its control shows and by the design probability alone: if
/// what the treatment turns out to have had a say, it would be looked at in steps where it happens to have much.
///
/// If the treatment varies like the control, the variance of its log ratio is `(1-p)/p` times the control's, and that of
/// the difference `1/p` times.
fn is_enough(control: &[Sums], p: f64) -> bool {
    has_log_ratios(control) && log_ratio_variance(control) / p <= STEP_SE_MAX * STEP_SE_MAX
}

/// Variance of the log ratio of an arm by the jackknife, over buckets of which any can be left out.
fn log_ratio_variance(sums: &[Sums]) -> f64 {
    let (num, den) = (total(sums, |sums| sums.num), total(sums, |sums| sums.den));
    let without: Vec<f64> = sums.iter().map(|part| ((num - part.num) / (den - part.den)).ln()).collect();
    let buckets = real_len(without.len());
    let mean = without.iter().sum::<f64>() / buckets;
    (buckets - 1.0) / buckets * without.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
}

/// A treatment's sums; with a small part of the numerators that the control lets expect, where it has next to none.
fn at_least_faint(mut treatment: Vec<Sums>, control: &[Sums], p: f64) -> Vec<Sums> {
    if !is_positive_without_any(&treatment, |sums| sums.num) {
        for (sums, control) in treatment.iter_mut().zip(control) {
            sums.num = FAINT * control.num * p / (1.0 - p);
        }
    }
    treatment
}

/// Whether there is a log ratio whichever bucket is left out.
fn has_log_ratios(sums: &[Sums]) -> bool {
    is_positive_without_any(sums, |sums| sums.num) && is_positive_without_any(sums, |sums| sums.den)
}

/// Whether the sum remains positive whichever bucket is left out.
fn is_positive_without_any(sums: &[Sums], of: fn(&Sums) -> f64) -> bool {
    let total = total(sums, of);
    sums.iter().all(|part| total - of(part) > 0.0)
}

fn total(sums: &[Sums], of: fn(&Sums) -> f64) -> f64 {
    sums.iter().map(of).sum()
}

//! Applying an observation: what it changes of its subject and of the run.

use super::cells::{Exposures, slot};
use super::learning::Sample;
use super::measure::{Measure, Quotient};
use super::run_state::RunState;
use super::selection::{Part, Selected};
use super::subject::{FirstExposure, Mark, Pending, Subject};
use super::watch::{ArmIndex, Buckets, Watch, Watched};
use super::{STALE_MS, windows};
use crate::{Event, Exposure, Observation};
use flaghoist_stats::ratios::Sums;
use flaghoist_stats::{Direction, Harm};

/// How many of the control's observations the threshold of a quantile is learned from (section 2.5).
const QUANTILE_BURN_IN: usize = 800;
/// How many of the control's numbers a cap is learned from: as few as prepare a test of one value per subject, because sums
/// of something rare, like revenue, have to say something within a small rollout.
const CAP_BURN_IN: usize = 200;

/// Why an observation changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ignored {
    /// It is an exposure of another flag or allocation.
    Elsewhere,
    /// No metric selects the event.
    NotWatched,
    /// It is more than [`super::FUTURE_MS`] ahead of our clock.
    InFuture,
    /// It happened more than [`super::LATE_MS`] ago.
    TooLate,
    /// It happened before the run began to expose anybody.
    BeforeRun,
    /// No step was in force when it happened: the flag was off, or the run over.
    BetweenSteps,
    /// A later run has begun, of which whoever routed it had not heard yet.
    OldRun,
}

impl Ignored {
    /// All of them, for counters that begin at zero.
    pub const ALL: [Self; 7] = [
        Self::Elsewhere,
        Self::NotWatched,
        Self::InFuture,
        Self::TooLate,
        Self::BeforeRun,
        Self::BetweenSteps,
        Self::OldRun,
    ];

    /// A stable name, for labels of metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Elsewhere => "elsewhere",
            Self::NotWatched => "not_watched",
            Self::InFuture => "out_of_time",
            Self::TooLate => "too_late",
            Self::BeforeRun => "before_run",
            Self::BetweenSteps => "between_steps",
            Self::OldRun => "old_run",
        }
    }
}

/// What became of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken; whether it changed a count depends on what was known before.
    Taken,
    /// It changes nothing, not even the subject.
    Ignored(Ignored),
}

/// Applies an observation that arrives at `now_ms`, in milliseconds since 1970, to its subject and the run.
///
/// The subject is the one kept for the watch's schedule and the observation's subject, and `buckets` are
/// [`Watch::buckets`] of the latter. Write the subject back when the outcome is [`Outcome::Taken`], in one transaction with
/// the run's [`RunState::changes`].
pub fn apply(
    watch: &Watch,
    state: &mut RunState,
    subject: &mut Subject,
    buckets: Buckets,
    observation: &Observation,
    now_ms: i64,
) -> Outcome {
    let taken = match observation {
        Observation::Exposure(exposure) => {
            Application::of_exposure(watch, state, subject, buckets, exposure, now_ms)
        }
        Observation::Event(event) => Application::of_event(watch, state, subject, buckets, event, now_ms),
    };
    taken.map_or_else(Outcome::Ignored, |()| Outcome::Taken)
}

/// Whom and what an observation changes.
struct Application<'a> {
    watch: &'a Watch,
    state: &'a mut RunState,
    subject: &'a mut Subject,
    now_ms: i64,
}

impl<'a> Application<'a> {
    fn new(
        watch: &'a Watch,
        state: &'a mut RunState,
        subject: &'a mut Subject,
        buckets: Buckets,
        now_ms: i64,
    ) -> Result<Self, Ignored> {
        subject.enter(watch, buckets)?;
        subject.expire(now_ms);
        Ok(Self { watch, state, subject, now_ms })
    }

    fn of_exposure(
        watch: &'a Watch,
        state: &'a mut RunState,
        subject: &'a mut Subject,
        buckets: Buckets,
        exposure: &Exposure,
        now_ms: i64,
    ) -> Result<(), Ignored> {
        if !watch.concerns(exposure) {
            return Err(Ignored::Elsewhere);
        }
        let step = watch.step_of(exposure.at_ms, now_ms)?;
        let mut to = Self::new(watch, state, subject, buckets, now_ms)?;
        let counts = to.state.counts.change(());
        counts.exposures += 1;
        counts.last_exposure_ms = counts.last_exposure_ms.max(Some(now_ms));
        to.compare(exposure, step);
        to.expose(exposure.at_ms, step);
        Ok(())
    }

    fn of_event(
        watch: &'a Watch,
        state: &'a mut RunState,
        subject: &'a mut Subject,
        buckets: Buckets,
        event: &Event,
        now_ms: i64,
    ) -> Result<(), Ignored> {
        let selected = watch.metrics_of(event);
        if selected.is_empty() {
            return Err(Ignored::NotWatched);
        }
        watch.step_of(event.at_ms, now_ms)?;
        let mut to = Self::new(watch, state, subject, buckets, now_ms)?;
        let counts = to.state.counts.change(());
        counts.events += 1;
        counts.last_event_ms = counts.last_event_ms.max(Some(now_ms));
        if selected.iter().any(|selected| watch.reporting() == Some(selected.metric)) {
            counts.last_report_ms = counts.last_report_ms.max(Some(now_ms));
        }
        let first = to.subject.first_event_at_ms.get_or_insert(event.at_ms);
        *first = event.at_ms.min(*first);
        to.count_late_exposure();
        for selected in selected {
            to.count_or_postpone(Pending { at_ms: event.at_ms, selected });
        }
        Ok(())
    }

    /// Compares the logged variant with the one of the hash, unless the reader may not have heard of the step yet.
    fn compare(&mut self, exposure: &Exposure, step: u32) {
        let Some(variant) = exposure.variant.as_deref() else { return };
        let Some(arm) = self.watch.label(self.subject.buckets, step) else { return };
        let began_ms = self.watch.step(step).map_or(i64::MAX, |step| step.from_ms);
        if exposure.at_ms.saturating_sub(STALE_MS) < began_ms {
            return;
        }
        let counts = self.state.counts.change(());
        counts.compared += 1;
        counts.mismatched += u64::from(!self.watch.is_of_arm(variant, arm));
    }

    /// The subject was exposed: what waited for that may count now.
    fn expose(&mut self, at_ms: i64, step: u32) {
        let begins = windows::begin(self.watch, self.subject, at_ms, step);
        if self.expose_first(at_ms, step) || begins {
            for pending in std::mem::take(&mut self.subject.pending) {
                self.count_or_postpone(pending);
            }
        }
    }

    /// Only the first exposure of the run counts, and one that is earlier than what was thought to be the first takes its
    /// place. Whether it did.
    fn expose_first(&mut self, at_ms: i64, step: u32) -> bool {
        let first = match self.subject.first_exposure {
            Some(first) if first.at_ms <= at_ms => return false,
            Some(first) => {
                self.count_exposure(first, false);
                FirstExposure { at_ms, step, is_late: false, ..first }
            }
            None => {
                self.state.counts.change(()).expose(self.subject.buckets.jackknife);
                let is_new = self.subject.exposed_at_ms.is_none();
                FirstExposure { at_ms, step, is_new, is_late: false }
            }
        };
        self.count_exposure(first, true);
        self.subject.first_exposure = Some(first);
        self.subject.exposed_at_ms = Some(self.subject.exposed_at_ms.map_or(at_ms, |known| known.min(at_ms)));
        self.count_late_exposure();
        true
    }

    /// Counts a first exposure, or takes it back.
    fn count_exposure(&mut self, first: FirstExposure, is_added: bool) {
        let Some(arm) = self.watch.label(self.subject.buckets, first.step) else { return };
        let Exposures { all, new, late } = self.state.exposures.change(first.step);
        let counted = [(all, true), (new, first.is_new), (late, first.is_late)];
        for (count, _) in counted.into_iter().filter(|(_, is_counted)| *is_counted) {
            if is_added {
                count.add(arm);
            } else {
                count.take(arm);
            }
        }
    }

    /// Counts the first exposure as late once an event is known that came before it (the placebo check, section 2.9).
    fn count_late_exposure(&mut self) {
        let Some(first) = self.subject.first_exposure.as_mut().filter(|first| first.is_new && !first.is_late)
        else {
            return;
        };
        if self.subject.first_event_at_ms.is_none_or(|event_at_ms| first.at_ms <= event_at_ms) {
            return;
        }
        first.is_late = true;
        if let Some(arm) = self.watch.label(self.subject.buckets, first.step) {
            self.state.exposures.change(first.step).late.add(arm);
        }
    }

    /// Counts what happened, or lets it wait for an exposure before it. Nobody is spent on a step in which nothing is
    /// tested: what happens there is in no count, though quantities to compare with may be learned from it.
    fn count_or_postpone(&mut self, pending: Pending) {
        let Pending { at_ms, selected } = pending;
        let Some(metric) = self.watch.metric(selected.metric) else { return };
        let Some(step) = self.watch.step_at(at_ms) else { return };
        let is_tested = self.watch.is_tested(step);
        let is_window = matches!(metric.measure, Measure::Window { .. });
        if is_window && !is_tested && self.subject.windows_begin.is_none() {
            return;
        }
        if !self.subject.is_eligible(&metric.measure, at_ms) {
            self.subject.postpone(pending);
            return;
        }
        if let Measure::Window { window_ms, .. } = metric.measure {
            windows::add(self.subject, selected, at_ms, window_ms);
            return;
        }
        let Some(arm) = self.watch.label(self.subject.buckets, step) else { return };
        match metric.measure {
            Measure::FirstEvent if is_tested => self.count_first_event(selected.metric, arm, at_ms, step),
            Measure::Quotient { of, winsor_quantile, .. } => {
                let sums = match of {
                    Quotient::Beyond { quantile } => self.beyond(metric.harm, quantile, selected, arm, at_ms),
                    _ => self
                        .capped(winsor_quantile, selected, arm, at_ms)
                        .map(|value| added(of, selected.part, value)),
                };
                if let Some(sums) = sums.filter(|_| is_tested) {
                    self.add_to_quotient(metric, selected.metric, sums, arm, step);
                }
            }
            Measure::FirstEvent | Measure::Window { .. } | Measure::Blocks | Measure::Threshold(_) => {}
        }
    }

    /// A subject is counted once, for the earliest of its events.
    fn count_first_event(&mut self, metric: u16, arm: ArmIndex, at_ms: i64, step: u32) {
        if let Some(Mark::FirstEvent { at_ms: counted_at_ms, step: counted_in }) =
            self.subject.marks.get(&metric)
        {
            if *counted_at_ms <= at_ms {
                return;
            }
            if let Some(arm) = self.watch.label(self.subject.buckets, *counted_in) {
                self.state.events.change((metric, *counted_in)).take(arm);
            }
        }
        self.state.events.change((metric, step)).add(arm);
        self.subject.marks.insert(metric, Mark::FirstEvent { at_ms, step });
    }

    fn add_to_quotient(&mut self, metric: &Watched, place: u16, sums: Sums, arm: ArmIndex, step: u32) {
        let cell = slot(&mut self.state.sums.change((place, step)).0, arm);
        cell.add(self.subject.buckets.jackknife, sums);
        let mark = self
            .subject
            .marks
            .entry(place)
            .or_insert(Mark::Summed { counted: [None; 2], nonzero: [None; 2] });
        let Mark::Summed { counted, nonzero } = mark else { return };
        let since = metric.restarted_in();
        let is_first = |counted_in: &mut Option<u32>| {
            let is_first = counted_in.is_none_or(|counted_in| counted_in < since);
            if is_first {
                *counted_in = Some(step);
            }
            is_first && step >= since
        };
        let side = usize::from(arm.min(1));
        cell.subjects += u64::from(is_first(&mut counted[side]));
        cell.nonzero += u64::from(sums.num != 0.0 && is_first(&mut nonzero[side]));
    }

    /// A number within the cap, which is a quantile of the control's absolute numbers other than 0. What counts as one needs
    /// none; before there is a cap, no other is compared in either arm.
    fn capped(&mut self, winsor_quantile: f64, selected: Selected, arm: ArmIndex, at_ms: i64) -> Option<f64> {
        if !selected.is_reported {
            return Some(selected.value);
        }
        let sample = Sample { size: CAP_BURN_IN, quantile: winsor_quantile };
        let size = selected.value.abs();
        let cap = self.limit(sample, selected, (arm == 0 && size > 0.0).then_some(size), at_ms)?;
        Some(selected.value.clamp(-cap, cap))
    }

    /// Whether a number is beyond the quantile of the control, as part of all numbers.
    fn beyond(
        &mut self,
        harm: Harm,
        quantile: f64,
        selected: Selected,
        arm: ArmIndex,
        at_ms: i64,
    ) -> Option<Sums> {
        let sample = Sample { size: QUANTILE_BURN_IN, quantile };
        let threshold = self.limit(sample, selected, (arm == 0).then_some(selected.value), at_ms)?;
        let is_beyond = is_beyond(threshold, harm, arm, selected.value);
        Some(Sums { num: f64::from(u8::from(is_beyond)), den: 1.0 })
    }

    /// The limit for what happened at a time. Until enough of the control's numbers were seen it is learned from them, and
    /// what happened before then is compared in neither arm.
    fn limit(&mut self, sample: Sample, selected: Selected, lesson: Option<f64>, at_ms: i64) -> Option<f64> {
        let Selected { metric, part, .. } = selected;
        let learned = self.state.limits.get(metric).map(|limits| limits.of(part));
        if let Some(learned) = learned.filter(|learned| !learned.is_learning()) {
            return learned.limit(at_ms);
        }
        if let Some(number) = lesson {
            self.state.limits.change(metric).change(part).learn(number, sample, self.now_ms);
        }
        None
    }
}

/// What a number adds to a quotient of sums.
fn added(of: Quotient, part: Part, value: f64) -> Sums {
    match (of, part) {
        (Quotient::Ratio, Part::Denominator) => Sums { num: 0.0, den: value },
        (Quotient::Mean, _) => Sums { num: value, den: 1.0 },
        _ => Sums { num: value, den: 0.0 },
    }
}

/// Whether a value is on the harmful side of the control's quantile, by more than is tolerated if it is a treatment's.
fn is_beyond(threshold: f64, harm: Harm, arm: ArmIndex, value: f64) -> bool {
    let tolerated = if arm == 0 { 0.0 } else { harm.log_margin };
    match harm.direction {
        Direction::IncreaseIsBad => value > threshold * tolerated.exp(),
        Direction::DecreaseIsBad => value < threshold * (-tolerated).exp(),
    }
}

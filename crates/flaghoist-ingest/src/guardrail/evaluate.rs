//! What the counts of a run say: evidence, what the next step has to wait for, and what fired.

use super::evidence::{Evidence, EvidenceState, Measured};
use super::health::{ExposureChecks, HealthCheck, is_open, trip};
use super::measure::Lane;
use super::real::real;
use super::run_state::RunState;
use super::watch::{ArmIndex, Watch, Watched};
use flaghoist_model::guard::{Guard, GuardedMetric, HealthFinding, Trip};
use flaghoist_model::id::VariantId;
use flaghoist_stats::family;

/// Share of harmless rollouts in which any guardrail may ever fire (section 2.7).
pub const ALPHA: f64 = 0.05;
/// How long no metric may hear of anybody while exposures come, in milliseconds: two evaluations.
const SILENCE_MS: i64 = 60_000;

/// What the counts of a run say.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// By metric in the order of the guard, and by treatment.
    pub evidence: Vec<Evidence>,
    /// By treatment: sample ratio, timing of exposures, and after those of all treatments reporting, where it is checked.
    pub health: Vec<HealthCheck>,
    /// Share of logged variants that differ from the one of the hash, beyond the minutes after a step. None before any was
    /// compared. More than a hundredth deserves a warning.
    pub mismatched_share: Option<f64>,
    /// Why the next step has to wait; nothing where the step in force tests nothing, of which nothing is to be learned.
    pub holds: Vec<Hold>,
    /// What fired. The same comes again as long as its evidence stands; the guard records it once.
    pub trips: Vec<Trip>,
}

/// Why the next step has to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Subjects are exposed, but no metric hears of anybody: what sends the events may be broken.
    NoMetricEvents,
    /// The Prometheus has had nothing to say for some minutes.
    NoAggregates {
        /// The metric.
        metric_id: String,
    },
    /// The metric asks for certainty, and harm beyond its margin is not ruled out yet.
    HarmNotRuledOut {
        /// The metric.
        metric_id: String,
        /// The treatment.
        variant_id: VariantId,
    },
}

impl Hold {
    /// Its name in answers.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NoMetricEvents => "no_metric_events",
            Self::NoAggregates { .. } => "no_aggregates",
            Self::HarmNotRuledOut { .. } => "harm_not_ruled_out",
        }
    }
}

/// Evaluates a run at `now_ms`, in milliseconds since 1970. The watch has to be of the guard as it is.
pub fn evaluate(watch: &Watch, guard: &Guard, state: &RunState, now_ms: i64) -> Evaluation {
    let assessment = Assessment::of(watch, guard, state, now_ms);
    let counts = state.counts();
    let silent = is_silent(watch, state, now_ms).then_some(Hold::NoMetricEvents);
    let unsure = assessment.comparisons.iter().filter_map(Comparison::hold);
    Evaluation {
        evidence: assessment.comparisons.iter().map(|of| of.evidence(guard)).collect(),
        mismatched_share: (counts.compared > 0).then(|| real(counts.mismatched) / real(counts.compared)),
        holds: silent
            .into_iter()
            .chain(missing_aggregates(watch, guard, state, now_ms))
            .chain(unsure)
            .collect(),
        trips: assessment.trips(),
        health: assessment.health,
    }
}

/// Only what fired, as [`evaluate`] says it: without the intervals for people, which take most of the time.
pub fn trips(watch: &Watch, guard: &Guard, state: &RunState, now_ms: i64) -> Vec<Trip> {
    Assessment::of(watch, guard, state, now_ms).trips()
}

/// Everything that a decision rests on.
struct Assessment<'a> {
    comparisons: Vec<Comparison<'a>>,
    health: Vec<HealthCheck>,
}

/// What a metric says about a treatment, beside all others.
struct Comparison<'a> {
    guarded: &'a GuardedMetric,
    watched: &'a Watched,
    variant_id: VariantId,
    measured: Measured,
    adjusted: f64,
    /// Whether the step in force tests the treatment.
    is_tested_now: bool,
    /// Whether what the checks of health found may explain it.
    is_explained: bool,
}

impl<'a> Assessment<'a> {
    fn of(watch: &'a Watch, guard: &'a Guard, state: &RunState, now_ms: i64) -> Self {
        let arms: Vec<(ArmIndex, VariantId)> =
            watch.treatments().zip(guard.treatments.iter().map(|arm| arm.variant_id)).collect();
        let checks: Vec<ExposureChecks> =
            arms.iter().map(|(arm, id)| ExposureChecks::of(watch, guard, state, *arm, *id)).collect();
        let all = || watch.watched().flat_map(|of| std::iter::repeat(of).zip(arms.iter().zip(&checks)));
        let measured: Vec<Measured> = all()
            .map(|((metric, watched), ((arm, _), _))| {
                Measured::of(watch, state, metric, watched, *arm, now_ms)
            })
            .collect();
        let adjusted = adjusted(&measured);

        let (mut comparisons, mut reporting) = (Vec::new(), Vec::new());
        for (((metric, watched), ((arm, variant_id), checks)), (measured, adjusted)) in
            all().zip(measured.into_iter().zip(adjusted))
        {
            let variant_id = *variant_id;
            match guard.metrics.get(usize::from(metric)) {
                None => reporting.push(reporting_check(guard, variant_id, &measured, adjusted)),
                Some(guarded) => {
                    let is_explained =
                        watched.measure.needs_exposures() && checks.explain(watched.harm.direction);
                    comparisons.push(Comparison {
                        guarded,
                        watched,
                        variant_id,
                        measured,
                        adjusted,
                        is_tested_now: watch.is_tested_now(*arm),
                        is_explained,
                    });
                }
            }
        }
        let exposures = checks.into_iter().flat_map(|checks| [checks.sample_ratio, checks.timing]);
        Self { comparisons, health: exposures.chain(reporting).collect() }
    }

    fn trips(&self) -> Vec<Trip> {
        self.comparisons
            .iter()
            .filter_map(Comparison::trip)
            .chain(self.health.iter().filter_map(trip))
            .collect()
    }
}

/// Evidence after all that was looked at is taken into account. What is not tested is no part of the family.
fn adjusted(measured: &[Measured]) -> Vec<f64> {
    let is_tested = |of: &&Measured| of.has_failed.is_none();
    let log_e: Vec<f64> = measured.iter().filter(is_tested).map(|of| of.log_e.unwrap_or(0.0)).collect();
    let mut of_tested = family::adjusted(&log_e).into_iter();
    let one = |of: &Measured| if is_tested(&of) { of_tested.next().unwrap_or(0.0) } else { 0.0 };
    measured.iter().map(one).collect()
}

impl Comparison<'_> {
    fn shows_harm(&self) -> bool {
        self.measured.has_failed.unwrap_or_else(|| family::rejects(self.adjusted, ALPHA))
    }

    fn metric_id(&self) -> String {
        self.guarded.definition.id.clone()
    }

    fn trip(&self) -> Option<Trip> {
        let acts = self.shows_harm() && !self.is_explained;
        acts.then(|| Trip::Metric {
            metric_id: self.metric_id(),
            variant_id: self.variant_id,
            action: self.guarded.action,
            log_e: self.adjusted,
        })
    }

    /// A metric that asks for certainty holds until harm beyond its margin is ruled out, which a fixed value never does.
    fn hold(&self) -> Option<Hold> {
        let asks = self.guarded.definition.require_noninferior
            && self.is_tested_now
            && self.watched.measure.lane() != Lane::Threshold;
        (asks && !self.measured.is_harmless())
            .then(|| Hold::HarmNotRuledOut { metric_id: self.metric_id(), variant_id: self.variant_id })
    }

    fn evidence(&self, guard: &Guard) -> Evidence {
        let (lower, upper) = self.measured.interval();
        Evidence {
            metric_id: self.metric_id(),
            variant_id: self.variant_id,
            lane: self.watched.measure.lane(),
            n_treatment: self.measured.n_treatment,
            n_control: self.measured.n_control,
            effect: self.measured.effect,
            lower,
            upper,
            log_e: self.measured.log_e.unwrap_or(0.0),
            adjusted: self.adjusted,
            state: self.state(guard),
        }
    }

    fn state(&self, guard: &Guard) -> EvidenceState {
        let is_about_this = |trip: &Trip| {
            matches!(trip, Trip::Metric { metric_id, variant_id, .. }
                if *metric_id == self.guarded.definition.id && *variant_id == self.variant_id)
        };
        let mut open = guard.triggers.iter().filter(|trigger| trigger.restarted_in.is_none());
        match self.measured.state() {
            _ if open.any(|trigger| is_about_this(&trigger.trip)) => EvidenceState::Fired,
            EvidenceState::Watching if self.is_explained => EvidenceState::Untrustworthy,
            EvidenceState::Watching if self.shows_harm() => EvidenceState::Fired,
            state => state,
        }
    }
}

/// The check that subjects of a treatment report anything, which is one more comparison of the family.
fn reporting_check(guard: &Guard, variant_id: VariantId, measured: &Measured, adjusted: f64) -> HealthCheck {
    let finding = HealthFinding::Reporting;
    let threshold = -ALPHA.ln();
    HealthCheck {
        finding,
        variant_id,
        n_treatment: measured.n_treatment,
        n_control: measured.n_control,
        log_e: adjusted,
        threshold,
        is_found: adjusted >= threshold || is_open(guard, finding, variant_id),
    }
}

/// Whether the step in force tests any treatment.
fn is_anything_tested_now(watch: &Watch) -> bool {
    watch.treatments().any(|treatment| watch.is_tested_now(treatment))
}

/// Metrics of aggregates that have had no data for a while.
fn missing_aggregates(
    watch: &Watch,
    guard: &Guard,
    state: &RunState,
    now_ms: i64,
) -> impl Iterator<Item = Hold> {
    let metrics = || guard.metrics.iter().zip(watch.watched());
    watch.current_step().filter(|_| is_anything_tested_now(watch)).into_iter().flat_map(move |step| {
        metrics().filter_map(move |(guarded, (metric, watched))| {
            let is_missing =
                !watched.measure.needs_exposures() && state.misses_blocks(metric, step.from_ms, now_ms);
            is_missing.then(|| Hold::NoAggregates { metric_id: guarded.definition.id.clone() })
        })
    })
}

/// Whether exposures come and no metric that is not silent in good times has heard of anybody for a while.
fn is_silent(watch: &Watch, state: &RunState, now_ms: i64) -> bool {
    let is_watched = watch.reporting().is_some() && is_anything_tested_now(watch);
    let Some(begun_ms) = watch.step(0).map(|step| step.from_ms).filter(|_| is_watched) else { return false };
    let counts = state.counts();
    let is_exposed = counts.last_exposure_ms.is_some_and(|at_ms| now_ms - at_ms <= SILENCE_MS);
    is_exposed && now_ms - counts.last_report_ms.unwrap_or(begun_ms).max(begun_ms) > SILENCE_MS
}

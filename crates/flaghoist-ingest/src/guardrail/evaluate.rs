//! What the counts of a run say: evidence, what the next step has to wait for, and what fired.

use super::evidence::{Evidence, EvidenceState, Measured};
use super::health::{ExposureChecks, HealthCheck, is_open, trip};
use super::measure::Lane;
use super::real::real;
use super::run_state::RunState;
use super::watch::{ArmIndex, Watch};
use flaghoist_model::guard::{Guard, HealthFinding, Trip};
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
    /// By treatment: sample ratio, timing of exposures, and reporting where it is checked.
    pub health: Vec<HealthCheck>,
    /// Share of logged variants that differ from the one of the hash, beyond the minutes after a step. None before any was
    /// compared. More than a hundredth deserves a warning.
    pub mismatched_share: Option<f64>,
    /// Why the next step has to wait.
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

/// A comparison of the family.
struct Hypothesis {
    metric: u16,
    treatment: ArmIndex,
    variant_id: VariantId,
    measured: Measured,
}

/// Evaluates a run at `now_ms`, in milliseconds since 1970. The watch has to be of the guard as it is.
pub fn evaluate(watch: &Watch, guard: &Guard, state: &RunState, now_ms: i64) -> Evaluation {
    let arms: Vec<(ArmIndex, VariantId)> =
        watch.treatments().zip(guard.treatments.iter().map(|arm| arm.variant_id)).collect();
    let exposures: Vec<ExposureChecks> =
        arms.iter().map(|(arm, id)| ExposureChecks::of(watch, guard, state, *arm, *id)).collect();
    let missing = watch.current_step().into_iter().flat_map(|step| {
        guard.metrics.iter().zip(watch.watched()).filter_map(move |(guarded, (metric, watched))| {
            let is_missing =
                !watched.measure.needs_exposures() && state.misses_blocks(metric, step.from_ms, now_ms);
            is_missing.then(|| Hold::NoAggregates { metric_id: guarded.definition.id.clone() })
        })
    });
    let family = Family::of(watch, state, &arms, now_ms);

    let mut evidence = Vec::new();
    let mut reporting = Vec::new();
    let mut trips = Vec::new();
    let silent = is_silent(watch, state, now_ms).then_some(Hold::NoMetricEvents);
    let mut holds: Vec<Hold> = silent.into_iter().chain(missing).collect();
    for (hypothesis, adjusted) in family.hypotheses.iter().zip(family.adjusted) {
        let Hypothesis { metric, treatment, variant_id, measured } = hypothesis;
        let Some(guarded) = guard.metrics.get(usize::from(*metric)) else {
            reporting.push(reporting_check(guard, *variant_id, measured, adjusted));
            continue;
        };
        let Some(watched) = watch.metric(*metric) else { continue };
        let metric_id = guarded.definition.id.clone();
        let harm = watched.harm;
        let is_explained = exposures
            .get(usize::from(*treatment) - 1)
            .is_some_and(|checks| watched.measure.needs_exposures() && checks.explain(harm.direction));
        let shows_harm = measured.has_failed.unwrap_or_else(|| family::rejects(adjusted, ALPHA));
        let has_fired = guard.triggers.iter().any(|trigger| {
            trigger.restarted_in.is_none()
                && matches!(&trigger.trip, Trip::Metric { metric_id: id, variant_id: variant, .. }
                    if *id == metric_id && variant == variant_id)
        });
        if shows_harm && !is_explained {
            let (variant_id, action) = (*variant_id, guarded.action);
            trips.push(Trip::Metric { metric_id: metric_id.clone(), variant_id, action, log_e: adjusted });
        }
        let is_ruled_out = measured.harm.is_some_and(|(_, upper)| upper < harm.log_margin);
        if guarded.definition.require_noninferior
            && watched.measure.lane() != Lane::Threshold
            && !is_ruled_out
        {
            holds.push(Hold::HarmNotRuledOut { metric_id: metric_id.clone(), variant_id: *variant_id });
        }
        let (lower, upper) = measured.interval(harm.direction);
        evidence.push(Evidence {
            metric_id,
            variant_id: *variant_id,
            lane: watched.measure.lane(),
            n_treatment: measured.n_treatment,
            n_control: measured.n_control,
            effect: measured.effect,
            lower,
            upper,
            log_e: measured.log_e.unwrap_or(0.0),
            adjusted,
            state: match measured.state() {
                _ if has_fired => EvidenceState::Fired,
                EvidenceState::Watching if is_explained => EvidenceState::Untrustworthy,
                EvidenceState::Watching if shows_harm => EvidenceState::Fired,
                state => state,
            },
        });
    }
    let health: Vec<HealthCheck> = exposures
        .into_iter()
        .flat_map(|checks| [checks.sample_ratio, checks.timing])
        .chain(reporting)
        .collect();
    trips.extend(health.iter().filter_map(trip));
    let counts = state.counts();
    Evaluation {
        evidence,
        health,
        mismatched_share: (counts.compared > 0).then(|| real(counts.mismatched) / real(counts.compared)),
        holds,
        trips,
    }
}

/// All comparisons that a false alarm may come from, with their adjusted evidence.
struct Family {
    hypotheses: Vec<Hypothesis>,
    adjusted: Vec<f64>,
}

impl Family {
    fn of(watch: &Watch, state: &RunState, arms: &[(ArmIndex, VariantId)], now_ms: i64) -> Self {
        let hypotheses: Vec<Hypothesis> = watch
            .watched()
            .flat_map(|(metric, watched)| {
                arms.iter().map(move |&(treatment, variant_id)| Hypothesis {
                    metric,
                    treatment,
                    variant_id,
                    measured: Measured::of(watch, state, metric, watched, treatment, now_ms),
                })
            })
            .collect();
        let is_tested: Vec<bool> = hypotheses
            .iter()
            .map(|of| {
                watch.metric(of.metric).is_some_and(|watched| watched.measure.lane() != Lane::Threshold)
            })
            .collect();
        let tested = hypotheses.iter().zip(&is_tested).filter(|(_, is_tested)| **is_tested);
        let log_e: Vec<f64> = tested.map(|(of, _)| of.measured.log_e.unwrap_or(0.0)).collect();
        let mut of_tested = family::adjusted(&log_e).into_iter();
        let mut adjusted = |is_tested: &bool| is_tested.then(|| of_tested.next()).flatten().unwrap_or(0.0);
        let adjusted = is_tested.iter().map(&mut adjusted).collect();
        Self { hypotheses, adjusted }
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

/// Whether exposures come and no metric that is not silent in good times has heard of anybody for a while.
fn is_silent(watch: &Watch, state: &RunState, now_ms: i64) -> bool {
    let Some(begun_ms) = watch.step(0).map(|step| step.from_ms).filter(|_| watch.reporting().is_some())
    else {
        return false;
    };
    let counts = state.counts();
    let is_exposed = counts.last_exposure_ms.is_some_and(|at_ms| now_ms - at_ms <= SILENCE_MS);
    is_exposed && now_ms - counts.last_report_ms.unwrap_or(begun_ms).max(begun_ms) > SILENCE_MS
}

//! Checks of health: can what the arms report be compared at all?

use super::cells::{ArmCounts, Exposures};
use super::real::real;
use super::run_state::RunState;
use super::watch::{ArmIndex, Watch};
use flaghoist_model::guard::{Guard, HealthFinding, Trip};
use flaghoist_model::id::VariantId;
use flaghoist_stats::events::Stratum;
use flaghoist_stats::{Direction, sample_ratio};

/// What a check says about a treatment.
#[derive(Clone, Debug, PartialEq)]
pub struct HealthCheck {
    /// What it would find.
    pub finding: HealthFinding,
    /// The treatment.
    pub variant_id: VariantId,
    /// What was counted in the treatment: subjects newly exposed, those of them exposed after an event, or subjects that
    /// report anything.
    pub n_treatment: u64,
    /// The same in the control.
    pub n_control: u64,
    /// Log e-value against "both arms report alike".
    pub log_e: f64,
    /// From which value on it is found.
    pub threshold: f64,
    /// Whether it is found, now or since somebody last resumed the rollout.
    pub is_found: bool,
}

/// Which arm's exposures are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Treatment,
    Control,
}

/// The checks of exposures of one treatment.
pub(crate) struct ExposureChecks {
    pub(crate) sample_ratio: HealthCheck,
    pub(crate) timing: HealthCheck,
    missing: Missing,
}

impl ExposureChecks {
    pub(crate) fn of(
        watch: &Watch,
        guard: &Guard,
        state: &RunState,
        treatment: ArmIndex,
        variant_id: VariantId,
    ) -> Self {
        let since = u32::try_from(guard.health_since).unwrap_or(u32::MAX);
        let strata = |of: fn(&Exposures) -> &ArmCounts| -> Vec<Stratum> {
            let steps = watch.steps_since(since).filter_map(|step| {
                let (p, counts) = (watch.p(step, treatment)?, of(state.exposures.get(step)?));
                Some(Stratum { p, treatment: counts.get(treatment), control: counts.get(0) })
            });
            steps.collect()
        };
        let (new, late) = (strata(|exposures| &exposures.new), strata(|exposures| &exposures.late));
        let check = |finding, strata: &[Stratum]| {
            let log_e = sample_ratio::log_e(strata);
            let threshold = sample_ratio_threshold(guard);
            HealthCheck {
                finding,
                variant_id,
                n_treatment: strata.iter().map(|stratum| stratum.treatment).sum(),
                n_control: strata.iter().map(|stratum| stratum.control).sum(),
                log_e,
                threshold,
                is_found: log_e >= threshold || is_open(guard, finding, variant_id),
            }
        };
        Self {
            sample_ratio: check(HealthFinding::SampleRatioMismatch, &new),
            timing: check(HealthFinding::ExposureTiming, &late),
            missing: missing(&new),
        }
    }

    /// Whether what the checks found may explain that a metric shows harm (section 2.6). Events of subjects whose exposure
    /// is missing do not count, so an arm without exposures has fewer: missing treatments look like a decrease, missing
    /// controls like an increase. Exposures that are stamped differently may explain anything.
    pub(crate) fn explain(&self, harm: Direction) -> bool {
        let looks_like = match self.missing {
            Missing::Treatment => Direction::DecreaseIsBad,
            Missing::Control => Direction::IncreaseIsBad,
        };
        self.timing.is_found || (self.sample_ratio.is_found && harm == looks_like)
    }
}

/// The trip of a check that found something by what is counted now.
pub(crate) fn trip(check: &HealthCheck) -> Option<Trip> {
    let HealthCheck { finding, variant_id, log_e, threshold, .. } = *check;
    (log_e >= threshold).then_some(Trip::Health { finding, variant_id, log_e })
}

/// Whether a finding was recorded that nobody has resumed the rollout after.
pub(crate) fn is_open(guard: &Guard, sought: HealthFinding, treatment: VariantId) -> bool {
    guard.triggers.iter().filter(|trigger| trigger.restarted_in.is_none()).any(|trigger| {
        matches!(trigger.trip, Trip::Health { finding, variant_id, .. } if finding == sought && variant_id == treatment)
    })
}

/// The level is shared by the treatments.
fn sample_ratio_threshold(guard: &Guard) -> f64 {
    let treatments = u32::try_from(guard.treatments.len().max(1)).unwrap_or(u32::MAX);
    (f64::from(treatments) / sample_ratio::ALPHA).ln()
}

/// The arm with fewer exposures than the design says.
fn missing(strata: &[Stratum]) -> Missing {
    let excess: f64 = strata
        .iter()
        .map(|stratum| real(stratum.treatment) * (1.0 - stratum.p) - real(stratum.control) * stratum.p)
        .sum();
    if excess < 0.0 { Missing::Treatment } else { Missing::Control }
}

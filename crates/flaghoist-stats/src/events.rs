//! Subjects who had an event, such as an error or a conversion, each counted once: an exact test.
//!
//! Given that a subject had the event, only chance decides in which arm: the hash of its key. Under "no effect" it is
//! the treatment with the *design* probability of the step, whatever the base rate, its trend, and who comes back.
//! Harm by a factor `theta` turns the probability `p` into `theta p / (theta p + 1 - p)`, so the counts of each step
//! are all that is needed (the anytime-valid log-rank test of arXiv 2011.06931, with the design share instead of the
//! share at risk). Not knowing who had no event costs a factor of `1/(1 - rate)` in time: for events that more than a
//! tenth of the subjects have, [`crate::values`] is faster.

use serde::{Deserialize, Serialize};

use crate::counting::real;
use crate::mixture::{GRID, log_mean_exp};
use crate::{Direction, Harm, root};

/// The subjects with an event in one step of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stratum {
    /// The probability by design that a subject of either arm is in the treatment. A stratum outside of (0, 1) has one
    /// arm only and says nothing.
    pub p: f64,
    /// Subjects with the event in the treatment.
    pub treatment: u64,
    /// Subjects with the event in the control.
    pub control: u64,
}

impl Stratum {
    fn compares(&self) -> bool {
        0.0 < self.p && self.p < 1.0
    }
}

/// Log e-value against "the harm is at most the margin"; 0 without data. Valid at every look and in any order of
/// arrival.
pub fn log_e(strata: &[Stratum], harm: Harm) -> f64 {
    let sign = harm.direction.sign();
    log_mean_exp(&log_likelihood_ratios(strata, sign * harm.log_margin, GRID.map(|step| sign * step)))
}

/// How much better each log ratio `base + step` explains in which arms the events were than `base` does.
///
/// With `pi` the treatment's probability at `base`, a treated event contributes `ln(q/pi)` and another one
/// `ln((1-q)/(1-pi))` for the probability `q` at `base + step`. Both share the term `ln(1 + pi (e^step - 1))`, and
/// written with it there is no difference of nearly equal numbers left.
pub(crate) fn log_likelihood_ratios<const N: usize>(
    strata: &[Stratum],
    base: f64,
    steps: [f64; N],
) -> [f64; N] {
    let mut logs = [0.0; N];
    for stratum in strata.iter().filter(|stratum| stratum.compares()) {
        let pi = 1.0 / (1.0 + (1.0 - stratum.p) / stratum.p * (-base).exp());
        let (treated, all) = (real(stratum.treatment), real(stratum.treatment) + real(stratum.control));
        for (log, step) in logs.iter_mut().zip(steps) {
            *log += treated * step - all * (pi * step.exp_m1()).ln_1p();
        }
    }
    logs
}

/// Estimated log ratio of the event's rate, treatment to control (Mantel and Haenszel over the strata). Not turned
/// into harm: negative means fewer events. `None` while one of the arms has none.
pub fn effect(strata: &[Stratum]) -> Option<f64> {
    let compared = strata.iter().filter(|stratum| stratum.compares());
    let (treatment, control) = compared.fold((0.0, 0.0), |(treatment, control), stratum| {
        (treatment + real(stratum.treatment) * (1.0 - stratum.p), control + real(stratum.control) * stratum.p)
    });
    (treatment > 0.0 && control > 0.0).then(|| (treatment / control).ln())
}

/// The smallest harm, in log units, that is not refuted at level `alpha` in (0, 1): at every look at once, the true
/// harm is above it with probability `1 - alpha`. Negative infinity while there is too little to say anything.
pub fn harm_lower_bound(strata: &[Stratum], direction: Direction, alpha: f64) -> f64 {
    root::falls_below(-alpha.ln(), |log_margin| log_e(strata, Harm { direction, log_margin }))
}

/// The largest harm, in log units, that is not refuted at level `alpha` in (0, 1): no more than this can be wrong.
/// Infinity while there is too little to say anything.
pub fn harm_upper_bound(strata: &[Stratum], direction: Direction, alpha: f64) -> f64 {
    -harm_lower_bound(strata, direction.opposite(), alpha)
}

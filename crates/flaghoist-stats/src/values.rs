//! One bounded number per subject, such as its mean latency or its revenue within an hour: an exact test.
//!
//! A gambler bets on `(A - p)(Y - m)`: the arm `A` of a subject against its value `Y` around a centre `m` that was known
//! before. Without an effect the arm is a coin with the design probability `p` whatever the value is, so no bet makes
//! money on average (betting as in arXiv 2010.09686, on the design as in arXiv 2210.08639). The wealth is the e-value.
//!
//! Sizes of bets and the largest value that counts are frozen from values of control subjects ([`freeze`]) before the
//! test begins; subjects of *either* arm that were first exposed until then take no part.

use serde::{Deserialize, Serialize};

use crate::counting::{real, real_len};
use crate::mixture::{GRID, log_mean_exp};
use crate::reference::asymptotic;
use crate::{Direction, Harm};

/// What was learned from control values before the test; it never changes while the test runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    /// Values above it count as it: without a bound there is no exact test, and with a far one no power.
    pub cap: f64,
    /// Mean of the values, none above the cap.
    pub mean: f64,
    /// Their variance.
    pub variance: f64,
    /// How many they were: the weight of `mean` in the centre of the bets.
    pub burn_in: u64,
}

/// Freezes what a test needs from control values: the cap is their quantile `winsor_quantile` in [0, 1] (interpolated
/// linearly between order statistics), mean and variance are those of the capped values.
///
/// Values that are not finite are left out, negative ones count as 0. `None` for fewer than two values, or if their
/// capped mean is 0: nothing can be said about ratios to it.
pub fn freeze(burn_in_values: &[f64], winsor_quantile: f64) -> Option<Frozen> {
    let finite = burn_in_values.iter().copied().filter(|value| value.is_finite());
    let mut values: Vec<f64> = finite.map(|value| value.max(0.0)).collect();
    values.sort_unstable_by(f64::total_cmp);
    let cap = quantile(&values, winsor_quantile)?;
    let mut moments = Moments::default();
    for value in values {
        moments.add(value.min(cap));
    }
    let (mean, variance) = (moments.mean()?, moments.variance()?);
    (mean > 0.0).then_some(Frozen { cap, mean, variance, burn_in: moments.n })
}

/// Quantile of ascending values; between two of them in proportion. `None` if there are none.
fn quantile(ascending: &[f64], q: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    let position = q.clamp(0.0, 1.0) * real_len(last);
    let (mut below, mut rank) = (0, 0.0);
    while below < last && rank + 1.0 <= position {
        below += 1;
        rank += 1.0;
    }
    let above = ascending[(below + 1).min(last)];
    Some(ascending[below] + (position - rank) * (above - ascending[below]))
}

/// The state of the test: what it won with each size of bet, and the control values it met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ValueTest {
    /// Log wealth of the bet on each size of [`GRID`].
    pub log_wealth: [f64; GRID.len()],
    /// Sum of the control values, each at most the cap.
    pub control_sum: f64,
    /// Number of control values.
    pub control_count: u64,
}

impl ValueTest {
    /// A test that met nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bets on a subject's value, which becomes known when its window closes, with the design probability `p` of the
    /// step of its first exposure.
    ///
    /// The order of subjects matters a little, and `frozen` and `harm` must be the same at every call. Values count as
    /// 0 below it and as the cap above it. A value that is not a number, a `p` outside of (0, 1) and a cap that is not
    /// positive are nothing to bet on, and change nothing.
    pub fn observe(&mut self, frozen: &Frozen, harm: Harm, p: f64, is_treatment: bool, value: f64) {
        let Frozen { cap, mean, variance, burn_in } = *frozen;
        let usable = !value.is_nan() && 0.0 < p && p < 1.0 && cap > 0.0;
        if !usable {
            return;
        }
        let capped = value.clamp(0.0, cap);
        let centre = (real(burn_in) * mean + self.control_sum) / (real(burn_in) + real(self.control_count));
        let (label, tolerated) = if is_treatment {
            // What the value would have been without the harm that is tolerated.
            (1.0 - p, (capped * (-harm.direction.sign() * harm.log_margin).exp()).min(cap))
        } else {
            (-p, capped)
        };
        let outcome = harm.direction.sign() * label * (tolerated - centre);
        // The largest loss per unit at stake; a bet of 0.9 of its inverse cannot ruin.
        let worst = match harm.direction {
            Direction::IncreaseIsBad => ((1.0 - p) * centre).max(p * (cap - centre)),
            Direction::DecreaseIsBad => ((1.0 - p) * (cap - centre)).max(p * centre),
        };
        for (log_wealth, step) in self.log_wealth.iter_mut().zip(GRID) {
            let shift = match harm.direction {
                Direction::IncreaseIsBad => mean * step.exp_m1(),
                Direction::DecreaseIsBad => -mean * (-step).exp_m1(),
            };
            let stake = (shift / (variance + p * shift * shift)).min(0.9 / worst);
            *log_wealth += (stake * outcome).ln_1p();
        }
        if !is_treatment {
            self.control_sum += capped;
            self.control_count += 1;
        }
    }

    /// Log e-value against "the harm is at most the margin"; 0 without data.
    pub fn log_e(&self) -> f64 {
        log_mean_exp(&self.log_wealth)
    }
}

/// Values of one arm in one step, as far as means and variances need them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// How many.
    pub n: u64,
    /// Their sum.
    pub sum: f64,
    /// Sum of their squares.
    pub sum_of_squares: f64,
}

impl Moments {
    /// Counts another value.
    pub fn add(&mut self, value: f64) {
        self.n += 1;
        self.sum += value;
        self.sum_of_squares += value * value;
    }

    /// Arithmetic mean; `None` without values.
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / real(self.n))
    }

    /// Unbiased variance, never negative; `None` with fewer than two values.
    pub fn variance(&self) -> Option<f64> {
        let n = real(self.n);
        (self.n > 1).then(|| ((self.sum_of_squares - self.sum * self.sum / n) / (n - 1.0)).max(0.0))
    }

    /// The logarithm of the mean, and its variance by the delta method. `None` unless the mean is positive.
    fn log_mean(&self) -> Option<(f64, f64)> {
        let (mean, variance) = (self.mean()?, self.variance()?);
        (mean > 0.0).then(|| (mean.ln(), variance / (real(self.n) * mean * mean)))
    }
}

/// How much larger values are in the treatment, as people want to see it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Log ratio of means, treatment to control. Not turned into harm: negative means smaller values.
    pub log_ratio: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Lower end of the confidence sequence for `log_ratio`.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// Estimates the effect from the values of (treatment, control) in each step, with a two-sided asymptotic confidence
/// sequence (arXiv 2103.06476) of level `alpha` in (0, 1) that is narrowest after `n_star > 0` subjects.
///
/// Steps are weighted by `n_T n_C / (n_T + n_C)`; one with fewer than two values in an arm has no weight. `None` if there
/// is no other, or if one of their means is not positive. For display only: what decides is [`ValueTest::log_e`].
pub fn effect(strata: &[(Moments, Moments)], alpha: f64, n_star: f64) -> Option<Effect> {
    let (mut subjects, mut weights, mut sum, mut variance) = (0.0, 0.0, 0.0, 0.0);
    for (treatment, control) in strata.iter().filter(|(treatment, control)| treatment.n > 1 && control.n > 1)
    {
        let (log_treatment, treatment_variance) = treatment.log_mean()?;
        let (log_control, control_variance) = control.log_mean()?;
        let (treated, controls) = (real(treatment.n), real(control.n));
        let weight = treated * controls / (treated + controls);
        subjects += treated + controls;
        weights += weight;
        sum += weight * (log_treatment - log_control);
        variance += weight * weight * (treatment_variance + control_variance);
    }
    if weights <= 0.0 {
        return None;
    }
    let (log_ratio, standard_error) = (sum / weights, variance.sqrt() / weights);
    let half_width = asymptotic::half_width(subjects, standard_error, alpha, n_star);
    Some(Effect { log_ratio, standard_error, lower: log_ratio - half_width, upper: log_ratio + half_width })
}

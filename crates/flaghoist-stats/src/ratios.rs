//! Ratios, quantiles and measurements that repeat within a subject: an asymptotic test.
//!
//! Subjects are hashed into buckets, independently of their arm, and only sums per bucket are kept. Leaving out one
//! bucket at a time (the jackknife) shows how much the log ratio of the arms varies, and captures whatever makes
//! measurements of one subject alike. A quantile is the ratio of measurements beyond a frozen threshold; a mean per
//! subject is a ratio to the number of subjects.
//!
//! It needs data before the first look: at least 100 subjects in each arm and 20 treated ones with a numerator that is
//! not 0, which is for the caller to know, and positive sums whichever bucket is left out, which [`evaluate`] checks.

use serde::{Deserialize, Serialize};

use crate::counting::real_len;
use crate::mixture::{GRID, log_mean_exp};
use crate::{Direction, Harm, root, wallace};

/// How many buckets subjects are hashed into.
pub const BUCKETS: usize = 64;

/// Sums of one bucket in one arm and step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Numerator.
    pub num: f64,
    /// Denominator.
    pub den: f64,
}

impl Sums {
    pub(crate) fn total(buckets: &[Sums]) -> Sums {
        buckets.iter().fold(Sums::default(), |sum, bucket| sum.plus(*bucket))
    }

    pub(crate) fn plus(self, other: Sums) -> Sums {
        Sums { num: self.num + other.num, den: self.den + other.den }
    }

    fn minus(self, other: Sums) -> Sums {
        Sums { num: self.num - other.num, den: self.den - other.den }
    }

    /// Logarithm of the ratio; `None` unless both sums are positive.
    pub(crate) fn log_ratio(self) -> Option<f64> {
        (self.num > 0.0 && self.den > 0.0).then(|| (self.num / self.den).ln())
    }
}

/// The sums of one step: bucket by bucket, as many for both arms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stratum<'a> {
    /// Of the treatment.
    pub treatment: &'a [Sums],
    /// Of the control.
    pub control: &'a [Sums],
}

/// What the buckets say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RatioEvidence {
    /// Which way is harm.
    pub direction: Direction,
    /// Log of the ratio in the treatment to that in the control, over the steps. Not turned into harm.
    pub effect: f64,
    /// Its standard error by the jackknife.
    pub se_jackknife: f64,
    /// Its standard error if the treatment behaved like the control: a small skewed treatment looks less variable than
    /// it is. 0 where that is not asked for ([`crate::blocks`]).
    pub se_null: f64,
    /// The larger of the two, which is used.
    pub se: f64,
    /// Degrees of freedom of the standard error.
    pub df: f64,
    /// Log e-value against "the harm is at most the margin".
    pub log_e: f64,
}

impl RatioEvidence {
    /// Evidence of an estimate; `None` without a standard error to judge it by.
    pub(crate) fn new(harm: Harm, effect: f64, se_jackknife: f64, se_null: f64, df: f64) -> Option<Self> {
        let Harm { direction, log_margin } = harm;
        let se = se_jackknife.max(se_null);
        let evidence = Self { direction, effect, se_jackknife, se_null, se, df, log_e: 0.0 };
        (se > 0.0 && se.is_finite()).then(|| Self { log_e: evidence.log_e_at(log_margin), ..evidence })
    }

    /// Log e-value against "the harm is at most `log_margin`", for any margin.
    pub fn log_e_at(&self, log_margin: f64) -> f64 {
        log_e(self.direction.sign() * self.effect - log_margin, self.se, self.df)
    }
}

/// Log e-value of a harm beyond the margin that was estimated with a standard error on `df` degrees of freedom: the
/// likelihood ratios of a Brownian motion with drift, at the time `1/se^2` (its information).
fn log_e(excess: f64, se: f64, df: f64) -> f64 {
    let z = wallace::t_to_z(excess / se, df);
    log_mean_exp(&GRID.map(|step| step * z / se - step * step / (2.0 * se * se)))
}

/// Lower and upper bound of the harm, in log units: neither is wrong, at any look, with a probability above `alpha` in
/// (0, 1).
pub fn bounds(evidence: &RatioEvidence, alpha: f64) -> (f64, f64) {
    let harm = evidence.direction.sign() * evidence.effect;
    let bound = |harm: f64| {
        root::falls_below(-alpha.ln(), |log_margin| log_e(harm - log_margin, evidence.se, evidence.df))
    };
    (bound(harm), -bound(-harm))
}

/// Evaluates the buckets of all steps.
///
/// `Delta = sum w_s Delta_s / sum w_s` with `w_s = den_T den_C / (den_T + den_C)` over the steps with a denominator in
/// both arms. The jackknife leaves a bucket out of every step and both arms at once, with unchanged weights.
///
/// `None` where it must not be asked yet: a total, or what remains of it without one bucket, is not positive; nothing
/// varies; no step compares anything. Also if steps or arms differ in their number of buckets, or it is below two.
pub fn evaluate(strata: &[Stratum], harm: Harm) -> Option<RatioEvidence> {
    let compared: Vec<Compared> = strata.iter().filter_map(Compared::new).collect();
    let buckets = compared.first()?.stratum.control.len();
    let alike = |arm: &[Sums]| arm.len() == buckets;
    if buckets < 2 || !compared.iter().all(|of| alike(of.stratum.treatment) && alike(of.stratum.control)) {
        return None;
    }

    let weights: f64 = compared.iter().map(|of| of.weight).sum();
    let (mut effect, mut null_variance) = (0.0, 0.0);
    let mut without = vec![0.0; buckets];
    for of in &compared {
        let share = of.weight / weights;
        effect += share * (of.treatment.log_ratio()? - of.control.log_ratio()?);
        let treatment = leave_one_out(of.stratum.treatment, of.treatment)?;
        let control = leave_one_out(of.stratum.control, of.control)?;
        for ((without, treatment), control) in without.iter_mut().zip(&treatment).zip(&control) {
            *without += share * (treatment - control);
        }
        null_variance +=
            share * share * jackknife_variance(&control) * (1.0 + of.control.den / of.treatment.den);
    }
    let se_jackknife = jackknife_variance(&without).sqrt();
    RatioEvidence::new(harm, effect, se_jackknife, null_variance.sqrt(), real_len(buckets - 1))
}

/// A step with a denominator in both arms.
struct Compared<'a> {
    stratum: &'a Stratum<'a>,
    treatment: Sums,
    control: Sums,
    weight: f64,
}

impl<'a> Compared<'a> {
    fn new(stratum: &'a Stratum<'a>) -> Option<Self> {
        let (treatment, control) = (Sums::total(stratum.treatment), Sums::total(stratum.control));
        let weight = weight(treatment, control)?;
        Some(Self { stratum, treatment, control, weight })
    }
}

/// The weight of a step: what its denominators let it know about a difference. `None` where an arm has none.
pub(crate) fn weight(treatment: Sums, control: Sums) -> Option<f64> {
    let both = treatment.den > 0.0 && control.den > 0.0;
    both.then(|| treatment.den * control.den / (treatment.den + control.den))
}

/// Log ratios without each of the parts in turn.
pub(crate) fn leave_one_out(parts: &[Sums], total: Sums) -> Option<Vec<f64>> {
    parts.iter().map(|part| total.minus(*part).log_ratio()).collect()
}

/// Variance of an estimate of which these are the leave-one-out values: `(B-1)/B` times the sum of their squared
/// deviations.
pub(crate) fn jackknife_variance(without: &[f64]) -> f64 {
    let parts = real_len(without.len());
    let mean = without.iter().sum::<f64>() / parts;
    let squares: f64 = without.iter().map(|value| (value - mean).powi(2)).sum();
    (parts - 1.0) / parts * squares
}

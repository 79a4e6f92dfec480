//! The difference between two arms as GrowthBook tests it: once with Welch's t, and at every look with an asymptotic
//! confidence sequence.

use super::paired::MeanAndVariance;
use super::{asymptotic, student};
use crate::counting::real;

/// One arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arm {
    /// How many subjects, at least two.
    pub n: u64,
    /// Their mean, after adjustment if there is one.
    pub mean: f64,
    /// Their mean without adjustment.
    pub unadjusted_mean: f64,
    /// Variance of a single subject's value.
    pub variance: f64,
}

impl Arm {
    /// An arm of values that are taken as they are.
    pub fn new(n: u64, values: MeanAndVariance) -> Self {
        let MeanAndVariance { mean, variance } = values;
        Self { n, mean, unadjusted_mean: mean, variance }
    }

    /// An arm of which `successes` out of `n` subjects succeeded.
    pub fn of_proportion(n: u64, successes: u64) -> Self {
        let mean = real(successes) / real(n);
        Self::new(n, MeanAndVariance { mean, variance: mean * (1.0 - mean) })
    }
}

/// An estimated difference, treatment minus control.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The estimate.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
    n: u64,
    df: f64,
}

/// What a test says about a difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
    /// Two-sided p-value against "no difference".
    pub p_value: f64,
}

impl Difference {
    /// The difference in the unit of the values.
    pub fn absolute(control: &Arm, treatment: &Arm) -> Self {
        let variance = treatment.variance / real(treatment.n) + control.variance / real(control.n);
        Self::new(control, treatment, 1.0, variance)
    }

    /// The difference as a share of the control's unadjusted mean, which is not 0; its variance by the delta method.
    pub fn relative(control: &Arm, treatment: &Arm) -> Self {
        let base = control.unadjusted_mean;
        let ratio = treatment.unadjusted_mean / base;
        let variance =
            treatment.variance / real(treatment.n) + ratio * ratio * control.variance / real(control.n);
        Self::new(control, treatment, base, variance / (base * base))
    }

    fn new(control: &Arm, treatment: &Arm, base: f64, variance: f64) -> Self {
        let of = |arm: &Arm| arm.variance / real(arm.n);
        let squared = |arm: &Arm| of(arm).powi(2) / (real(arm.n) - 1.0);
        Self {
            estimate: (treatment.mean - control.mean) / base,
            standard_error: variance.sqrt(),
            n: control.n + treatment.n,
            // Welch and Satterthwaite.
            df: (of(treatment) + of(control)).powi(2) / (squared(treatment) + squared(control)),
        }
    }

    fn t(&self) -> f64 {
        self.estimate / self.standard_error
    }

    fn within(&self, half_width: f64, p_value: f64) -> Verdict {
        Verdict { lower: self.estimate - half_width, upper: self.estimate + half_width, p_value }
    }

    /// Valid at one look that was planned in advance.
    pub fn fixed(&self, alpha: f64) -> Verdict {
        let half_width = student::two_sided_quantile(alpha, self.df) * self.standard_error;
        self.within(half_width, student::two_sided_p(self.t(), self.df))
    }

    /// Valid at every look; narrowest after `n_star` subjects of both arms.
    pub fn sequential(&self, alpha: f64, n_star: f64) -> Verdict {
        let n = real(self.n);
        let half_width = asymptotic::half_width(n, self.standard_error, alpha, n_star);
        self.within(half_width, asymptotic::p_value(n, self.t(), alpha, n_star))
    }
}

//! Two numbers per subject: ratios of their means (delta method), and values adjusted by what was known before (CUPED,
//! controlled experiments using pre-experiment data: Deng and others, 2013).

use serde::{Deserialize, Serialize};

use crate::counting::real;

/// Sums over the subjects of one arm, of a value `y` and a companion `x`: a denominator, or the same value from before
/// the experiment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct PairedSums {
    /// How many subjects.
    pub n: u64,
    /// Sum of the values.
    pub y: f64,
    /// Sum of their squares.
    pub yy: f64,
    /// Sum of the companions.
    pub x: f64,
    /// Sum of their squares.
    pub xx: f64,
    /// Sum of the products.
    pub xy: f64,
}

/// Mean and variance (of a single subject, not of the mean).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeanAndVariance {
    /// Mean.
    pub mean: f64,
    /// Variance.
    pub variance: f64,
}

impl PairedSums {
    /// Counts another subject.
    pub fn add(&mut self, y: f64, x: f64) {
        self.n += 1;
        self.y += y;
        self.yy += y * y;
        self.x += x;
        self.xx += x * x;
        self.xy += x * y;
    }

    /// The subjects of both.
    #[must_use]
    pub fn pooled(self, other: PairedSums) -> Self {
        Self {
            n: self.n + other.n,
            y: self.y + other.y,
            yy: self.yy + other.yy,
            x: self.x + other.x,
            xx: self.xx + other.xx,
            xy: self.xy + other.xy,
        }
    }

    fn centred(&self, products: f64, a: f64, b: f64) -> f64 {
        let n = real(self.n);
        (products - a * b / n) / (n - 1.0)
    }

    /// Mean and unbiased variance of the values; not a number with fewer than two subjects.
    pub fn values(&self) -> MeanAndVariance {
        MeanAndVariance { mean: self.y / real(self.n), variance: self.centred(self.yy, self.y, self.y) }
    }

    fn companion_variance(&self) -> f64 {
        self.centred(self.xx, self.x, self.x)
    }

    fn covariance(&self) -> f64 {
        self.centred(self.xy, self.x, self.y)
    }

    /// The multiple of the companion whose subtraction leaves the smallest variance: `cov(x, y) / var(x)`, 0 if the
    /// companion does not vary. For two arms it is taken from the [`PairedSums::pooled`] subjects.
    pub fn theta(&self) -> f64 {
        let variance = self.companion_variance();
        if variance > 0.0 { self.covariance() / variance } else { 0.0 }
    }

    /// Mean and variance of `y - theta x`.
    pub fn adjusted(&self, theta: f64) -> MeanAndVariance {
        let MeanAndVariance { mean, variance } = self.values();
        MeanAndVariance {
            mean: mean - theta * self.x / real(self.n),
            variance: variance + theta * theta * self.companion_variance() - 2.0 * theta * self.covariance(),
        }
    }

    /// The ratio of the means `R`, and its variance for a single subject by the delta method:
    /// `(var y - 2 R cov + R^2 var x) / mean(x)^2`. Divided by the number of subjects it is that of the ratio.
    pub fn ratio(&self) -> MeanAndVariance {
        let ratio = self.y / self.x;
        let mean_x = self.x / real(self.n);
        let variance = self.values().variance - 2.0 * ratio * self.covariance()
            + ratio * ratio * self.companion_variance();
        MeanAndVariance { mean: ratio, variance: variance / (mean_x * mean_x) }
    }
}

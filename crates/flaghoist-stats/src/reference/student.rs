//! Student's distribution.

use statrs::function::beta::beta_reg;

use crate::root;

/// Probability of a value at least as far from 0 as `t`, in both directions, at `df > 0` degrees of freedom.
pub fn two_sided_p(t: f64, df: f64) -> f64 {
    beta_reg(df / 2.0, 0.5, df / (df + t * t))
}

/// The positive value that only a share `alpha` in (0, 1) of the distribution is farther from 0 than.
pub fn two_sided_quantile(alpha: f64, df: f64) -> f64 {
    root::rises_to(-alpha.ln(), 1.0, |t| -two_sided_p(t, df).ln())
}

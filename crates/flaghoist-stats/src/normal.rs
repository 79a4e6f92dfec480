//! The standard normal distribution.

use statrs::consts::LN_SQRT_2PI;
use statrs::function::erf::{erfc, erfc_inv};
use std::f64::consts::SQRT_2;

/// Probability of a value below `x`.
pub(crate) fn cdf(x: f64) -> f64 {
    erfc(-x / SQRT_2) / 2.0
}

/// Logarithm of [`cdf`], also where the probability itself is too small for a floating-point number.
pub(crate) fn ln_cdf(x: f64) -> f64 {
    if x > -30.0 {
        return cdf(x).ln();
    }
    // Mills' ratio: the next term is below 1e-7 of the last one here.
    let square = x * x;
    -square / 2.0 - LN_SQRT_2PI - (-x).ln() + (-1.0 / square + 3.0 / (square * square)).ln_1p()
}

/// The value that a share `p` in (0, 1) of the distribution is below.
pub(crate) fn quantile(p: f64) -> f64 {
    -SQRT_2 * erfc_inv(2.0 * p)
}

/// Density at `x`.
pub(crate) fn density(x: f64) -> f64 {
    (-x * x / 2.0 - LN_SQRT_2PI).exp()
}

//! The mixture over sizes of harm, and sums of numbers that are known by their logarithms.

use crate::counting::real_len;

/// Sizes of harm, in log rate ratio, that every test bets on with equal weights: from 2.5 % to a factor of 5.
///
/// A test that is tuned to one size needs 2 to 10 times as long for another; this mixture stays within 1.2 to 1.4 of
/// a classical test that knows the size in advance, over the whole range.
pub const GRID: [f64; 7] = [0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6];

/// Deviations from the designed split, in log odds, that [`crate::sample_ratio`] bets on with equal weights: both
/// directions, because too many logs are as suspicious as too few.
pub const SAMPLE_RATIO_GRID: [f64; 12] =
    [-0.4, -0.2, -0.1, -0.05, -0.025, -0.0125, 0.0125, 0.025, 0.05, 0.1, 0.2, 0.4];

/// `ln(exp(a) + exp(b))` without leaving the range of floating-point numbers.
pub(crate) fn log_add(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if high.is_infinite() { high } else { high + (low - high).exp().ln_1p() }
}

/// The logarithm of the mean of numbers that are given by their logarithms: the wealth of a gambler who split it
/// evenly over these bets. Negative infinity when there are none.
pub(crate) fn log_mean_exp(logs: &[f64]) -> f64 {
    let high = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high.is_infinite() {
        return high;
    }
    let sum: f64 = logs.iter().map(|log| (log - high).exp()).sum();
    high + (sum / real_len(logs.len())).ln()
}

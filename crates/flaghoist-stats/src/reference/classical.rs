//! Tests that look once, and corrections of their p-values.

use statrs::function::gamma::gamma_ur;

use crate::counting::{real, real_len};
use crate::normal;

/// Pearson's goodness of fit: the statistic and its p-value, for counts and as many positive expectations, at least two.
pub fn chi_squared(observed: &[f64], expected: &[f64]) -> (f64, f64) {
    let terms =
        observed.iter().zip(expected).map(|(observed, expected)| (observed - expected).powi(2) / expected);
    let statistic = terms.sum();
    (statistic, gamma_ur((real_len(observed.len()) - 1.0) / 2.0, statistic / 2.0))
}

/// The z statistic of a two-proportion test with pooled variance, and the p-value of "the first is not larger".
/// Each is (successes, trials).
pub fn two_proportions(first: (u64, u64), second: (u64, u64)) -> (f64, f64) {
    let [successes, trials, others, other_trials] = [first.0, first.1, second.0, second.1].map(real);
    let pooled = (successes + others) / (trials + other_trials);
    let variance = pooled * (1.0 - pooled) * (1.0 / trials + 1.0 / other_trials);
    let z = (successes / trials - others / other_trials) / variance.sqrt();
    (z, normal::cdf(-z))
}

/// Bonferroni's adjusted p-values.
pub fn bonferroni(p_values: &[f64]) -> Vec<f64> {
    p_values.iter().map(|p| (p * real_len(p_values.len())).min(1.0)).collect()
}

/// Holm's adjusted p-values, in the order given.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut ascending: Vec<usize> = (0..p_values.len()).collect();
    ascending.sort_unstable_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, at) in ascending.iter().enumerate() {
        largest = largest.max((p_values[*at] * real_len(p_values.len() - rank)).min(1.0));
        adjusted[*at] = largest;
    }
    adjusted
}

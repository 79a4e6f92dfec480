//! Critical values that products publish, as multiples of the standard error of an estimate.

use crate::normal;

/// Eppo's two-sided multiplier after `t > 0` subjects in both arms, tuned for `n_tune`:
/// `sqrt((t + rho) ln((t + rho) / (rho alpha^2))) / sqrt(t)`, `rho = n_tune / (ln ln(e / alpha^2) - 2 ln alpha)`.
pub fn eppo_multiplier(t: f64, alpha: f64, n_tune: f64) -> f64 {
    let log = -2.0 * alpha.ln();
    let rho = n_tune / (log.ln_1p() + log);
    ((t + rho) * (((t + rho) / rho).ln() + log) / t).sqrt()
}

/// Statsig's two-sided critical value for an estimate with variance `variance`, when the arms' values have the variances
/// `treatment_variance` and `control_variance` and there are `n` subjects in both:
/// `sqrt((V + tau) / tau (-2 ln(alpha/2) - ln(V / (V + tau))))`, `tau = z_(1-alpha/2)^2 (v_T + v_C) / n`.
///
/// Because `tau` knows only the total, the value grows with the imbalance of the arms.
pub fn statsig_critical_value(
    variance: f64,
    treatment_variance: f64,
    control_variance: f64,
    n: f64,
    alpha: f64,
) -> f64 {
    let tau = normal::quantile(1.0 - alpha / 2.0).powi(2) * (treatment_variance + control_variance) / n;
    let log = -2.0 * (alpha / 2.0).ln() - (variance / (variance + tau)).ln();
    ((variance + tau) / tau * log).sqrt()
}

//! How long a classical test would need: the yardstick of every detection time.
//!
//! A fixed-sample test that is planned for exactly the effect that is there, looks once, and then finds it with 80 %
//! probability (one-sided).

use crate::normal;

/// Power of the test that is meant by "n80".
const POWER: f64 = 0.8;

/// Subjects of both arms together that a two-proportion test at level `alpha` needs, for the rates of treatment and
/// control and the treatment's share in (0, 1). Infinite for equal rates.
///
/// `(z_(1-alpha) sqrt(p (1-p) / (s (1-s))) + z_0.8 sqrt(p_T (1-p_T) / s + p_C (1-p_C) / (1-s)))^2 / (p_T - p_C)^2`, with
/// `p` the mean rate over both arms.
pub fn n80_of_rates(treatment_rate: f64, control_rate: f64, treatment_share: f64, alpha: f64) -> f64 {
    let (s, c) = (treatment_share, 1.0 - treatment_share);
    let pooled = s * treatment_rate + c * control_rate;
    let null = (pooled * (1.0 - pooled) / (s * c)).sqrt();
    let alternative =
        (treatment_rate * (1.0 - treatment_rate) / s + control_rate * (1.0 - control_rate) / c).sqrt();
    let needed = normal::quantile(1.0 - alpha) * null + normal::quantile(POWER) * alternative;
    (needed / (treatment_rate - control_rate)).powi(2)
}

/// The same for any metric with a variance per subject in each arm and a difference of means that is not 0:
/// `(z_(1-alpha) + z_0.8)^2 (v_T / s + v_C / (1-s)) / difference^2`.
pub fn n80_of_means(
    treatment_variance: f64,
    control_variance: f64,
    difference: f64,
    treatment_share: f64,
    alpha: f64,
) -> f64 {
    let variance = treatment_variance / treatment_share + control_variance / (1.0 - treatment_share);
    let needed = normal::quantile(1.0 - alpha) + normal::quantile(POWER);
    needed.powi(2) * variance / difference.powi(2)
}

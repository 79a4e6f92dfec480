//! Asymptotic confidence sequences (Waudby-Smith and others, arXiv 2103.06476), as GrowthBook uses them.

/// `rho^2` of the mixture that makes the sequence narrowest at `n_star` observations.
fn rho_squared(alpha: f64, n_star: f64) -> f64 {
    let log = -2.0 * alpha.ln();
    (log + log.ln_1p()) / n_star
}

/// Half the width of the two-sided sequence of level `alpha` in (0, 1) after `n > 0` observations with standard error
/// `se` of their mean: `se sqrt(n) sqrt(2 (n rho^2 + 1) / (n^2 rho^2) ln(sqrt(n rho^2 + 1) / alpha))`.
pub fn half_width(n: f64, se: f64, alpha: f64, n_star: f64) -> f64 {
    let scaled = n * rho_squared(alpha, n_star);
    se * (2.0 * (scaled + 1.0) / scaled * (0.5 * scaled.ln_1p() - alpha.ln())).sqrt()
}

/// Distance of the one-sided bound of level `alpha` in (0, 1/2): the same with `ln(1 + sqrt(n rho^2 + 1) / (2 alpha))` and
/// `rho` taken at `2 alpha`.
pub fn one_sided_distance(n: f64, se: f64, alpha: f64, n_star: f64) -> f64 {
    let scaled = n * rho_squared(2.0 * alpha, n_star);
    let log = ((scaled + 1.0).sqrt() / (2.0 * alpha)).ln_1p();
    se * (2.0 * (scaled + 1.0) / scaled * log).sqrt()
}

/// The p-value that goes with [`half_width`], at most 1: the smallest level whose `rho` is that of `alpha` and that
/// leaves an estimate at `t` standard errors out.
pub fn p_value(n: f64, t: f64, alpha: f64, n_star: f64) -> f64 {
    let scaled = n * rho_squared(alpha, n_star);
    let log_e = scaled * t * t / (2.0 * (scaled + 1.0)) - 0.5 * scaled.ln_1p();
    (-log_e).exp().min(1.0)
}

//! Normal mixtures over the drift of a sum with intrinsic time `v` (its variance): Howard and others, arXiv 1810.08240,
//! and the mixture sequential probability ratio test of Johari and others, arXiv 1512.04922.

use crate::{normal, root};

/// Which deviations a mixture looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// Positive ones.
    One,
    /// Both.
    Two,
}

/// Mixing precision `rho` that makes the boundary of level `alpha` lowest at intrinsic time `v_opt`:
/// `v_opt / (2 ln(1/alpha) + ln(1 + 2 ln(1/alpha)))`, where a one-sided mixture has twice its alpha.
pub fn best_rho(v_opt: f64, alpha: f64, sides: Sides) -> f64 {
    let alpha = match sides {
        Sides::One => 2.0 * alpha,
        Sides::Two => alpha,
    };
    let log = -2.0 * alpha.ln();
    v_opt / (log + log.ln_1p())
}

/// Logarithm of the mixture for a sum `s` at intrinsic time `v >= 0`: an e-value against "no drift" (one-sided: "no
/// positive drift").
pub fn log_mixture(s: f64, v: f64, rho: f64, sides: Sides) -> f64 {
    let squared = s * s / (2.0 * (v + rho));
    match sides {
        Sides::One => 0.5 * (4.0 * rho / (v + rho)).ln() + squared + normal::ln_cdf(s / (v + rho).sqrt()),
        Sides::Two => 0.5 * (rho / (v + rho)).ln() + squared,
    }
}

/// The sum at which [`log_mixture`] reaches `ln(1/alpha)`, for `alpha` in (0, 1).
pub fn bound(v: f64, alpha: f64, rho: f64, sides: Sides) -> f64 {
    match sides {
        Sides::One => root::rises_to(-alpha.ln(), v + rho, |s| log_mixture(s, v, rho, sides)),
        Sides::Two => ((v + rho) * ((v / rho).ln_1p() - 2.0 * alpha.ln())).sqrt(),
    }
}

/// Log likelihood ratio of the mixture sequential probability ratio test for an estimate with standard error `se`, and
/// effects that are normal with variance `tau_squared`.
pub fn msprt(estimate: f64, se: f64, tau_squared: f64) -> f64 {
    let variance = se * se;
    0.5 * (variance / (variance + tau_squared)).ln()
        + tau_squared * estimate * estimate / (2.0 * variance * (variance + tau_squared))
}

//! Mixtures for sums whose tails are heavier than a normal distribution's: those of bounded values (sub-exponential)
//! and of counts (sub-Poisson). Howard and others, arXiv 1810.08240, propositions 9 and 10; one-sided.

use statrs::function::gamma::{gamma_lr, gamma_ur, ln_gamma};

use super::normal_mixture::{Sides, best_rho};
use crate::root;

/// A mixture with scale `c`, tuned by `rho`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaMixture {
    c: f64,
    rho: f64,
}

impl GammaMixture {
    /// The mixture for scale `c > 0` whose boundary of level `alpha_opt` is nearly lowest at intrinsic time `v_opt > 0`.
    pub fn tuned(v_opt: f64, alpha_opt: f64, c: f64) -> Self {
        Self { c, rho: best_rho(v_opt, alpha_opt, Sides::One) }
    }

    /// Log e-value of a sub-exponential sum `s >= 0` at intrinsic time `v >= 0`.
    pub fn exponential(&self, s: f64, v: f64) -> f64 {
        let Self { c, rho } = *self;
        let (prior, shape) = (rho / (c * c), (v + rho) / (c * c));
        let moved = (c * s + v) / (c * c);
        prior * prior.ln() - ln_gamma(prior) - gamma_lr(prior, prior).ln()
            + ln_gamma(shape)
            + gamma_lr(shape, moved + prior).ln()
            - shape * (moved + prior).ln()
            + moved
    }

    /// Log e-value of a sub-Poisson sum `s >= 0` at intrinsic time `v >= 0`.
    pub fn poisson(&self, s: f64, v: f64) -> f64 {
        let Self { c, rho } = *self;
        let (prior, rate) = (rho / (c * c), (v + rho) / (c * c));
        let shape = s / c + rate;
        prior * prior.ln() - ln_gamma(prior) - gamma_ur(prior, prior).ln()
            + ln_gamma(shape)
            + gamma_ur(shape, rate).ln()
            - shape * rate.ln()
            + v / (c * c)
    }

    /// The sum at which [`GammaMixture::exponential`] reaches `ln(1/alpha)`.
    pub fn exponential_bound(&self, v: f64, alpha: f64) -> f64 {
        root::rises_to(-alpha.ln(), v + self.rho, |s| self.exponential(s, v))
    }

    /// The sum at which [`GammaMixture::poisson`] reaches `ln(1/alpha)`.
    pub fn poisson_bound(&self, v: f64, alpha: f64) -> f64 {
        root::rises_to(-alpha.ln(), v + self.rho, |s| self.poisson(s, v))
    }
}

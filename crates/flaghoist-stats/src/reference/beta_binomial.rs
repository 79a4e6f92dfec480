//! Beta-binomial mixtures for sums of two-valued steps, and what they say about proportions and quantiles: Howard and
//! others, arXiv 1810.08240, and Howard and Ramdas, arXiv 1906.09712.

use statrs::function::beta::ln_beta;

use super::normal_mixture::{Sides, best_rho};
use crate::counting::{real, real_len};
use crate::root;

/// A two-sided mixture for steps between `-g` and `h`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaBinomial {
    g: f64,
    h: f64,
    r: f64,
}

impl BetaBinomial {
    /// The mixture for steps of `-g` or `h`, both positive, whose boundary of level `alpha_opt` is nearly lowest at
    /// intrinsic time `v_opt > 0`.
    pub fn tuned(v_opt: f64, alpha_opt: f64, g: f64, h: f64) -> Self {
        let r = (best_rho(v_opt, alpha_opt, Sides::Two) - g * h).max(1e-3 * g * h);
        Self { g, h, r }
    }

    /// Log e-value of a sum `s` at intrinsic time `v`, with `-v/h <= s <= v/g`.
    pub fn log_mixture(&self, s: f64, v: f64) -> f64 {
        let Self { g, h, r } = *self;
        let width = g + h;
        v / (g * h) * width.ln() - (v + h * s) / (h * width) * g.ln() - (v - g * s) / (g * width) * h.ln()
            + ln_beta((r + v - g * s) / (g * width), (r + v + h * s) / (h * width))
            - ln_beta(r / (g * width), r / (h * width))
    }
}

/// Confidence sequence of level `alpha` in (0, 1) for a proportion, after `successes` out of `trials > 0`, narrowest
/// after about `t_opt` trials at level `alpha_opt`.
pub fn proportion(successes: u64, trials: u64, alpha: f64, t_opt: f64, alpha_opt: f64) -> (f64, f64) {
    let trials = real(trials);
    let observed = real(successes) / trials;
    let refuted = |p: f64| {
        let variance = p * (1.0 - p);
        let mixture = BetaBinomial::tuned(variance * t_opt, alpha_opt, p, 1.0 - p);
        mixture.log_mixture((observed - p) * trials, variance * trials) >= -alpha.ln()
    };
    let lower = if observed > 0.0 { root::bisect(observed, 0.0, |p| p <= 0.0 || refuted(p)) } else { 0.0 };
    let upper = if observed < 1.0 { root::bisect(observed, 1.0, |p| p >= 1.0 || refuted(p)) } else { 1.0 };
    (lower, upper)
}

/// Always-valid p-value of "both samples have the same quantile `q`", for `q` in (0, 1), tuned for about `t_opt` values
/// in each. 1 if a sample is empty.
///
/// Independent values only: requests of one user are not, which is why [`crate::ratios`] decides about quantiles.
pub fn equal_quantiles(a: &[f64], b: &[f64], q: f64, t_opt: f64, alpha_opt: f64) -> f64 {
    let mixture = BetaBinomial::tuned(t_opt * q * (1.0 - q), alpha_opt, q, 1.0 - q);
    let samples = [Sample::new(a, q, &mixture), Sample::new(b, q, &mixture)];
    // The evidence against each value as the common quantile, at its weakest. It changes only at an observed value.
    let candidates = samples.iter().flat_map(|sample| sample.ascending.iter().copied());
    let weakest =
        candidates.map(|x| samples.iter().map(|sample| sample.log_e(x)).sum()).fold(f64::INFINITY, f64::min);
    if weakest.is_finite() { (-weakest).exp().min(1.0) } else { 1.0 }
}

/// One sample, asked whether some value is its quantile.
struct Sample<'a> {
    ascending: Vec<f64>,
    q: f64,
    mixture: &'a BetaBinomial,
    /// The share of values below that speaks least against anything.
    least: f64,
}

impl<'a> Sample<'a> {
    fn new(values: &[f64], q: f64, mixture: &'a BetaBinomial) -> Self {
        let mut ascending = values.to_vec();
        ascending.sort_unstable_by(f64::total_cmp);
        let mut sample = Self { ascending, q, mixture, least: q };
        sample.least = root::minimum(0.0, 1.0, |share| sample.log_e_of_share(share));
        sample
    }

    /// Evidence against `x` as the quantile. Every share between that of the values below and that of the values not
    /// above may be the true one, and the one that says least counts.
    fn log_e(&self, x: f64) -> f64 {
        let n = real_len(self.ascending.len());
        let below = real_len(self.ascending.partition_point(|value| *value < x)) / n;
        let not_above = real_len(self.ascending.partition_point(|value| *value <= x)) / n;
        self.log_e_of_share(self.least.clamp(below, not_above))
    }

    fn log_e_of_share(&self, share: f64) -> f64 {
        let n = real_len(self.ascending.len());
        self.mixture.log_mixture((share - self.q) * n, self.q * (1.0 - self.q) * n)
    }
}

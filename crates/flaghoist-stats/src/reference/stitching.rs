//! Boundaries that are stitched together from fixed-time bounds over epochs, and so follow the law of the iterated
//! logarithm: Howard and others, arXiv 1810.08240, and Howard and Ramdas, arXiv 1906.09712.

use crate::root;

/// How crossing probability is spread over epochs that grow geometrically.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epochs {
    /// Exponent of the decay from epoch to epoch, above 1.
    pub s: f64,
    /// Each epoch is this many times as long as the one before, above 1.
    pub eta: f64,
}

impl Default for Epochs {
    /// What the paper recommends: `s = 1.4`, `eta = 2`.
    fn default() -> Self {
        Self { s: 1.4, eta: 2.0 }
    }
}

impl Epochs {
    fn k1(&self) -> f64 {
        (self.eta.powf(0.25) + self.eta.powf(-0.25)) / 2_f64.sqrt()
    }

    fn k2(&self) -> f64 {
        f64::midpoint(self.eta.sqrt(), 1.0)
    }

    /// `s ln ln(eta ratio)` for a time that is `ratio` times the first one.
    fn iterated_log(&self, ratio: f64) -> f64 {
        self.s * (self.eta * ratio).ln().ln()
    }
}

/// The polynomial stitched boundary for a sum with scale `c >= 0` at intrinsic time `v`, valid from `v_min > 0` on:
/// `sqrt(k1^2 v l + (k2 c l)^2) + k2 c l`, with `l = s ln ln(eta v / v_min) + ln(zeta(s) / (alpha ln(eta)^s))`.
pub fn polynomial_bound(v: f64, alpha: f64, v_min: f64, c: f64, epochs: Epochs) -> f64 {
    let v = v.max(v_min);
    let l = epochs.iterated_log(v / v_min) + (zeta(epochs.s) / (alpha * epochs.eta.ln().powf(epochs.s))).ln();
    let linear = epochs.k2() * c * l;
    (epochs.k1().powi(2) * v * l + linear * linear).sqrt() + linear
}

/// How far the number of values below the true quantile `p` in (0, 1) can be from its expectation, at every `p` and
/// every number of values `t` at once. `t_opt` is where the bound begins, and `delta > 0` how fine the grid of quantiles
/// is, in log odds (1/2 is recommended).
pub fn quantile_bound(p: f64, t: f64, alpha: f64, t_opt: f64, delta: f64, epochs: Epochs) -> f64 {
    let t = t.max(t_opt);
    let log_odds = (p / (1.0 - p)).ln();
    let r = if p >= 0.5 {
        p
    } else {
        let shifted = log_odds + 2.0 * delta * (t_opt * epochs.eta / t).sqrt();
        (1.0 / (1.0 + (-shifted).exp())).min(0.5)
    };
    let variance = r * (1.0 - r);
    let place = (t / t_opt).sqrt() * log_odds.abs() / (2.0 * delta) + 1.0;
    let zeta = zeta(epochs.s);
    let spent = alpha * epochs.eta.ln().powf(epochs.s);
    let l = epochs.iterated_log(t / t_opt)
        + epochs.s * place.ln()
        + (2.0 * zeta * (2.0 * zeta + 1.0) / spent).ln();
    let linear = epochs.k2() * (1.0 - 2.0 * p) / 3.0 * l;
    delta * (epochs.eta * t * variance / t_opt).sqrt()
        + (epochs.k1().powi(2) * variance * t * l + linear * linear).sqrt()
        + linear
}

/// Half-width of a band around the empirical distribution function after `t` values, at all times from `t_min >= 1` on
/// (a time-uniform version of the inequality of Dvoretzky, Kiefer and Wolfowitz): `a sqrt((ln ln(e t / t_min) + C) / t)`.
/// `a > 1/sqrt(2)` trades early against late widths; 0.85 is common. Infinite before `t_min`.
///
/// `C` is the smallest constant for which the bound of corollary 2 of arXiv 1906.09712 on the crossing probability is
/// `alpha`.
pub fn distribution_band(t: f64, alpha: f64, t_min: f64, a: f64) -> f64 {
    if t < t_min {
        return f64::INFINITY;
    }
    let c = root::bisect(0.0, smallest_power_of_two(|c| crossing_probability(c, a) <= alpha), |c| {
        crossing_probability(c, a) <= alpha
    });
    a * (((t / t_min).ln().ln_1p() + c) / t).sqrt()
}

fn smallest_power_of_two(holds: impl Fn(f64) -> bool) -> f64 {
    let mut candidate = 1.0;
    while !holds(candidate) {
        candidate *= 2.0;
    }
    candidate
}

/// The smallest bound on the crossing probability over the lengths `eta` of epochs.
fn crossing_probability(c: f64, a: f64) -> f64 {
    let bound = |eta: f64| {
        let gamma_squared = 2.0 / eta * (a - (2.0 * (eta - 1.0) / c).sqrt()).powi(2);
        if gamma_squared <= 1.0 {
            f64::INFINITY
        } else {
            4.0 * (-gamma_squared * c).exp() * (1.0 + 1.0 / ((gamma_squared - 1.0) * eta.ln()))
        }
    };
    // Beyond this length gamma squared is at most 1.
    let longest =
        root::bisect(1.0, 2.0 * a * a, |eta| (eta / 2.0).sqrt() + (2.0 * (eta - 1.0) / c).sqrt() >= a);
    bound(root::minimum(1.0, longest, bound))
}

/// Riemann's zeta function for `s > 1`: the first terms, and the rest by Euler and Maclaurin.
fn zeta(s: f64) -> f64 {
    let last = 20.0_f64;
    let terms: f64 = (1..20_u32).map(|n| f64::from(n).powf(-s)).sum();
    let power = last.powf(-s);
    let rest = last * power / (s - 1.0) + power / 2.0 + s * power / last / 12.0
        - s * (s + 1.0) * (s + 2.0) * power / last.powi(3) / 720.0;
    terms + rest
}

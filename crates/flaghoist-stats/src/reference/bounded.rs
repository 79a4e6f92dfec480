//! Confidence sequences for the mean of values in [0, 1]: betting and empirical Bernstein (Waudby-Smith and Ramdas,
//! arXiv 2010.09686; the conjugate mixture of Howard and others, arXiv 1810.08240).

use super::gamma_mixture::GammaMixture;

/// How many candidates for the mean [`betting`] tries.
const CANDIDATES: u32 = 1000;

/// Bets on one value after the other that are good for a mean that is not known yet, at level `alpha`: they shrink like
/// `sqrt(2 ln(1/alpha) / (t ln(1+t) variance))`, with the variance as known before the value.
struct Bets {
    log: f64,
    t: f64,
    sum: f64,
    deviations: f64,
}

impl Bets {
    fn new(alpha: f64) -> Self {
        Self { log: -2.0 * alpha.ln(), t: 0.0, sum: 0.5, deviations: 0.25 }
    }

    /// The bet on the next value, which is `x`.
    fn next(&mut self, x: f64) -> f64 {
        let variance = self.deviations / (self.t + 1.0);
        self.t += 1.0;
        let bet = (self.log / (self.t * self.t.ln_1p() * variance)).sqrt();
        self.sum += x;
        let mean = (self.sum / (self.t + 1.0)).min(1.0);
        self.deviations += (x - mean).powi(2);
        bet
    }
}

/// After each value, the interval of level `alpha` of the hedged capital process: a gambler with half of the money on a
/// mean above the candidate and half below must not have become rich. Candidates are a grid, so ends are exact to 0.001.
pub fn betting(values: &[f64], alpha: f64) -> Vec<(f64, f64)> {
    let mut bets = Bets::new(alpha / 2.0);
    let bets: Vec<f64> = values.iter().map(|value| bets.next(*value)).collect();
    let mut intervals = vec![None; values.len()];
    for candidate in 0..=CANDIDATES {
        let mean = f64::from(candidate) / f64::from(CANDIDATES);
        let (mut above, mut below) = (0.5, 0.5);
        for ((value, bet), interval) in values.iter().zip(&bets).zip(&mut intervals) {
            above *= 1.0 + bet.min(0.5 / mean) * (value - mean);
            below *= 1.0 - bet.min(0.5 / (1.0 - mean)) * (value - mean);
            if above.max(below) * alpha <= 1.0 {
                let (lowest, _) = interval.unwrap_or((mean, mean));
                *interval = Some((lowest, mean));
            }
        }
    }
    let step = 1.0 / f64::from(CANDIDATES);
    let widened = |(lower, upper): (f64, f64)| ((lower - step).max(0.0), (upper + step).min(1.0));
    intervals.into_iter().map(|interval| interval.map_or((0.0, 1.0), widened)).collect()
}

/// After each value, the empirical Bernstein interval of level `alpha` with predictable bets.
pub fn empirical_bernstein(values: &[f64], alpha: f64) -> Vec<(f64, f64)> {
    let mirrored: Vec<f64> = values.iter().map(|value| 1.0 - value).collect();
    let (lower, upper) =
        (empirical_bernstein_lower(values, alpha / 2.0), empirical_bernstein_lower(&mirrored, alpha / 2.0));
    lower.into_iter().zip(upper).map(|(lower, mirrored)| (lower, 1.0 - mirrored)).collect()
}

/// The lower bound of level `alpha` after each value, for values that need not have an upper bound.
fn empirical_bernstein_lower(values: &[f64], alpha: f64) -> Vec<f64> {
    let mut bets = Bets::new(alpha);
    let (mut n, mut sum, mut mean) = (0.0, 0.0, 0.0);
    let (mut staked, mut won, mut paid) = (0.0, 0.0, -alpha.ln());
    values
        .iter()
        .map(|value| {
            let bet = bets.next(*value).min(0.5);
            staked += bet;
            won += bet * value;
            paid += (value - mean) * (value - mean) * (-(-bet).ln_1p() - bet);
            n += 1.0;
            sum += value;
            mean = sum / n;
            ((won - paid) / staked).max(0.0)
        })
        .collect()
}

/// What all intervals so far have in common: a confidence sequence may be narrowed to it, because none of them is wrong.
pub fn running_intersection(intervals: &[(f64, f64)]) -> Vec<(f64, f64)> {
    intervals
        .iter()
        .scan((f64::NEG_INFINITY, f64::INFINITY), |common, (lower, upper)| {
            *common = (common.0.max(*lower), common.1.min(*upper));
            Some(*common)
        })
        .collect()
}

/// After each value, the lower end of the two-sided interval of level `alpha` (so at `alpha/2` on this side) of the
/// conjugate-mixture empirical Bernstein sequence, narrowest when the squared deviations add up to `v_opt`.
pub fn conjugate_mixture_lower(values: &[f64], v_opt: f64, alpha: f64) -> Vec<f64> {
    let mixture = GammaMixture::tuned(v_opt, alpha / 2.0, 1.0);
    let (mut n, mut sum, mut mean, mut v) = (0.0, 0.0, 0.5, 0.0);
    values
        .iter()
        .map(|value| {
            v += (value - mean) * (value - mean);
            n += 1.0;
            sum += value;
            mean = sum / n;
            (mean - mixture.exponential_bound(v, alpha / 2.0) / n).max(0.0)
        })
        .collect()
}

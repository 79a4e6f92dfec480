//! Is the traffic split as it was designed to be (sample ratio mismatch)?
//!
//! The test of [`crate::events`] on first exposures, in both directions. It is about the experiment's machinery and
//! not about the product: logs that one arm loses make every other result worthless.

use statrs::function::gamma::ln_gamma;

use crate::counting::real;
use crate::events::{self, Stratum};
use crate::mixture::{SAMPLE_RATIO_GRID, log_mean_exp};

/// Share of healthy rollouts that may ever be told to have a mismatch. The alarm is at `ln(1/ALPHA)`.
pub const ALPHA: f64 = 0.001;

/// Log e-value against "first exposures are split as designed"; 0 without data. A stratum holds the subjects that were
/// first exposed in one step.
pub fn log_e(strata: &[Stratum]) -> f64 {
    log_mean_exp(&events::log_likelihood_ratios(strata, 0.0, SAMPLE_RATIO_GRID))
}

/// Log Bayes factor of a Dirichlet prior around the designed shares against the shares themselves (arXiv 2011.03567):
/// the published test for any number of arms with a constant split. It is an e-value as well.
///
/// `counts` are totals up to now, `shares` the design (as many, positive, of sum 1), and `concentration` says how close
/// to the design the alternatives are: 100 is common.
pub fn dirichlet_multinomial(counts: &[u64], shares: &[f64], concentration: f64) -> f64 {
    let arms = || counts.iter().map(|count| real(*count)).zip(shares.iter().copied());
    let (all, total) = arms().fold((0.0, 0.0), |(all, total), (count, share)| (all + count, total + share));
    let posterior: f64 = arms()
        .map(|(count, share)| {
            let prior = concentration * share;
            ln_gamma(prior + count) - ln_gamma(prior) - count * share.ln()
        })
        .sum();
    posterior + ln_gamma(concentration * total) - ln_gamma(concentration * total + all)
}

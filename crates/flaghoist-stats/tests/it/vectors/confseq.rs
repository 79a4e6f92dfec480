//! Vectors of confseq: boundaries, mixtures and confidence sequences.

use flaghoist_stats::reference::beta_binomial::{self, BetaBinomial};
use flaghoist_stats::reference::bounded;
use flaghoist_stats::reference::gamma_mixture::GammaMixture;
use flaghoist_stats::reference::normal_mixture::{self, Sides};
use flaghoist_stats::reference::stitching::{self, Epochs};

use super::{Check, Vector};

pub(super) const CHECKS: &[Check] = &[
    ("confseq", "bernoulli_ci", bernoulli_ci),
    ("confseq", "beta_binomial", beta_binomial),
    ("confseq", "betting_cs", betting_cs),
    ("confseq", "conjmix_eb_lower", conjmix_eb_lower),
    ("confseq", "double_stitching", double_stitching),
    ("confseq", "ecdf_lil", ecdf_lil),
    ("confseq", "gamma_exponential", gamma_exponential),
    ("confseq", "gamma_poisson", gamma_poisson),
    ("confseq", "normal_log_mixture", normal_log_mixture),
    ("confseq", "normal_mixture_bound", normal_mixture_bound),
    ("confseq", "poly_stitching", poly_stitching),
    ("confseq", "predmix_eb", predmix_eb),
    ("confseq", "quantile_ab", quantile_ab),
];

/// What confseq tunes for where a vector does not say.
const ALPHA_OPT: f64 = 0.05;

fn bernoulli_ci(vector: &Vector) {
    let (successes, trials) = (vector.count("successes"), vector.count("trials"));
    let (alpha, t_opt) = (vector.number("alpha"), vector.number("t_opt"));
    let (lower, upper) = beta_binomial::proportion(successes, trials, alpha, t_opt, ALPHA_OPT);
    vector.expect("lower", lower);
    vector.expect("upper", upper);
}

fn beta_binomial(vector: &Vector) {
    assert!(!vector.flag("one_sided"));
    let (g, h) = (vector.number("g"), vector.number("h"));
    let mixture = BetaBinomial::tuned(vector.number("v_opt"), vector.number("alpha_opt"), g, h);
    vector.expect("log_mixture", mixture.log_mixture(vector.number("s"), vector.number("v")));
}

fn betting_cs(vector: &Vector) {
    let intervals = bounded::betting(&vector.numbers("x"), vector.number("alpha"));
    let intervals = bounded::running_intersection(&intervals);
    vector.expect("lower_at_20_40_60", [20, 40, 60].map(|n: usize| intervals[n - 1].0).to_vec());
    vector.expect("upper_at_20_40_60", [20, 40, 60].map(|n: usize| intervals[n - 1].1).to_vec());
}

fn conjmix_eb_lower(vector: &Vector) {
    let (v_opt, alpha) = (vector.number("v_opt"), vector.number("alpha"));
    let lower = bounded::conjugate_mixture_lower(&vector.numbers("x"), v_opt, alpha);
    vector.expect("lower_at_20_40_60", [20, 40, 60].map(|n: usize| lower[n - 1]).to_vec());
}

fn predmix_eb(vector: &Vector) {
    let intervals = bounded::empirical_bernstein(&vector.numbers("x"), vector.number("alpha"));
    let (lower, upper) = bounded::running_intersection(&intervals)[59];
    vector.expect("lower_at_60", lower);
    vector.expect("upper_at_60", upper);
}

fn double_stitching(vector: &Vector) {
    let (p, t) = (vector.number("quantile_p"), vector.number("t"));
    let (alpha, t_opt) = (vector.number("alpha"), vector.number("t_opt"));
    vector.expect("bound", stitching::quantile_bound(p, t, alpha, t_opt, 0.5, Epochs::default()));
}

fn ecdf_lil(vector: &Vector) {
    let (t, alpha) = (vector.number("t"), vector.number("alpha"));
    let band = stitching::distribution_band(t, alpha, vector.number("t_min"), vector.number("A"));
    vector.expect("half_width", band);
}

fn poly_stitching(vector: &Vector) {
    let epochs = Epochs { s: vector.number("s"), eta: vector.number("eta") };
    let (v, alpha) = (vector.number("v"), vector.number("alpha"));
    let bound = stitching::polynomial_bound(v, alpha, vector.number("v_min"), vector.number("c"), epochs);
    vector.expect("bound", bound);
}

fn gamma_exponential(vector: &Vector) {
    let mixture = GammaMixture::tuned(vector.number("v_opt"), ALPHA_OPT, vector.number("c"));
    vector.expect("bound", mixture.exponential_bound(vector.number("v"), vector.number("alpha")));
}

fn gamma_poisson(vector: &Vector) {
    let mixture = GammaMixture::tuned(vector.number("v_opt"), ALPHA_OPT, vector.number("c"));
    vector.expect("bound", mixture.poisson_bound(vector.number("v"), vector.number("alpha")));
}

fn sides_and_rho(vector: &Vector) -> (Sides, f64) {
    let sides = if vector.flag("one_sided") { Sides::One } else { Sides::Two };
    (sides, normal_mixture::best_rho(vector.number("v_opt"), vector.number("alpha_opt"), sides))
}

fn normal_log_mixture(vector: &Vector) {
    let (sides, rho) = sides_and_rho(vector);
    let log = normal_mixture::log_mixture(vector.number("s"), vector.number("v"), rho, sides);
    vector.expect("log_mixture", log);
}

fn normal_mixture_bound(vector: &Vector) {
    let (sides, rho) = sides_and_rho(vector);
    let bound = normal_mixture::bound(vector.number("v"), vector.number("alpha"), rho, sides);
    vector.expect("bound", bound);
}

fn quantile_ab(vector: &Vector) {
    let (a, b) = (vector.numbers("a"), vector.numbers("b"));
    let (q, t_opt) = (vector.number("quantile"), vector.number("t_opt"));
    let p = beta_binomial::equal_quantiles(&a, &b, q, t_opt, vector.number("alpha_opt"));
    vector.expect("p_value", p);
}

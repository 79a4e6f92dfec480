//! Vectors of products, of statistics packages, and of closed forms.

use flaghoist_stats::reference::ddsketch::{Mapping, Sketch};
use flaghoist_stats::reference::difference::{Arm, Difference};
use flaghoist_stats::reference::paired::{MeanAndVariance, PairedSums};
use flaghoist_stats::reference::{
    asymptotic, classical, group_sequential, normal_mixture, products, regression,
};
use flaghoist_stats::values::Moments;
use serde_json::{Value, json};

use super::{Check, Vector, count, number, numbers};

pub(super) const CHECKS: &[Check] = &[
    ("ddsketch", "mapping", mapping),
    ("ddsketch", "quantiles", quantiles),
    ("gbstats", "cuped_theta", cuped_theta),
    ("gbstats", "ratio_variance", ratio_variance),
    ("gbstats", "sequential", sequential),
    ("gbstats", "srm_chi2", srm_chi2),
    ("own", "asymp_cs", asymp_cs),
    ("own", "cuped", cuped),
    ("own", "eppo_multiplier", eppo_multiplier),
    ("own", "msprt", msprt),
    ("own", "ratio_delta", ratio_delta),
    ("own", "statsig_z", statsig_z),
    ("savvi", "anytime_t", anytime_t),
    ("savvi", "linreg", linreg),
    ("spotify", "group_sequential", group_sequential),
    ("statsmodels", "chi2", chi2),
    ("statsmodels", "multitest", multitest),
    ("statsmodels", "prop_z", prop_z),
];

fn mapping(vector: &Vector) {
    let mapping = Mapping::new(vector.number("relative_accuracy"));
    let keys: Vec<i32> = vector.numbers("values").iter().map(|value| mapping.key(*value)).collect();
    let representative: Vec<f64> = keys.iter().map(|key| mapping.value(*key)).collect();
    vector.expect("gamma", mapping.gamma());
    vector.expect("keys", keys);
    vector.expect("representative", representative);
}

fn quantiles(vector: &Vector) {
    let n = u32::try_from(vector.count("n")).unwrap();
    let value = |index: u32| match vector.text("generator") {
        "linear" => f64::from(index + 1),
        "geometric" => 1.05_f64.powf(f64::from(index)),
        other => panic!("unknown generator {other}"),
    };
    let sketch_of = |indices: &mut dyn Iterator<Item = u32>| {
        let mut sketch = Sketch::new(Mapping::new(vector.number("relative_accuracy")));
        indices.for_each(|index| sketch.add(value(index)));
        sketch
    };
    let of = |sketch: &Sketch| -> Vec<f64> {
        vector.numbers("q").iter().map(|q| sketch.quantile(*q).unwrap()).collect()
    };
    let whole = sketch_of(&mut (0..n));
    vector.expect("quantiles", of(&whole));
    vector.expect("count", whole.count());
    vector.expect("sum", whole.sum());
    let mut merged = sketch_of(&mut (0..n / 2));
    merged.merge(&sketch_of(&mut (n / 2..n))).unwrap();
    vector.expect("merged", of(&merged));
}

/// Rows of subjects, values and companions as n, y, y², x, x², xy.
fn sums(value: &Value) -> PairedSums {
    let of = numbers(value);
    PairedSums { n: count(&value[0]), y: of[1], yy: of[2], x: of[3], xx: of[4], xy: of[5] }
}

fn as_json(of: MeanAndVariance) -> Value {
    json!({ "mean": of.mean, "variance": of.variance })
}

fn cuped_theta(vector: &Vector) {
    let (control, treatment) = (sums(vector.input("control")), sums(vector.input("treatment")));
    let theta = control.pooled(treatment).theta();
    vector.expect("theta", theta);
    vector.expect("control", as_json(control.adjusted(theta)));
    vector.expect("treatment", as_json(treatment.adjusted(theta)));
}

fn ratio_variance(vector: &Vector) {
    let ratio = sums(vector.input("control")).ratio();
    vector.expect("mean", ratio.mean);
    vector.expect("variance", ratio.variance);
}

fn sequential(vector: &Vector) {
    let (control, treatment) = (vector.input("control"), vector.input("treatment"));
    let [control, treatment] = match vector.text("kind") {
        "mean" => [control, treatment].map(|arm| {
            let n = count(&arm["n"]);
            let moments =
                Moments { n, sum: number(&arm["sum"]), sum_of_squares: number(&arm["sum_squares"]) };
            let values =
                MeanAndVariance { mean: moments.mean().unwrap(), variance: moments.variance().unwrap() };
            Arm::new(n, values)
        }),
        "proportion" => {
            [control, treatment].map(|arm| Arm::of_proportion(count(&arm["n"]), count(&arm["sum"])))
        }
        "regression-adjusted" => {
            let (control, treatment) = (sums(control), sums(treatment));
            let theta = control.pooled(treatment).theta();
            [control, treatment].map(|sums| {
                let MeanAndVariance { mean, variance } = sums.adjusted(theta);
                Arm { n: sums.n, mean, unadjusted_mean: sums.values().mean, variance }
            })
        }
        other => panic!("unknown kind {other}"),
    };
    let difference = match vector.text("difference") {
        "absolute" => Difference::absolute(&control, &treatment),
        "relative" => Difference::relative(&control, &treatment),
        other => panic!("unknown difference {other}"),
    };
    let alpha = vector.number("alpha");
    let (fixed, sequential) =
        (difference.fixed(alpha), difference.sequential(alpha, vector.number("n_star")));
    vector.expect("expected", difference.estimate);
    vector.expect("stddev", difference.standard_error);
    vector.expect("seq_ci", vec![sequential.lower, sequential.upper]);
    vector.expect("seq_p", sequential.p_value);
    vector.expect("fixed_ci", vec![fixed.lower, fixed.upper]);
    vector.expect("fixed_p", fixed.p_value);
}

fn asymp_cs(vector: &Vector) {
    let [n, se, alpha, n_star] = ["n", "se", "alpha", "n_star"].map(|name| vector.number(name));
    vector.expect("two_sided", asymptotic::half_width(n, se, alpha, n_star));
    vector.expect("one_sided", asymptotic::one_sided_distance(n, se, alpha, n_star));
}

fn subjects(values: &[f64], companions: &[f64]) -> PairedSums {
    let mut sums = PairedSums::default();
    values.iter().zip(companions).for_each(|(y, x)| sums.add(*y, *x));
    sums
}

fn cuped(vector: &Vector) {
    let companions = vector.numbers("x");
    let sums = subjects(&vector.numbers("y"), &companions);
    let theta = sums.theta();
    let (plain, adjusted) = (sums.values(), sums.adjusted(theta));
    let mean_companion = companions.iter().sum::<f64>() / f64::from(u32::try_from(companions.len()).unwrap());
    vector.expect("theta", theta);
    vector.expect("var_y", plain.variance);
    vector.expect("var_adjusted", adjusted.variance);
    vector.expect("mean_unchanged", adjusted.mean + theta * mean_companion);
    vector.expect("reduction", 1.0 - adjusted.variance / plain.variance);
}

fn ratio_delta(vector: &Vector) {
    let sums = subjects(&vector.numbers("num"), &vector.numbers("den"));
    let ratio = sums.ratio();
    vector.expect("ratio", ratio.mean);
    vector.expect("se", (ratio.variance / f64::from(u32::try_from(sums.n).unwrap())).sqrt());
}

fn eppo_multiplier(vector: &Vector) {
    let [t, alpha, n_tune] = ["t", "alpha", "n_tune"].map(|name| vector.number(name));
    vector.expect("B", products::eppo_multiplier(t, alpha, n_tune));
}

fn statsig_z(vector: &Vector) {
    let [share, n, alpha] = ["share", "n", "alpha"].map(|name| vector.number(name));
    let variance = 1.0 / (n * share) + 1.0 / (n * (1.0 - share));
    vector.expect("z_star", products::statsig_critical_value(variance, 1.0, 1.0, n, alpha));
}

fn msprt(vector: &Vector) {
    let log = normal_mixture::msprt(vector.number("theta_hat"), vector.number("se"), vector.number("tau2"));
    vector.expect("log_lambda", log);
    vector.expect("p_value", (-log).exp().min(1.0));
}

fn anytime_t(vector: &Vector) {
    let [t2, nu, phi, z2] = ["t2", "nu", "phi", "z2"].map(|name| vector.number(name));
    vector.expect("log_bf", regression::log_bayes_factor(t2, nu, phi, z2));
}

fn linreg(vector: &Vector) {
    let (alpha, phi) = (vector.number("alpha"), vector.number("phi"));
    let rows: Vec<Vec<f64>> = vector.input("rows").as_array().unwrap().iter().map(numbers).collect();
    let mut regression = regression::Regression::new(rows[0].len() - 1);
    for row in &rows {
        regression.observe(row[0], &row[1..]);
    }
    let coefficients = regression.coefficients(alpha, phi).unwrap();
    let of =
        |field: fn(&regression::Coefficient) -> f64| -> Vec<f64> { coefficients.iter().map(field).collect() };
    vector.expect("beta", of(|coefficient| coefficient.estimate));
    vector.expect("se", of(|coefficient| coefficient.standard_error));
    let intervals: Vec<Value> =
        coefficients.iter().map(|coefficient| json!([coefficient.lower, coefficient.upper])).collect();
    vector.expect("ci", intervals);
    vector.expect("p", of(|coefficient| coefficient.p_value));
}

fn group_sequential(vector: &Vector) {
    let alpha = vector.number("alpha") / vector.number("sides");
    let (phi, truncation) = (vector.number("phi"), vector.number("truncation"));
    let information = vector.numbers("information_fractions");
    vector.expect("z_upper", group_sequential::upper_bounds(&information, alpha, phi, truncation));
}

fn chi2(vector: &Vector) {
    let (statistic, p) = classical::chi_squared(&vector.numbers("obs"), &vector.numbers("exp"));
    vector.expect("stat", statistic);
    vector.expect("p", p);
}

fn srm_chi2(vector: &Vector) {
    let (subjects, shares) = (vector.numbers("users"), vector.numbers("weights"));
    let all: f64 = subjects.iter().sum();
    let expected: Vec<f64> = shares.iter().map(|share| share * all).collect();
    vector.expect("p", classical::chi_squared(&subjects, &expected).1);
}

fn multitest(vector: &Vector) {
    let p_values = vector.numbers("p");
    let adjusted = if vector.id().ends_with("bonferroni") {
        classical::bonferroni(&p_values)
    } else {
        assert!(vector.id().ends_with("holm"));
        classical::holm(&p_values)
    };
    vector.expect("adjusted", adjusted);
}

fn prop_z(vector: &Vector) {
    let (counts, trials) = (vector.input("count"), vector.input("nobs"));
    let of = |at: usize| (count(&counts[at]), count(&trials[at]));
    let (z, p) = classical::two_proportions(of(0), of(1));
    vector.expect("z", z);
    vector.expect("p", p);
}

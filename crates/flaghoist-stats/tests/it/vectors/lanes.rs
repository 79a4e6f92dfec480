//! Vectors of the tests that decide.

use flaghoist_stats::{
    Direction, GRID, Harm, SAMPLE_RATIO_GRID, events, family, power, ratios, sample_ratio,
};
use flaghoist_stats::{values, wallace};
use serde_json::Value;

use super::{Check, Vector, count, number, numbers};

pub(super) const CHECKS: &[Check] = &[
    ("own", "lane_a", lane_a),
    ("own", "lane_b", lane_b),
    ("own", "lane_c", lane_c),
    ("own", "srm_grid", srm_grid),
    ("own", "dirichlet_multinomial", dirichlet_multinomial),
    ("own", "closed_etest", closed_etest),
    ("own", "t_to_z", t_to_z),
    ("savvi", "multinomial", multinomial),
    ("statsmodels", "fixed_n", fixed_n),
];

fn harm(vector: &Vector) -> Harm {
    let increase_is_bad = vector.number("direction") > 0.0;
    let direction = if increase_is_bad { Direction::IncreaseIsBad } else { Direction::DecreaseIsBad };
    Harm { direction, log_margin: vector.number("log_margin") }
}

fn strata(value: &Value) -> Vec<events::Stratum> {
    let rows = value.as_array().unwrap().iter();
    rows.map(|row| events::Stratum { p: number(&row[0]), treatment: count(&row[1]), control: count(&row[2]) })
        .collect()
}

fn lane_a(vector: &Vector) {
    assert_eq!(vector.numbers("grid"), GRID);
    let (strata, harm) = (strata(vector.input("strata_p_nT_nC")), harm(vector));
    let log_e = events::log_e(&strata, harm);
    vector.expect("log_e", log_e);
    vector.expect_number(
        "harm_lower_bound_alpha_0_05",
        events::harm_lower_bound(&strata, harm.direction, 0.05),
    );
    vector.expect("trigger_alpha_0_05", log_e >= 20_f64.ln());
    vector.expect("trigger_alpha_0_01", log_e >= 100_f64.ln());
}

fn lane_b(vector: &Vector) {
    assert_eq!(vector.numbers("grid"), GRID);
    let frozen = values::Frozen {
        cap: vector.number("cap"),
        mean: vector.number("mean0"),
        variance: vector.number("var0"),
        burn_in: 50,
    };
    assert!((vector.number("n0") - 50.0).abs() < f64::EPSILON);
    let arms = vector.numbers("label");
    let subjects = vector.numbers("y").into_iter().zip(arms).zip(vector.numbers("p"));
    let mut test = values::ValueTest::new();
    let mut path = Vec::new();
    for ((value, arm), p) in subjects {
        test.observe(&frozen, harm(vector), p, arm > 0.5, value);
        path.push(test.log_e());
    }
    let every_50: Vec<f64> = path.chunks_exact(50).map(|looks| looks[49]).collect();
    vector.expect("log_e_every_50", every_50);
    vector.expect("log_e_final", test.log_e());
    let crossing = path.iter().position(|log_e| *log_e >= 20_f64.ln());
    vector.expect("first_crossing_alpha_0_05", crossing.map(|before| before + 1));
}

fn lane_c(vector: &Vector) {
    assert_eq!(vector.numbers("grid"), GRID);
    // Step by step, the treatment's buckets after the control's.
    let buckets = |arm: &Value| -> Vec<ratios::Sums> {
        let sums = arm.as_array().unwrap().iter().map(numbers);
        sums.map(|sums| ratios::Sums { num: sums[0], den: sums[1] }).collect()
    };
    let steps = vector.input("cells_step_arm_bucket_num_den").as_array().unwrap().iter();
    let steps: Vec<_> = steps.map(|arms| (buckets(&arms[0]), buckets(&arms[1]))).collect();
    let strata: Vec<_> =
        steps.iter().map(|(control, treatment)| ratios::Stratum { treatment, control }).collect();
    let evidence = ratios::evaluate(&strata, harm(vector)).unwrap();
    vector.expect("est", evidence.effect);
    vector.expect("se_jack", evidence.se_jackknife);
    vector.expect("se_null", evidence.se_null);
    vector.expect("se", evidence.se);
    vector.expect("df", evidence.df);
    vector.expect("log_e", evidence.log_e);
}

fn srm_grid(vector: &Vector) {
    assert_eq!(vector.numbers("grid"), SAMPLE_RATIO_GRID);
    let log_e = sample_ratio::log_e(&strata(vector.input("strata_p_n1_n0")));
    vector.expect("log_e", log_e);
    vector.expect("srm_alpha_0_001", log_e >= -sample_ratio::ALPHA.ln());
}

fn dirichlet_multinomial(vector: &Vector) {
    let counts: Vec<u64> = vector.input("counts").as_array().unwrap().iter().map(count).collect();
    let log = sample_ratio::dirichlet_multinomial(&counts, &vector.numbers("theta0"), vector.number("k"));
    vector.expect("log_bf", log);
    vector.expect("p_value", (-log).exp().min(1.0));
}

fn multinomial(vector: &Vector) {
    let shares = vector.numbers("theta0");
    let mut totals = vec![0; shares.len()];
    let mut logs = Vec::new();
    let mut p_values = Vec::new();
    for batch in vector.input("batches").as_array().unwrap() {
        for (total, more) in totals.iter_mut().zip(batch.as_array().unwrap()) {
            *total += count(more);
        }
        let log = sample_ratio::dirichlet_multinomial(&totals, &shares, vector.number("k"));
        logs.push(log);
        let smallest = p_values.last().copied().unwrap_or(1.0);
        p_values.push((-log).exp().min(smallest));
    }
    vector.expect("log_odds_after_batch", logs);
    vector.expect("running_p", p_values);
}

fn closed_etest(vector: &Vector) {
    let adjusted = family::adjusted(&vector.numbers("log_e"));
    let rejects: Vec<bool> = adjusted.iter().map(|value| family::rejects(*value, 0.05)).collect();
    vector.expect("adjusted_log_e", adjusted);
    vector.expect("reject_alpha_0_05", rejects);
}

fn t_to_z(vector: &Vector) {
    vector.expect("z", wallace::t_to_z(vector.number("t"), vector.number("df")));
}

fn fixed_n(vector: &Vector) {
    assert!((vector.number("power") - 0.8).abs() < f64::EPSILON);
    let share = 1.0 / (1.0 + vector.number("ratio"));
    let total = power::n80_of_means(1.0, 1.0, vector.number("effect_sd"), share, vector.number("alpha"));
    vector.expect("n_treatment", total * share);
    vector.expect("n_total", total);
}

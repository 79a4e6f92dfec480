//! Something is wrong, and the question is how soon that is seen: in multiples of what a classical test needs that knows
//! the effect in advance and looks once (80 % power).

use flaghoist_stats::events::{self, Stratum};
use flaghoist_stats::values::{self, ValueTest};
use flaghoist_stats::{Harm, family, power};

use super::false_alarms::METRICS;
use super::{LESS_IS_HARM, MORE_IS_HARM, Table, allowed, long, mean, quantile, runs};
use crate::dice::Dice;

/// A test that saw nothing until then is given up.
const PATIENCE: f64 = 20.0;

/// Detection times in multiples of n80, ascending. What was given up counts as that long.
struct Times(Vec<f64>);

impl Times {
    fn new(runs: u32, first_seed: u64, mut time: impl FnMut(&mut Dice) -> f64) -> Self {
        let mut times: Vec<f64> =
            (0..runs).map(|run| time(&mut Dice::new(first_seed + u64::from(run)))).collect();
        times.sort_unstable_by(f64::total_cmp);
        Self(times)
    }

    fn mean(&self) -> f64 {
        mean(&self.0)
    }

    fn median(&self) -> f64 {
        quantile(&self.0, 50)
    }

    fn p90(&self) -> f64 {
        quantile(&self.0, 90)
    }

    fn row(&self, table: &mut Table, name: &str, n80: f64, demanded: &str) {
        let Self(times) = self;
        let figures = format!("{:.2} / {:.2} / {:.2}", self.mean(), self.median(), self.p90());
        table.row([
            name.to_owned(),
            times.len().to_string(),
            format!("{n80:.0}"),
            figures,
            demanded.to_owned(),
        ]);
    }
}

const COLUMNS: [&str; 4] = ["runs", "n80", "mean / median / p90", "demanded"];

fn table(name: &str) -> Table {
    let mut columns = vec![name];
    columns.extend(COLUMNS);
    Table::new(&columns)
}

/// Subjects until the events of an arm with `treated` and one with `control` as their rates are an alarm of level
/// `alpha`, in multiples of `n80`.
fn events_time(dice: &mut Dice, rates: (f64, f64), share: f64, harm: Harm, alpha: f64, n80: f64) -> f64 {
    let (treated, control) = rates;
    let rate = share * treated + (1.0 - share) * control;
    let mut stratum = Stratum { p: share, treatment: 0, control: 0 };
    let mut subjects = 0.0;
    while subjects < PATIENCE * n80 {
        subjects += dice.tries(rate);
        if dice.chance(share * treated / rate) {
            stratum.treatment += 1;
        } else {
            stratum.control += 1;
        }
        if events::log_e(&[stratum], harm) >= -alpha.ln() {
            break;
        }
    }
    subjects / n80
}

#[test]
fn harmful_events_are_seen_nearly_as_soon_as_by_a_test_that_knows_them() {
    let runs = runs(150, 4000);
    let mut table = table("events (lane A), alpha 0.05");
    for share in [0.5, 0.05] {
        let (median, mean) = if share > 0.1 { (1.3, 1.5) } else { (1.4, 1.7) };
        for base in [0.001, 0.01, 0.05] {
            for factor in [1.2, 1.5, 2.0] {
                let n80 = power::n80_of_rates(base * factor, base, share, 0.05);
                let rates = (base * factor, base);
                let times =
                    Times::new(runs, 10_000, |dice| events_time(dice, rates, share, MORE_IS_HARM, 0.05, n80));
                let name = format!("{} % base, x{factor}, {} % share", base * 100.0, share * 100.0);
                let demanded = format!("mean <= {mean}, median <= {median}, p90 <= 3.2");
                times.row(&mut table, &name, n80, &demanded);
                assert!(times.median() <= allowed(median), "{name}: median {}", times.median());
                assert!(times.mean() <= allowed(mean), "{name}: mean {}", times.mean());
                assert!(times.p90() <= allowed(3.2), "{name}: p90 {}", times.p90());
            }
        }
    }
    // For comparison with the published figures, without a demand.
    for (base, factor, share, harm) in
        [(0.01, 5.0, 0.05, MORE_IS_HARM), (0.05, 0.8, 0.5, LESS_IS_HARM), (0.2, 1.2, 0.5, MORE_IS_HARM)]
    {
        let n80 = power::n80_of_rates(base * factor, base, share, 0.05);
        let rates = (base * factor, base);
        let times = Times::new(runs, 11_000, |dice| events_time(dice, rates, share, harm, 0.05, n80));
        let name = format!("{} % base, x{factor}, {} % share", base * 100.0, share * 100.0);
        times.row(&mut table, &name, n80, "-");
    }
    table.done();
}

#[test]
fn one_harmful_metric_of_five_is_seen_in_less_than_twice_the_time() {
    let runs = runs(150, 4000);
    let (base, factor) = (0.01, 2.0);
    let n80 = power::n80_of_rates(base * factor, base, 0.5, 0.05);
    let rates = [base * factor, base, base, base, base];
    let times = Times::new(runs, 12_000, |dice| {
        let mut metrics = [[Stratum { p: 0.5, treatment: 0, control: 0 }]; 5];
        let mut evidence = [0.0; 5];
        // Until the next event of any metric; that two fall on one subject does not matter.
        let all: f64 = rates.iter().map(|rate| f64::midpoint(*rate, base)).sum();
        let mut subjects = 0.0;
        while subjects < PATIENCE * n80 {
            subjects += dice.tries(all);
            let mut left = dice.uniform() * all;
            let at = rates.iter().position(|rate| {
                left -= f64::midpoint(*rate, base);
                left < 0.0
            });
            let at = at.unwrap_or(4);
            if dice.chance(rates[at] / (rates[at] + base)) {
                metrics[at][0].treatment += 1;
            } else {
                metrics[at][0].control += 1;
            }
            evidence[at] = events::log_e(&metrics[at], MORE_IS_HARM);
            if family::rejects(family::adjusted(&evidence)[0], 0.05) {
                break;
            }
        }
        subjects / n80
    });
    let mut table = table("family of five (lane A), alpha 0.05");
    times.row(&mut table, "1 % base, x2 in one of them, 50 % share", n80, "median <= 1.9");
    assert!(times.median() <= allowed(1.9), "median {}", times.median());
    table.done();
}

/// Moments of a metric below a cap when it is multiplied by `factor`, from many draws.
fn capped_moments(metric: fn(&mut Dice) -> f64, factor: f64, cap: f64) -> (f64, f64) {
    let mut dice = Dice::new(7);
    let values: Vec<f64> = (0..200_000).map(|_| (metric(&mut dice) * factor).min(cap)).collect();
    let mean = mean(&values);
    let squares: Vec<f64> = values.iter().map(|value| (value - mean).powi(2)).collect();
    (mean, super::mean(&squares))
}

#[test]
fn harmful_values_are_seen_nearly_as_soon_as_by_a_test_that_knows_them() {
    let runs = runs(60, 2000);
    let mut table = table("values (lane B), alpha 0.05, burn-in 500");
    let [(latency_name, latency), (counts_name, counts), (revenue_name, revenue), _] = METRICS;
    for (name, metric, factor, share, median) in [
        (latency_name, latency, 1.1, 0.5, 1.2),
        (latency_name, latency, 1.1, 0.05, 1.2),
        (latency_name, latency, 1.3, 0.5, 1.2),
        (counts_name, counts, 1.1, 0.5, 1.2),
        (counts_name, counts, 0.9, 0.5, 1.2),
        (revenue_name, revenue, 0.7, 0.5, 1.2),
        (revenue_name, revenue, 0.7, 0.05, 1.6),
    ] {
        let harm = if factor > 1.0 { MORE_IS_HARM } else { LESS_IS_HARM };
        // The oracle knows the metric up to the same cap.
        let mut dice = Dice::new(7);
        let mut draws: Vec<f64> = (0..200_000).map(|_| metric(&mut dice)).collect();
        draws.sort_unstable_by(f64::total_cmp);
        let cap = draws[199_000];
        let ((treated, treated_variance), (control, control_variance)) =
            (capped_moments(metric, factor, cap), capped_moments(metric, 1.0, cap));
        let n80 = power::n80_of_means(treated_variance, control_variance, treated - control, share, 0.05);
        if n80 > 30_000.0 && !long() {
            continue; // Seconds of bets, for the full form only.
        }
        let times = Times::new(runs, 20_000, |dice| {
            let burn_in: Vec<f64> = (0..500).map(|_| metric(dice)).collect();
            let frozen = values::freeze(&burn_in, 0.995).unwrap();
            let mut test = ValueTest::new();
            let mut subjects = 0.0;
            while subjects < PATIENCE * n80 && test.log_e() < 20_f64.ln() {
                subjects += 1.0;
                let is_treatment = dice.chance(share);
                let value = metric(dice) * if is_treatment { factor } else { 1.0 };
                test.observe(&frozen, harm, share, is_treatment, value);
            }
            subjects / n80
        });
        let name = format!("{name}, x{factor}, {} % share", share * 100.0);
        times.row(&mut table, &name, n80, &format!("median <= {median}"));
        assert!(times.median() <= allowed(median), "{name}: median {}", times.median());
    }
    table.done();
}

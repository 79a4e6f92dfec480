//! Nothing is wrong, and somebody looks all the time.

use flaghoist_stats::blocks::{self, BlockStratum};
use flaghoist_stats::events::{self, Stratum};
use flaghoist_stats::ratios::{self, BUCKETS, Sums};
use flaghoist_stats::values::{self, ValueTest};
use flaghoist_stats::{Harm, family, sample_ratio};

use super::{LESS_IS_HARM, MORE_IS_HARM, Table, runs};
use crate::dice::Dice;

const THRESHOLD: f64 = 2.995_732_273_553_991; // ln 20

/// One step of a ramp: the treatment's design probability, and how many subjects are met in it.
#[derive(Clone, Copy)]
struct Step {
    p: f64,
    subjects: u32,
    /// What the metric is multiplied by, in both arms.
    drift: f64,
}

const fn step(p: f64, subjects: u32, drift: f64) -> Step {
    Step { p, subjects, drift }
}

/// 5, 25 and 50 % of the traffic, while the metric becomes 2.5 times as large in the last step.
fn drifting_ramp(subjects: u32) -> [Step; 3] {
    [step(0.05, subjects, 1.0), step(0.25, subjects, 1.0), step(0.5, subjects, 2.5)]
}

/// The share of runs with an alarm, which a test must keep below `allowed`.
fn share(runs: u32, first_seed: u64, mut alarm: impl FnMut(&mut Dice) -> bool) -> f64 {
    let alarms = (0..runs).filter(|run| alarm(&mut Dice::new(first_seed + u64::from(*run))));
    f64::from(u32::try_from(alarms.count()).unwrap()) / f64::from(runs)
}

/// Whether the evidence from events, one after the other, ever reaches the threshold. `events` are in the order of time,
/// each with the design probability of its step; the arm is a coin, because nothing is wrong.
fn events_alarm(dice: &mut Dice, steps: &[Step], rate: f64, harm: Harm) -> bool {
    let mut strata: Vec<Stratum> = Vec::new();
    for step in steps {
        strata.push(Stratum { p: step.p, treatment: 0, control: 0 });
        let mut left = f64::from(step.subjects);
        loop {
            left -= dice.tries(rate * step.drift);
            if left < 0.0 {
                break;
            }
            let now = strata.last_mut().unwrap();
            if dice.chance(step.p) {
                now.treatment += 1;
            } else {
                now.control += 1;
            }
            if events::log_e(&strata, harm) >= THRESHOLD {
                return true;
            }
        }
    }
    false
}

#[test]
fn events_raise_few_false_alarms_at_any_share_and_with_drift() {
    let (runs, subjects) = (runs(300, 4000), runs(35_000, 135_000));
    let mut table =
        Table::new(&["events (lane A), a look at every event", "runs", "false alarms", "allowed"]);
    let constant = |p: f64| [step(p, subjects, 1.0); 3];
    for (name, steps, harm) in [
        ("50 %, increase", constant(0.5), MORE_IS_HARM),
        ("50 %, decrease", constant(0.5), LESS_IS_HARM),
        ("5 %, increase", constant(0.05), MORE_IS_HARM),
        ("5 %, decrease", constant(0.05), LESS_IS_HARM),
        ("ramp, x2.5 in the last step, increase", drifting_ramp(subjects), MORE_IS_HARM),
        ("ramp, x2.5 in the last step, decrease", drifting_ramp(subjects), LESS_IS_HARM),
    ] {
        let alarms = share(runs, 1_000, |dice| events_alarm(dice, &steps, 0.01, harm));
        table.row([name.to_owned(), runs.to_string(), format!("{alarms:.4}"), "0.05".to_owned()]);
        assert!(alarms <= 0.05, "{name}: {alarms}");
    }
    table.done();
}

/// The same counts added up over the steps, with the share that the treatment had overall.
fn pooled_alarm(dice: &mut Dice, steps: &[Step], rate: f64, harm: Harm) -> (bool, bool) {
    let (mut pooled_alarm, mut stratified_alarm) = (false, false);
    let mut strata: Vec<Stratum> = Vec::new();
    let (mut treated, mut subjects) = (0.0, 0.0);
    for step in steps {
        strata.push(Stratum { p: step.p, treatment: 0, control: 0 });
        for _ in 0..step.subjects {
            let is_treatment = dice.chance(step.p);
            subjects += 1.0;
            treated += f64::from(u8::from(is_treatment));
            if !dice.chance(rate * step.drift) {
                continue;
            }
            let now = strata.last_mut().unwrap();
            if is_treatment {
                now.treatment += 1;
            } else {
                now.control += 1;
            }
            let pooled = Stratum {
                p: treated / subjects,
                treatment: strata.iter().map(|of| of.treatment).sum(),
                control: strata.iter().map(|of| of.control).sum(),
            };
            pooled_alarm |= events::log_e(&[pooled], harm) >= THRESHOLD;
            stratified_alarm |= events::log_e(&strata, harm) >= THRESHOLD;
        }
    }
    (pooled_alarm, stratified_alarm)
}

/// Guards against losing the strata: this is what it looks like when they are lost.
#[test]
fn counts_that_are_pooled_over_steps_raise_false_alarms_when_the_metric_drifts() {
    let runs = runs(100, 2000);
    let mut table = Table::new(&["ramp, x2.5 in the last step", "runs", "false alarms", "demanded"]);
    let mut pooled = 0.0;
    let steps = drifting_ramp(4_000);
    let stratified = share(runs, 2_000, |dice| {
        let (pooled_alarm, stratified_alarm) = pooled_alarm(dice, &steps, 0.05, MORE_IS_HARM);
        pooled += f64::from(u8::from(pooled_alarm)) / f64::from(runs);
        stratified_alarm
    });
    table.row(["pooled on purpose".to_owned(), runs.to_string(), format!("{pooled:.4}"), "> 0.5".to_owned()]);
    table.row(["stratified".to_owned(), runs.to_string(), format!("{stratified:.4}"), "<= 0.05".to_owned()]);
    assert!(pooled > 0.5, "{pooled}");
    assert!(stratified <= 0.05, "{stratified}");
    table.done();
}

/// A subject's value in both arms.
type Metric = fn(&mut Dice) -> f64;

pub(super) const METRICS: [(&str, Metric); 4] = [
    ("latency (log-normal, sigma 1)", |dice| dice.log_normal(1.0)),
    ("counts (overdispersed)", |dice| {
        let mean = 2.0 * dice.log_normal(1.0);
        dice.poisson(mean)
    }),
    (
        "revenue (5 % buyers, log-normal 1.5)",
        |dice| {
            if dice.chance(0.05) { dice.log_normal(1.5) } else { 0.0 }
        },
    ),
    ("binary (20 %)", |dice| f64::from(u8::from(dice.chance(0.2)))),
];

/// Values of 200 controls from before the test freeze it; drift multiplies what comes later.
fn values_alarm(dice: &mut Dice, steps: &[Step], metric: Metric, harm: Harm) -> bool {
    let burn_in: Vec<f64> = (0..200).map(|_| metric(dice)).collect();
    let Some(frozen) = values::freeze(&burn_in, 0.995) else { return false };
    let mut test = ValueTest::new();
    steps.iter().any(|step| {
        (0..step.subjects).any(|_| {
            let is_treatment = dice.chance(step.p);
            let value = metric(dice) * step.drift;
            test.observe(&frozen, harm, step.p, is_treatment, value);
            test.log_e() >= THRESHOLD
        })
    })
}

#[test]
fn values_raise_few_false_alarms_with_any_skew_share_and_drift() {
    let (runs, subjects) = (runs(120, 4000), runs(400, 1500));
    let mut table =
        Table::new(&["values (lane B), a look at every subject", "runs", "false alarms", "allowed"]);
    for (name, metric) in METRICS {
        for (ramp, steps) in [
            ("50 %", [step(0.5, subjects, 1.0); 3]),
            ("5 %", [step(0.05, subjects, 1.0); 3]),
            ("ramp, x2.5 in the last step", drifting_ramp(subjects)),
        ] {
            for (direction, harm) in [("increase", MORE_IS_HARM), ("decrease", LESS_IS_HARM)] {
                let alarms = share(runs, 3_000, |dice| values_alarm(dice, &steps, metric, harm));
                let name = format!("{name}, {ramp}, {direction}");
                table.row([name.clone(), runs.to_string(), format!("{alarms:.4}"), "0.05".to_owned()]);
                assert!(alarms <= 0.05, "{name}: {alarms}");
            }
        }
    }
    table.done();
}

#[test]
fn a_healthy_split_is_hardly_ever_called_a_mismatch() {
    let (runs, exposures) = (runs(400, 4000), runs(400, 1500));
    let mut table =
        Table::new(&["sample ratio, a look at every exposure", "runs", "false alarms", "allowed"]);
    for (name, steps) in [("50 %", [0.5; 3]), ("5 %", [0.05; 3]), ("ramp 5, 25, 50 %", [0.05, 0.25, 0.5])] {
        let alarms = share(runs, 4_000, |dice| {
            let mut strata: Vec<Stratum> = Vec::new();
            steps.iter().any(|p| {
                strata.push(Stratum { p: *p, treatment: 0, control: 0 });
                (0..exposures).any(|_| {
                    let now = strata.last_mut().unwrap();
                    if dice.chance(*p) {
                        now.treatment += 1;
                    } else {
                        now.control += 1;
                    }
                    sample_ratio::log_e(&strata) >= -sample_ratio::ALPHA.ln()
                })
            })
        });
        table.row([name.to_owned(), runs.to_string(), format!("{alarms:.4}"), "0.002".to_owned()]);
        assert!(alarms <= 0.002, "{name}: {alarms}");
    }
    table.done();
}

#[test]
fn five_harmless_metrics_together_raise_few_false_alarms() {
    let runs = runs(200, 4000);
    let alarms = share(runs, 5_000, |dice| {
        let mut metrics = [[Stratum { p: 0.5, treatment: 0, control: 0 }]; 5];
        let mut evidence = [0.0; 5];
        (0..1_500).any(|_| {
            let at = dice.below(5);
            if dice.chance(0.5) {
                metrics[at][0].treatment += 1;
            } else {
                metrics[at][0].control += 1;
            }
            evidence[at] = events::log_e(&metrics[at], MORE_IS_HARM);
            family::adjusted(&evidence).iter().any(|adjusted| family::rejects(*adjusted, 0.05))
        })
    });
    let mut table =
        Table::new(&["family of five (lane A), a look at every event", "runs", "false alarms", "allowed"]);
    table.row(["50 %".to_owned(), runs.to_string(), format!("{alarms:.4}"), "0.05".to_owned()]);
    assert!(alarms <= 0.05, "{alarms}");
    table.done();
}

/// Users who come back for the whole ramp, some of them much more than others; a fifth of the visits of a user fail, or
/// nearly all. They move to the treatment as the ramp grows, and stay; there, `factor` times as many fail.
fn ratio_alarm(dice: &mut Dice, users: u32, looks: u32, factor: f64) -> bool {
    struct User {
        traffic: f64,
        bucket: usize,
        visits: f64,
        failing: f64,
    }
    let users: Vec<User> = (0..users)
        .map(|_| User {
            traffic: dice.uniform(),
            bucket: dice.below(BUCKETS),
            visits: 0.1 * dice.log_normal(1.2),
            failing: if dice.chance(0.05) { 0.9 } else { 0.1 },
        })
        .collect();
    let mut steps: Vec<[Vec<Sums>; 2]> = Vec::new();
    drifting_ramp(looks).iter().any(|step| {
        steps.push([vec![Sums::default(); BUCKETS], vec![Sums::default(); BUCKETS]]);
        (0..step.subjects).any(|_| {
            let arms = steps.last_mut().unwrap();
            for user in &users {
                let visits = dice.poisson(user.visits);
                let failures =
                    (0..10).filter(|try_| f64::from(*try_) < visits && dice.chance(user.failing)).count();
                let is_treatment = user.traffic < step.p;
                let sums = &mut arms[usize::from(is_treatment)][user.bucket];
                sums.den += visits;
                sums.num += step.drift
                    * if is_treatment { factor } else { 1.0 }
                    * f64::from(u32::try_from(failures).unwrap());
            }
            let strata: Vec<_> =
                steps.iter().map(|[control, treatment]| ratios::Stratum { treatment, control }).collect();
            ratios::evaluate(&strata, MORE_IS_HARM).is_some_and(|evidence| evidence.log_e >= THRESHOLD)
        })
    })
}

#[test]
fn ratios_raise_few_false_alarms_when_users_come_back_and_the_metric_drifts() {
    let runs = runs(60, 1000);
    let mut table = Table::new(&["ratios (lane C), ramp with x2.5, 36 looks", "runs", "alarms", "demanded"]);
    let false_alarms = share(runs, 6_000, |dice| ratio_alarm(dice, 4_000, 12, 1.0));
    let cells = ["error-loop users, no effect".to_owned(), runs.to_string(), format!("{false_alarms:.4}")];
    table.row(cells.into_iter().chain(["<= 0.05".to_owned()]));
    let found = share(runs, 6_000, |dice| ratio_alarm(dice, 4_000, 12, 1.5));
    let cells = ["error-loop users, x1.5".to_owned(), runs.to_string(), format!("{found:.4}")];
    table.row(cells.into_iter().chain([">= 0.9".to_owned()]));
    assert!(false_alarms <= 0.05, "{false_alarms}");
    assert!(found >= 0.9, "{found}");
    table.done();
}

/// Requests and failures per minute, with noise that both arms share and no difference between them; a look every ten
/// minutes from the thirtieth on.
fn blocks_alarm(dice: &mut Dice, minutes: usize) -> bool {
    let mut arms = [Vec::new(), Vec::new()];
    (1..=minutes).any(|minute| {
        let failing = 0.02 * dice.log_normal(0.3);
        for (arm, requests) in arms.iter_mut().zip([500.0, 1500.0]) {
            arm.push(Sums { num: dice.poisson(requests * failing), den: requests });
        }
        if minute < 30 || !minute.is_multiple_of(10) {
            return false;
        }
        let [treatment, control] = &arms;
        let evidence = blocks::evaluate(&[BlockStratum { treatment, control }], MORE_IS_HARM);
        evidence.is_some_and(|evidence| evidence.log_e >= THRESHOLD)
    })
}

#[test]
fn blocks_raise_few_false_alarms_while_minutes_are_independent() {
    let runs = runs(200, 2000);
    let alarms = share(runs, 7_000, |dice| blocks_alarm(dice, blocks::MAX_BLOCKS));
    let mut table = Table::new(&["blocks (aggregates), 10 looks", "runs", "false alarms", "allowed"]);
    table.row(["25 %, margin 0".to_owned(), runs.to_string(), format!("{alarms:.4}"), "0.05".to_owned()]);
    assert!(alarms <= 0.05, "{alarms}");
    table.done();
}

//! What section 5 of the guardrails demands of the whole engine: items 2, 3, 4 and 7.
//!
//! The fast form plays few rollouts. With `FLAGHOIST_LONG=1` the numbers are those of the demand, and the figures are
//! printed as a table: `FLAGHOIST_LONG=1 cargo test -p flaghoist-ingest --release --test guardrail acceptance -- --nocapture`.

use crate::given::{HOUR_MS, Random};
use crate::simulations::{drifting, five_metrics, harmful, play, scenario, signal};
use flaghoist_ingest::simulation::{Behaviour, Report, Scenario, ScenarioStep, Visitors};
use flaghoist_stats::events::{Stratum, log_e};
use flaghoist_stats::ratios::{self, Sums};
use flaghoist_stats::{Harm, family, power, wallace};

/// How many rollouts are played: few, or as many as the demand says.
fn rollouts(fast: u32, long: u32) -> u32 {
    if is_long() { long } else { fast }
}

fn is_long() -> bool {
    std::env::var_os("FLAGHOIST_LONG").is_some()
}

fn row(what: &str, report: &Report, figure: f64, demand: &str) {
    if is_long() {
        let causes: Vec<String> =
            report.causes().into_iter().map(|(cause, count)| format!("{cause} {count}")).collect();
        println!("| {what} | {} | {figure:.4} | {demand} | {} |", report.rollouts, causes.join(", "));
    }
}

fn real(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

/// Hours until half of the rollouts were stopped; infinite if fewer were.
fn median_hours(report: &Report) -> f64 {
    let hour_ms = real(HOUR_MS.unsigned_abs());
    report.stopped_after_ms(0.5).map_or(f64::INFINITY, |ms| real(ms.unsigned_abs()) / hour_ms)
}

#[test]
fn at_most_a_twentieth_of_harmless_rollouts_is_stopped() {
    let count = rollouts(10, 2_000);
    let allowed = if is_long() { 0.05 } else { 0.2 };
    for (what, scenario) in [
        ("no effect, stationary", Scenario { visitors: Visitors::Even, ..scenario(five_metrics()) }),
        ("no effect, heavy-tailed visitors, all x2.5 in the last step", drifting(scenario(five_metrics()))),
    ] {
        let report = play(&scenario, count);
        row(what, &report, report.stopped_share(), "share stopped <= 0.05");
        assert!(report.stopped_share() <= allowed, "{what}: {report:?}");
    }
}

#[test]
fn five_metrics_together_notice_twice_the_errors_soon() {
    let mut scenario = harmful(scenario(five_metrics()), "error", 2.0);
    scenario.steps = vec![ScenarioStep { exposure_ratio: 0.5, duration_ms: 480 * HOUR_MS }];
    scenario.visitors = Visitors::Even;
    scenario.subjects = 200_000;
    let report = play(&scenario, rollouts(6, 500));
    let median = report.stopped_after_subjects(0.5).map_or(f64::INFINITY, real);
    let single = median / power::n80_of_rates(0.02, 0.01, 0.5, 0.05);
    let corrected = median / power::n80_of_rates(0.02, 0.01, 0.5, 0.01);
    row("errors 1 % x2 at 50 %, five metrics, median subjects / n80", &report, single, "<= 1.9");
    row("the same / n80 at a fifth of alpha", &report, corrected, "<= 1.3");
    let slack = if is_long() { 1.0 } else { 2.0 };
    assert!(single <= 1.9 * slack && corrected <= 1.3 * slack, "{single} {corrected}");
}

/// The ramp of section 4.4: from which hour on how much is exposed.
const RAMP: [(f64, f64, f64); 3] = [(0.0, 12.0, 0.05), (12.0, 24.0, 0.25), (24.0, 48.0, 0.5)];

/// The earliest hour at which a test at a fixed time, one-sided at 5 %, has a power of 80 %: when the information about
/// the log ratio reaches `(1.6449 + 0.8416)^2 / effect^2`.
fn oracle_hours(effect: f64, information: impl Fn(f64) -> f64) -> f64 {
    let needed = (1.6449_f64 + 0.8416).powi(2) / effect.powi(2);
    (0..480).map(|tenth| f64::from(tenth) / 10.0).find(|hour| information(*hour) >= needed).unwrap()
}

/// Weights of heavy-tailed visitors as the simulator draws them, at the middles of as many equal parts, of sum 1.
fn weights(shape: f64) -> Vec<f64> {
    let raw: Vec<f64> =
        (0..12_000).map(|at| ((f64::from(at) + 0.5) / 12_000.0).powf(-1.0 / shape).min(1_000.0)).collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|weight| weight / sum).collect()
}

#[test]
fn twice_the_errors_are_noticed_on_the_ramp_nearly_as_soon_as_a_fixed_test_could() {
    let report = play(&harmful(scenario(vec![crate::given::errors()]), "error", 2.0), rollouts(6, 400));
    let weights = weights(1.5);
    let visits_per_hour = 40_000.0 / 48.0;
    // Expected subjects whose first error is in a step, of each group that enters the treatment in the same step.
    let information = |hour: f64| -> f64 {
        let mut arms = [(0.0, 0.0); 3];
        for (share, enters) in [(0.05, 0), (0.2, 1), (0.25, 2), (0.5, 3)] {
            for weight in &weights {
                let mut survives = 1.0;
                for (step, (from, to, _)) in
                    RAMP.into_iter().enumerate().filter(|(_, (from, ..))| *from < hour)
                {
                    let rate = if step >= enters { 0.02 } else { 0.01 };
                    let remains = survives * (-rate * weight * visits_per_hour * (to.min(hour) - from)).exp();
                    let arm = if step >= enters { &mut arms[step].0 } else { &mut arms[step].1 };
                    *arm += share * (survives - remains);
                    survives = remains;
                }
            }
        }
        arms.iter().filter(|(t, c)| *t > 0.0 && *c > 0.0).map(|(t, c)| t * c / (t + c)).sum()
    };
    let oracle = oracle_hours(2.0_f64.ln(), information);
    let ratio = median_hours(&report) / oracle;
    row(&format!("errors 1 % x2 on the ramp, median / oracle {oracle:.1} h"), &report, ratio, "<= 1.25");
    assert!(ratio <= if is_long() { 1.25 } else { 2.0 }, "{ratio}");
}

/// Standard deviation of the logarithm of a latency, between subjects and within one. With it a fifth more takes about as
/// long to see as the 14.5 hours of section 4.6. Where it takes a few looks only, they are what costs most time.
const LATENCY_SIGMA: f64 = 0.75;

/// When the stratified comparison of means over visits finds a treatment that is a fifth slower, in hours.
struct LatencyOracle {
    /// In 80 % of made-up rollouts, by a test made once at a fixed time, one-sided at 5 %.
    single: f64,
    /// The same at 2.5 %.
    half: f64,
    /// In half of them, by the e-value at 5 %, with nothing else looked at.
    alone: f64,
}

fn latency_oracle(rollouts: u32) -> LatencyOracle {
    let harm = Harm { direction: flaghoist_stats::Direction::IncreaseIsBad, log_margin: 0.0 };
    let (mut found, mut stops) = ([[0_u32; 2]; 144], Vec::new());
    for rollout in 0..rollouts {
        let mut random = Random::new(1_000_000 + u64::from(rollout));
        let subjects: Vec<(f64, usize, f64)> = (0..12_000)
            .map(|_| {
                (
                    random.uniform(),
                    usize::try_from(random.next() % 64).unwrap(),
                    random.log_normal(LATENCY_SIGMA),
                )
            })
            .collect();
        let mut stopped_at = usize::MAX;
        let mut steps = vec![[[Sums::default(); 64]; 2]; 2];
        for (look, found) in found.iter_mut().enumerate() {
            let (step, ratio) = if look < 72 { (0, 0.05) } else { (1, 0.25) };
            for _visit in 0..139 {
                let (traffic, bucket, temper) = subjects[usize::try_from(random.next() % 12_000).unwrap()];
                let is_treated = traffic < ratio;
                let sums = &mut steps[step][usize::from(is_treated)][bucket];
                sums.num += temper * random.log_normal(LATENCY_SIGMA) * if is_treated { 1.2 } else { 1.0 };
                sums.den += 1.0;
            }
            let strata: Vec<ratios::Stratum> = steps[..=step]
                .iter()
                .map(|[control, treatment]| ratios::Stratum { treatment, control })
                .collect();
            let evidence = ratios::evaluate(&strata, harm);
            if evidence.is_some_and(|of| of.log_e >= 20.0_f64.ln()) {
                stopped_at = stopped_at.min(look);
            }
            let z = evidence.map(|of| wallace::t_to_z(of.effect / of.se, of.df));
            for (found, critical) in found.iter_mut().zip([1.6449, 1.96]) {
                *found += u32::from(z.is_some_and(|z| z > critical));
            }
        }
        stops.push(stopped_at);
    }
    let hours = |look: usize| real(u64::try_from(look + 1).unwrap()) / 6.0;
    let [single, half] = [0, 1].map(|level| {
        let is_enough = |found: &[u32; 2]| f64::from(found[level]) >= 0.8 * f64::from(rollouts);
        hours(found.iter().position(is_enough).unwrap())
    });
    stops.sort_unstable();
    LatencyOracle { single, half, alone: hours(stops[stops.len() / 2]) }
}

#[test]
fn a_fifth_more_latency_is_noticed_on_the_ramp_nearly_as_soon_as_a_fixed_test_could() {
    // With heavy tails a few subjects outweigh all others, and waiting helps less and less, whatever the test.
    let ramp = |metric| {
        let mut scenario = Scenario { visitors: Visitors::Even, ..scenario(vec![metric]) };
        let (sigma, subject_sigma) = (LATENCY_SIGMA, LATENCY_SIGMA);
        scenario.signals[3] = signal("latency", Behaviour::Value { mean: 200.0, sigma, subject_sigma });
        harmful(scenario, "latency", 1.2)
    };
    let mut latency = five_metrics().remove(2);
    let what = "latency +20 % on the ramp, within the first hour of each subject: median hours";
    let per_subject = play(&ramp(latency.clone()), rollouts(0, 400));
    row(what, &per_subject, median_hours(&per_subject), "");
    latency.definition.window_ms = None;
    let report = play(&ramp(latency), rollouts(6, 400));
    let LatencyOracle { single, half, alone } = latency_oracle(rollouts(20, 1_000));
    let median = median_hours(&report);
    row(
        &format!("latency +20 % on the ramp, median / oracle {single:.1} h"),
        &report,
        median / single,
        "<= 1.3",
    );
    row(
        &format!("the same / oracle at half of alpha {half:.1} h: reporting is watched too"),
        &report,
        median / half,
        "",
    );
    row("the same lane with nothing else looked at, median / oracle", &report, alone / single, "");
    assert!(median / single <= if is_long() { 1.3 } else { 2.0 }, "{median} h, {single} h");
}

#[test]
fn an_analysis_that_adds_steps_up_takes_the_trend_for_harm() {
    let count = rollouts(40, 2_000);
    let harm = Harm { direction: flaghoist_stats::Direction::IncreaseIsBad, log_margin: 0.0 };
    let mut alarms = [0_u32; 2];
    for rollout in 0..count {
        let mut random = Random::new(u64::from(rollout));
        let mut strata: Vec<Stratum> = Vec::new();
        let (mut visits, mut fired) = ([0_u64; 2], [false; 2]);
        for ((from, _, ratio), looks) in RAMP.into_iter().zip([72, 72, 144]) {
            strata.push(Stratum { p: ratio, treatment: 0, control: 0 });
            let rate = if from < 24.0 { 0.01 } else { 0.025 };
            // A look every ten minutes, at 139 visits each; nothing is wrong with the treatment.
            for _visit in 0..looks * 139 {
                let is_treated = random.uniform() < ratio;
                visits[usize::from(is_treated)] += 1;
                if random.uniform() < rate {
                    let last = strata.last_mut().unwrap();
                    *if is_treated { &mut last.treatment } else { &mut last.control } += 1;
                }
                if (visits[0] + visits[1]) % 139 > 0 {
                    continue;
                }
                let p = real(visits[1]) / real(visits[0] + visits[1]);
                let sum = |of: fn(&Stratum) -> u64| strata.iter().map(of).sum::<u64>();
                let pooled = Stratum { p, treatment: sum(|of| of.treatment), control: sum(|of| of.control) };
                fired[0] |= family::rejects(log_e(&strata, harm), 0.01);
                fired[1] |= family::rejects(log_e(&[pooled], harm), 0.01);
            }
        }
        for (alarms, fired) in alarms.iter_mut().zip(fired) {
            *alarms += u32::from(fired);
        }
    }
    let [stratified, pooled] = alarms.map(|alarms| f64::from(alarms) / f64::from(count));
    if is_long() {
        println!(
            "| pooled over steps on purpose (stratified beside it: {stratified:.4}) | {count} | {pooled:.4} | >= 0.5 | |"
        );
    }
    assert!(pooled >= 0.5 && stratified <= 0.05, "pooled {pooled}, stratified {stratified}");
}

#[test]
fn five_metrics_together_notice_other_harm_on_the_ramp() {
    if !is_long() {
        return;
    }
    for (event, factor) in
        [("error", 2.0), ("error", 5.0), ("latency", 1.2), ("latency", 1.5), ("order", 0.8)]
    {
        let report = play(&drifting(harmful(scenario(five_metrics()), event, factor)), 400);
        row(
            &format!("{event} x{factor}, five metrics, ramp with trend: median hours"),
            &report,
            median_hours(&report),
            "",
        );
        println!("|   share stopped | | {:.3} | | |", report.stopped_share());
    }
}

#[test]
fn loops_of_errors_by_a_few_clients_stop_nothing() {
    let mut scenario = scenario(five_metrics());
    scenario.signals[1] = signal("error", Behaviour::Chance { rate: 0.05 });
    scenario.visitors = Visitors::HeavyTailed { shape: 1.1 };
    let report = play(&scenario, rollouts(6, 1_000));
    row("no effect, errors of 5 % by visitors of shape 1.1", &report, report.stopped_share(), "<= 0.05");
    assert!(report.stopped_share() <= if is_long() { 0.05 } else { 0.2 }, "{report:?}");
}

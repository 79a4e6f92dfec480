//! Populations played through the engine: how often it stops what is harmless, and how soon what is not.

use crate::given::{HOUR_MS, MINUTE_MS, events, metric};
use flaghoist_ingest::simulation::{Behaviour, Report, Scenario, ScenarioStep, Signal, Visitors, simulate};
use flaghoist_model::guard::GuardedMetric;
use flaghoist_model::metric::{Direction, MetricKind};

/// The rollout of section 4.4: 5 %, 25 %, 50 % within two days, 12 000 subjects, 40 000 visits, a look every ten minutes.
pub(crate) fn scenario(metrics: Vec<GuardedMetric>) -> Scenario {
    let step =
        |exposure_ratio: f64, hours: i64| ScenarioStep { exposure_ratio, duration_ms: hours * HOUR_MS };
    Scenario {
        steps: vec![step(0.05, 12), step(0.25, 12), step(0.5, 24)],
        subjects: 12_000,
        visits_per_hour: 40_000.0 / 48.0,
        visitors: Visitors::HeavyTailed { shape: 1.5 },
        signals: vec![
            signal("visit", Behaviour::Chance { rate: 1.0 }),
            signal("error", Behaviour::Chance { rate: 0.01 }),
            signal("order", Behaviour::Chance { rate: 0.03 }),
            signal("latency", Behaviour::Value { mean: 200.0, sigma: 0.5, subject_sigma: 0.5 }),
        ],
        metrics,
        look_interval_ms: 10 * MINUTE_MS,
        seed: 20_261_128,
    }
}

pub(crate) fn signal(event: &str, behaviour: Behaviour) -> Signal {
    Signal { event: event.to_owned(), behaviour, treatment_factor: 1.0, last_step_factor: 1.0 }
}

/// Errors and orders (A), latency within an hour (B), errors per visit and the latency's p95 (C).
pub(crate) fn five_metrics() -> Vec<GuardedMetric> {
    let errors = metric("error", MetricKind::Binary, Direction::IncreaseIsBad);
    let orders = metric("order", MetricKind::Binary, Direction::DecreaseIsBad);
    let mut latency = metric("latency", MetricKind::Mean, Direction::IncreaseIsBad);
    latency.definition.window_ms = Some(HOUR_MS);
    let mut errors_per_visit = metric("errors-per-visit", MetricKind::Ratio, Direction::IncreaseIsBad);
    errors_per_visit.definition.source = events("error");
    errors_per_visit.definition.denominator = Some(events("visit"));
    let mut p95 = metric("latency-p95", MetricKind::Quantile, Direction::IncreaseIsBad);
    p95.definition.source = events("latency");
    p95.definition.quantile = Some(0.95);
    vec![errors, orders, latency, errors_per_visit, p95]
}

/// All signals but visits themselves are multiplied in the last step.
pub(crate) fn drifting(mut scenario: Scenario) -> Scenario {
    for signal in scenario.signals.iter_mut().filter(|signal| signal.event != "visit") {
        signal.last_step_factor = 2.5;
    }
    scenario
}

pub(crate) fn harmful(mut scenario: Scenario, event: &str, treatment_factor: f64) -> Scenario {
    for signal in scenario.signals.iter_mut().filter(|signal| signal.event == event) {
        signal.treatment_factor = treatment_factor;
    }
    scenario
}

/// On both cores.
pub(crate) fn play(scenario: &Scenario, rollouts: u32) -> Report {
    std::thread::scope(|scope| {
        let half = scope.spawn(|| simulate(scenario, 0..rollouts / 2));
        let other = simulate(scenario, rollouts / 2..rollouts);
        half.join().unwrap().and(other)
    })
}

#[test]
fn harmless_rollouts_are_rarely_stopped_even_when_everything_changes_in_the_last_step() {
    let report = play(&drifting(scenario(five_metrics())), 12);
    assert!(report.stops.len() <= 2, "{report:?}");
}

#[test]
fn ten_times_the_errors_stop_a_rollout_within_its_first_step() {
    let report = play(&harmful(scenario(five_metrics()), "error", 10.0), 8);
    assert_eq!(report.stops.len(), 8);
    assert!(report.stopped_after_ms(0.5).is_some_and(|after_ms| after_ms < 12 * HOUR_MS), "{report:?}");
    assert_eq!(report.causes().keys().copied().collect::<Vec<_>>(), ["error"]);
}

#[test]
fn the_same_seed_gives_the_same_report() {
    let scenario = harmful(scenario(five_metrics()), "error", 5.0);
    let whole = simulate(&scenario, 0..4);
    assert_eq!(simulate(&scenario, 0..1).and(simulate(&scenario, 1..4)), whole);
}

#[test]
fn twenty_short_steps_of_rare_errors_stop_next_to_nothing() {
    let mut scenario = scenario(five_metrics().drain(3..4).collect());
    scenario.steps = vec![ScenarioStep { exposure_ratio: 0.1, duration_ms: 2 * HOUR_MS }; 20];
    scenario.visitors = Visitors::Even;
    scenario.subjects = 4_000;
    // Errors of both sides of what a step needs: about 17 in the treatment, and 170 in all.
    scenario.signals[1] = signal("error", Behaviour::Chance { rate: 0.1 });
    let report = play(&scenario, 40);
    assert!(report.stopped_share() <= 0.05, "{report:?}");
}

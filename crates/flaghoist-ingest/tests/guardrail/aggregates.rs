//! Aggregates of a minute each, as from a Prometheus.

use crate::given::{HOUR_MS, MINUTE_MS, Run, START_MS, guard, metric, resumed, variant};
use flaghoist_ingest::guardrail::{Block, Evidence, EvidenceState, Hold, Lane};
use flaghoist_model::allocation::TriggerAction;
use flaghoist_model::guard::{GuardedMetric, Trip};
use flaghoist_model::metric::{Direction, MetricKind, MetricSource, Threshold, ThresholdOperator};

fn prometheus(kind: MetricKind) -> GuardedMetric {
    let mut metric = metric("errors", kind, Direction::IncreaseIsBad);
    metric.definition.source = MetricSource::Prometheus { query: "errors{variant=\"$variant\"}".to_owned() };
    metric.definition.denominator =
        Some(MetricSource::Prometheus { query: "all{variant=\"$variant\"}".to_owned() });
    metric.action = TriggerAction::Pause;
    metric
}

fn failing_above(value: f64) -> GuardedMetric {
    let mut metric = prometheus(MetricKind::Threshold);
    let operator = ThresholdOperator::Above;
    metric.definition.threshold =
        Some(Threshold { operator, value, min_requests: 50.0, failing_blocks: 2, of_blocks: 3 });
    metric
}

fn rollout(metric: GuardedMetric) -> Run {
    Run::of(guard(&[(5_000, 12 * HOUR_MS), (5_000, 12 * HOUR_MS)], vec![metric]))
}

/// A minute with a hundred requests in each arm and some noise.
fn block(minute: i64, control: f64, treatment: f64) -> Block {
    let noise = [0.0, 1.0, -1.0, 0.5, -0.5][usize::try_from(minute % 5).unwrap()];
    let arms = vec![(control + noise, 100.0), (treatment - noise, 100.0)];
    Block { start_ms: START_MS + minute * MINUTE_MS, arms }
}

fn evidence(run: &Run) -> Evidence {
    run.evaluate(START_MS + HOUR_MS).evidence.remove(0)
}

#[test]
fn thirty_minutes_are_needed_for_a_first_look_and_show_a_tripled_rate() {
    let mut run = rollout(prometheus(MetricKind::Ratio));
    for minute in 0..29 {
        run.state.add_blocks(&run.watch, 0, &[block(minute, 5.0, 15.0)]);
    }
    assert_eq!((evidence(&run).lane, evidence(&run).state), (Lane::Blocks, EvidenceState::NotEnoughData));
    run.state.add_blocks(&run.watch, 0, &[block(29, 5.0, 15.0)]);
    assert_eq!(evidence(&run).state, EvidenceState::Fired);
    // The noise of thirty minutes adds up to nothing: 450 against 150 of as many requests.
    assert!((evidence(&run).effect.unwrap() - 3.0_f64.ln()).abs() < 1e-9);
    let trips = run.evaluate(START_MS + HOUR_MS).trips;
    assert!(matches!(trips.as_slice(), [Trip::Metric { action: TriggerAction::Pause, .. }]), "{trips:?}");
}

#[test]
fn blocks_are_taken_once_in_the_order_of_time_and_empty_ones_are_no_failure() {
    let mut run = rollout(prometheus(MetricKind::Ratio));
    let blocks: Vec<Block> = (0..40).map(|minute| block(minute, 5.0, 5.0)).collect();
    run.state.add_blocks(&run.watch, 0, &blocks[..30]);
    run.state.add_blocks(&run.watch, 0, &blocks);
    assert_eq!(evidence(&run).n_treatment, 40);
    assert_eq!(run.state.last_block_ms(0), Some(START_MS + 39 * MINUTE_MS));
    let mut empty = block(40, f64::NAN, 5.0);
    run.state.add_blocks(&run.watch, 0, &[empty.clone()]);
    empty.arms[0] = (0.0, 0.0);
    empty.start_ms += MINUTE_MS;
    run.state.add_blocks(&run.watch, 0, &[empty, block(12 * 60 - 1, 5.0, 5.0)]);
    let mut across = block(12 * 60, 5.0, 5.0);
    across.start_ms -= 1;
    run.state.add_blocks(&run.watch, 0, &[across]);
    assert_eq!(evidence(&run).n_treatment, 41);
}

#[test]
fn hours_of_blocks_are_merged_and_nothing_is_lost() {
    let mut run = rollout(prometheus(MetricKind::Ratio));
    for minute in 0..700 {
        run.state.add_blocks(&run.watch, 0, &[block(minute, 5.0, 5.5)]);
        assert_eq!(evidence(&run).n_treatment, u64::try_from(minute).unwrap() + 1);
    }
    assert!((evidence(&run).effect.unwrap() - 1.1_f64.ln()).abs() < 1e-9);
    let documents = run.state.changes();
    let largest = documents.iter().map(|(_, document)| document.len()).max().unwrap();
    assert!(largest < 8 * 1_024, "{largest} bytes");
}

#[test]
fn a_fixed_value_fires_when_enough_of_the_latest_minutes_with_requests_fail() {
    let mut run = rollout(failing_above(0.1));
    let minute = |at: i64, errors: f64, requests: f64| Block {
        start_ms: START_MS + at * MINUTE_MS,
        arms: vec![(0.0, 1_000.0), (errors, requests)],
    };
    run.state.add_blocks(
        &run.watch,
        0,
        &[minute(0, 20.0, 100.0), minute(1, 40.0, 49.0), minute(2, 10.0, 100.0)],
    );
    assert_eq!((evidence(&run).state, evidence(&run).n_treatment), (EvidenceState::Watching, 2));
    run.state.add_blocks(&run.watch, 0, &[minute(3, 11.0, 100.0)]);
    assert_eq!(evidence(&run).state, EvidenceState::Fired);
    run.state.add_blocks(&run.watch, 0, &[minute(4, 0.0, 100.0)]);
    assert_eq!(evidence(&run).state, EvidenceState::Watching, "only the last three count");
    run.state.add_blocks(&run.watch, 0, &[minute(5, 11.0, 100.0)]);
    assert_eq!(evidence(&run).state, EvidenceState::Fired);
    run.change(|guard| guard.triggers.push(resumed("errors", 1)));
    assert_eq!(evidence(&run).state, EvidenceState::NoData, "since the resume nothing was seen");
}

#[test]
fn the_next_step_waits_when_three_minutes_in_a_row_are_missing() {
    let mut run = Run::of(guard(&[(5_000, HOUR_MS)], vec![prometheus(MetricKind::Ratio)]));
    let hold = Hold::NoAggregates { metric_id: "errors".to_owned() };
    let holds = |run: &Run, after_ms: i64| run.evaluate(START_MS + after_ms).holds;
    assert_eq!(holds(&run, 4 * MINUTE_MS), []);
    assert_eq!(holds(&run, 4 * MINUTE_MS + 1), std::slice::from_ref(&hold));
    run.state.add_blocks(&run.watch, 0, &[block(9, 5.0, 5.0)]);
    assert_eq!(holds(&run, 14 * MINUTE_MS), []);
    assert_eq!(holds(&run, 14 * MINUTE_MS + 1), [hold]);
}

#[test]
fn a_metric_that_asks_for_certainty_holds_until_harm_is_ruled_out() {
    let mut metric = prometheus(MetricKind::Ratio);
    metric.definition.require_noninferior = true;
    metric.definition.margin = 0.5;
    let mut run = rollout(metric);
    let hold = Hold::HarmNotRuledOut { metric_id: "errors".to_owned(), variant_id: variant(1) };
    for minute in 0..60 {
        assert_eq!(
            run.evaluate(START_MS + minute * MINUTE_MS).holds.contains(&hold),
            minute < 30,
            "{minute}"
        );
        run.state.add_blocks(&run.watch, 0, &[block(minute, 20.0, 20.0)]);
    }
}

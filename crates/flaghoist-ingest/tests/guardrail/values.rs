//! One value per subject, known when its window is over (lane B).

use crate::given::{HOUR_MS, MINUTE_MS, Run, START_MS, event, exposure, guard, halves, metric, resumed};
use flaghoist_ingest::guardrail::{Evidence, EvidenceState, GRACE_MS, Lane};
use flaghoist_model::metric::{Direction, MetricKind};

const DAY_MS: i64 = 24 * HOUR_MS;

/// A rollout at 50 % for a day, and then once more, that watches a value within an hour after the first exposure.
fn rollout(kind: MetricKind) -> Run {
    let mut latency = metric("latency", kind, Direction::IncreaseIsBad);
    latency.definition.window_ms = Some(HOUR_MS);
    Run::of(guard(&[(5_000, DAY_MS), (5_000, DAY_MS)], vec![latency]))
}

fn evidence(run: &Run) -> Evidence {
    run.evaluate(START_MS + DAY_MS).evidence.remove(0)
}

fn counts(run: &Run) -> (u64, u64) {
    (evidence(run).n_treatment, evidence(run).n_control)
}

/// The same after 200 controls with values around 100 have gone through their windows. Returns when.
fn prepared(kind: MetricKind) -> (Run, i64) {
    let mut run = rollout(kind);
    let (_, controls) = halves(&run.watch, 0, 200);
    for (control, value) in controls.iter().zip((0..).map(|at| 90.0 + f64::from(at % 21))) {
        run.take(&exposure(control, START_MS));
        run.take(&event("latency", control, START_MS + 1, Some(value)));
    }
    let ready_ms = START_MS + HOUR_MS + GRACE_MS;
    run.close_due(ready_ms);
    (run, ready_ms)
}

#[test]
fn values_are_complete_ten_seconds_after_their_window() {
    let (mut run, ready_ms) = prepared(MetricKind::Mean);
    let (treated, _) = halves(&run.watch, 1, 0);
    run.take_of(&treated, ready_ms, &[("latency", Some(120.0))]);
    let due_ms = ready_ms + HOUR_MS + GRACE_MS;
    assert_eq!(run.subjects[&treated[0]].due_at_ms(&run.watch), Some(due_ms));
    run.close_due(due_ms - 1);
    assert_eq!(counts(&run), (0, 0));
    run.close_due(due_ms);
    assert_eq!(counts(&run), (1, 0));
    assert_eq!(run.subjects[&treated[0]].due_at_ms(&run.watch), None);
}

#[test]
fn whoever_was_exposed_before_the_burn_in_was_complete_takes_no_part_in_either_arm() {
    let mut run = rollout(MetricKind::Mean);
    let (treated, controls) = halves(&run.watch, 40, 240);
    run.take_of(&controls[..200], START_MS, &[("latency", Some(100.0))]);
    run.take_of(&controls[200..220], START_MS + MINUTE_MS, &[("latency", Some(100.0))]);
    run.take_of(&treated[..20], START_MS + MINUTE_MS, &[("latency", Some(100.0))]);
    let ready_ms = START_MS + HOUR_MS + GRACE_MS;
    run.close_due(ready_ms);
    assert_eq!(evidence(&run).state, EvidenceState::NoData);
    run.take_of(&controls[220..], ready_ms, &[("latency", Some(100.0))]);
    run.take_of(&treated[20..], ready_ms, &[("latency", Some(100.0))]);
    run.close_due(START_MS + 3 * HOUR_MS);
    assert_eq!(counts(&run), (20, 20));
    assert_eq!((evidence(&run).lane, evidence(&run).state), (Lane::Values, EvidenceState::Watching));
}

#[test]
fn who_sends_nothing_counts_as_zero_except_in_a_mean() {
    for (kind, expected) in
        [(MetricKind::Count, (1, 0)), (MetricKind::Sum, (1, 0)), (MetricKind::Mean, (0, 0))]
    {
        let (mut run, ready_ms) = prepared(kind);
        let (treated, _) = halves(&run.watch, 1, 0);
        run.take_of(&treated, ready_ms, &[]);
        run.close_due(START_MS + DAY_MS);
        assert_eq!(counts(&run), expected, "{kind:?}");
    }
}

#[test]
fn what_happens_after_the_window_or_before_the_exposure_does_not_count() {
    let (mut run, ready_ms) = prepared(MetricKind::Sum);
    let (treated, controls) = halves(&run.watch, 2, 202);
    let (treated, controls) = (&treated, &controls[200..]);
    for (subject, value) in
        treated.iter().map(|subject| (subject, 110.0)).chain(controls.iter().map(|of| (of, 100.0)))
    {
        run.take(&event("latency", subject, ready_ms - 5_001, Some(10_000.0)));
        run.take(&exposure(subject, ready_ms));
        run.take(&event("latency", subject, ready_ms + HOUR_MS - 1, Some(value)));
        run.take(&event("latency", subject, ready_ms + HOUR_MS, Some(10_000.0)));
    }
    run.close_due(START_MS + DAY_MS);
    // The burn-in's cap is the 99.5 % quantile of 90..=110, 110.
    assert!((evidence(&run).effect.unwrap() - 1.1_f64.ln()).abs() < 1e-12, "{:?}", evidence(&run));
}

#[test]
fn a_window_ends_with_the_run() {
    let (mut run, ready_ms) = prepared(MetricKind::Mean);
    let (treated, _) = halves(&run.watch, 1, 0);
    run.take_of(&treated, ready_ms, &[("latency", Some(120.0))]);
    run.change(|guard| {
        guard.steps.pop();
        guard.steps[0].to = Some(crate::given::at(ready_ms + MINUTE_MS));
    });
    run.close_due(ready_ms + MINUTE_MS + GRACE_MS);
    assert_eq!(counts(&run), (1, 0));
}

#[test]
fn slow_treatments_are_found_and_a_resume_begins_again_with_who_comes_then() {
    let (mut run, ready_ms) = prepared(MetricKind::Mean);
    let (treated, controls) = halves(&run.watch, 300, 500);
    run.take_of(&treated, ready_ms, &[("latency", Some(110.0))]);
    run.take_of(&controls[200..], ready_ms, &[("latency", Some(100.0))]);
    run.close_due(START_MS + DAY_MS);
    assert_eq!(counts(&run), (300, 300));
    assert_eq!(evidence(&run).state, EvidenceState::Fired, "{:?}", evidence(&run));

    run.change(|guard| guard.triggers.push(resumed("latency", 1)));
    assert_eq!((evidence(&run).state, evidence(&run).log_e), (EvidenceState::NoData, 0.0));
    let second_ms = START_MS + DAY_MS;
    let (later, _) = halves(&run.watch, 301, 0);
    run.take_of(&later[300..], second_ms, &[("latency", Some(110.0))]);
    run.close_due(second_ms + 2 * HOUR_MS);
    assert_eq!(counts(&run), (1, 0));
}

#[test]
fn a_test_that_began_again_does_not_go_back_for_a_node_that_has_not_heard_of_it() {
    let (mut run, _) = prepared(MetricKind::Mean);
    let (treated, controls) = halves(&run.watch, 20, 230);
    let second_ms = START_MS + DAY_MS;
    run.change(|guard| guard.triggers.push(resumed("latency", 1)));
    run.take_of(&treated[..10], second_ms, &[("latency", Some(105.0))]);
    run.take_of(&controls[200..220], second_ms, &[("latency", Some(95.0))]);
    run.close_due(second_ms + 2 * HOUR_MS);
    let before = evidence(&run);
    assert!(before.log_e > 0.0, "{before:?}");
    let mut behind = run.clone();
    behind.change(|guard| guard.triggers.clear());
    behind.take_of(&controls[220..], second_ms + 2 * HOUR_MS, &[("latency", Some(95.0))]);
    behind.close_due(second_ms + 4 * HOUR_MS);
    behind.change(|guard| guard.triggers.push(resumed("latency", 1)));
    run.take_of(&controls[220..], second_ms + 2 * HOUR_MS, &[("latency", Some(95.0))]);
    run.close_due(second_ms + 4 * HOUR_MS);
    assert_eq!(evidence(&behind), evidence(&run));
    assert_ne!(evidence(&run), before);
}

#[test]
fn a_window_opens_at_the_first_exposure_in_a_step_that_is_tested() {
    let mut latency = metric("latency", MetricKind::Mean, Direction::IncreaseIsBad);
    latency.definition.window_ms = Some(HOUR_MS);
    let mut run = Run::of(guard(&[(0, DAY_MS), (5_000, DAY_MS)], vec![latency]));
    let (treated, controls) = halves(&run.watch, 20, 220);
    let everybody: Vec<String> = treated.iter().chain(&controls).cloned().collect();
    run.take_of(&everybody, START_MS, &[("latency", Some(100.0))]);
    run.close_due(START_MS + 2 * HOUR_MS);
    let second_ms = START_MS + DAY_MS;
    run.take_of(&controls[..200], second_ms, &[("latency", Some(100.0))]);
    let ready_ms = second_ms + HOUR_MS + GRACE_MS;
    run.close_due(ready_ms);
    // What was reported before the exposure of the step waits for it.
    run.take(&event("latency", &treated[0], ready_ms, Some(100.0)));
    run.take_of(&treated[..1], ready_ms, &[]);
    run.take_of(&treated[1..], ready_ms, &[("latency", Some(100.0))]);
    run.take_of(&controls[200..], ready_ms, &[("latency", Some(100.0))]);
    run.close_due(ready_ms + 2 * HOUR_MS);
    assert_eq!(counts(&run), (20, 20));
}

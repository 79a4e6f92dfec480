//! What fires, what does not act, and what the next step waits for.

use crate::given::{
    HOUR_MS, MINUTE_MS, Run, START_MS, at, errors, event, exposure, guard, halves, metric, orders, resumed,
    variant,
};
use flaghoist_ingest::guardrail::{Evaluation, EvidenceState, HealthCheck, Hold, Ignored, Outcome};
use flaghoist_model::guard::{Arm, GuardedMetric, HealthFinding, Shards, Trip};
use flaghoist_model::metric::{Direction, MetricKind, MetricSource};
use flaghoist_stats::Harm;
use flaghoist_stats::events::{Stratum, log_e};

fn rollout(metrics: Vec<GuardedMetric>) -> Run {
    Run::of(guard(&[(5_000, 12 * HOUR_MS), (5_000, 12 * HOUR_MS)], metrics))
}

fn evaluated(run: &Run) -> Evaluation {
    run.evaluate(START_MS + HOUR_MS)
}

/// What fired, in short.
fn fired(evaluation: &Evaluation) -> Vec<String> {
    let name = |trip: &Trip| match trip {
        Trip::Metric { metric_id, .. } => metric_id.clone(),
        Trip::Health { finding, .. } => finding.as_str().to_owned(),
    };
    evaluation.trips.iter().map(name).collect()
}

#[test]
fn evidence_is_that_of_the_exact_test_on_the_counts() {
    let mut run = rollout(vec![errors()]);
    let (treated, controls) = halves(&run.watch, 60, 30);
    run.take_of(&treated, START_MS, &[("error", None)]);
    run.take_of(&controls, START_MS, &[("error", None)]);
    let evaluation = evaluated(&run);
    let evidence = &evaluation.evidence[0];
    // The worked value of section 2.3: p = 0.5, 60 against 30 events.
    assert!((evidence.log_e - 3.50944).abs() < 1e-5, "{evidence:?}");
    assert!((evidence.lower.unwrap() - 0.0395).abs() < 1e-4, "{evidence:?}");
    assert!((evidence.effect.unwrap() - 2.0_f64.ln()).abs() < 1e-12);
    assert_eq!(fired(&evaluation), ["error"]);
}

#[test]
fn a_step_is_a_stratum_of_its_own_and_a_resume_leaves_the_earlier_ones_out() {
    let mut run = Run::of(guard(&[(500, HOUR_MS), (2_500, HOUR_MS), (5_000, HOUR_MS)], vec![errors()]));
    let all = |range| crate::given::subjects_in(&run.watch, range);
    let (always, never): (Vec<String>, Vec<String>) =
        (all(0..500).take(81).collect(), all(5_000..10_000).take(82).collect());
    let (mut treated, mut controls) = (always.as_slice(), never.as_slice());
    // The worked value of section 2.3 with three steps.
    for (step, (t, c)) in (0..).zip([(4, 21), (22, 31), (55, 30)]) {
        let at_ms = START_MS + step * HOUR_MS;
        run.take_of(&treated[..t], at_ms, &[("error", None)]);
        run.take_of(&controls[..c], at_ms, &[("error", None)]);
        (treated, controls) = (&treated[t..], &controls[c..]);
    }
    assert!((evaluated(&run).evidence[0].log_e - 6.77888).abs() < 1e-5);
    run.change(|guard| guard.triggers.push(resumed("error", 2)));
    let harm = Harm { direction: flaghoist_stats::Direction::IncreaseIsBad, log_margin: 0.0 };
    let last = [Stratum { p: 0.5, treatment: 55, control: 30 }];
    assert!((evaluated(&run).evidence[0].log_e - log_e(&last, harm)).abs() < 1e-12);
}

#[test]
fn what_fired_stays_fired_until_somebody_resumes() {
    let mut run = rollout(vec![errors()]);
    run.change(|guard| {
        guard.triggers.push(resumed("error", 0));
        guard.triggers[0].restarted_in = None;
    });
    assert_eq!(evaluated(&run).evidence[0].state, EvidenceState::Fired);
}

#[test]
fn exposures_that_one_arm_lacks_pause_the_rollout_and_silence_what_they_may_explain() {
    for (treated, controls, error_treated, error_controls, expected) in [
        // Controls are missing: more errors in the treatment may be the errors of controls that were not counted.
        (400, 200, 60, 20, vec!["sample_ratio_mismatch"]),
        // Treatments are missing: more errors among them are real.
        (200, 400, 60, 20, vec!["error", "sample_ratio_mismatch"]),
    ] {
        let mut run = rollout(vec![errors()]);
        let (treated, controls) = halves(&run.watch, treated, controls);
        run.take_of(&treated, START_MS, &[]);
        run.take_of(&controls, START_MS, &[]);
        for subject in treated[..error_treated].iter().chain(&controls[..error_controls]) {
            run.take(&event("error", subject, START_MS + 1, None));
        }
        let evaluation = evaluated(&run);
        assert_eq!(fired(&evaluation), expected);
        let is_silenced = expected.len() == 1;
        let state = if is_silenced { EvidenceState::Untrustworthy } else { EvidenceState::Fired };
        assert_eq!(evaluation.evidence[0].state, state);
        assert!(
            evaluation.health[0].is_found
                && evaluation.health[0].finding == HealthFinding::SampleRatioMismatch
        );

        run.change(|guard| guard.health_since = 1);
        assert!(!evaluated(&run).health[0].is_found, "a resume begins to count again");
    }
}

#[test]
fn the_level_of_health_checks_is_shared_by_the_treatments() {
    let mut guard = guard(&[(5_000, HOUR_MS)], vec![errors()]);
    guard.treatments = vec![
        Arm { variant_id: variant(1), shards: Some(Shards { start: 0, end: 5_000 }) },
        Arm { variant_id: variant(2), shards: Some(Shards { start: 5_000, end: 10_000 }) },
    ];
    let evaluation = evaluated(&Run::of(guard));
    assert_eq!(evaluation.health.len(), 4);
    assert!(evaluation.health.iter().all(|check| (check.threshold - 2_000_f64.ln()).abs() < 1e-12));
}

#[test]
fn exposures_stamped_later_in_one_arm_pause_the_rollout_and_silence_everything() {
    let mut run = rollout(vec![errors()]);
    let (treated, controls) = halves(&run.watch, 150, 150);
    run.take_of(&treated, START_MS, &[("error", None)]);
    for control in &controls {
        run.take(&event("error", control, START_MS, None));
        run.take(&exposure(control, START_MS + 3 * MINUTE_MS));
    }
    let evaluation = evaluated(&run);
    assert_eq!(fired(&evaluation), ["exposure_timing"]);
    assert_eq!(evaluation.evidence[0].state, EvidenceState::Untrustworthy);
    let timing = &evaluation.health[1];
    assert_eq!(
        (timing.finding, timing.n_treatment, timing.n_control),
        (HealthFinding::ExposureTiming, 0, 150)
    );
}

#[test]
fn a_treatment_that_stops_reporting_is_paused_where_silence_is_no_good_news() {
    let mut run = rollout(vec![errors(), orders()]);
    let (treated, controls) = halves(&run.watch, 400, 400);
    run.take_of(&treated[..10], START_MS, &[("order", None)]);
    run.take_of(&treated[10..], START_MS, &[]);
    run.take_of(&controls[..100], START_MS, &[("order", None)]);
    run.take_of(&controls[100..], START_MS, &[]);
    assert_eq!(fired(&evaluated(&run)), ["order", "reporting"]);
    assert!(
        rollout(vec![errors()])
            .evaluate(START_MS)
            .health
            .iter()
            .all(|check| check.finding != HealthFinding::Reporting)
    );
}

#[test]
fn what_costs_by_its_number_or_its_sum_is_no_sign_of_health() {
    for (kind, has_check) in [(MetricKind::Count, false), (MetricKind::Sum, false), (MetricKind::Mean, true)]
    {
        let run = rollout(vec![metric("refund", kind, Direction::IncreaseIsBad)]);
        let is_reporting = |check: &HealthCheck| check.finding == HealthFinding::Reporting;
        assert_eq!(run.evaluate(START_MS).health.iter().any(is_reporting), has_check, "{kind:?}");
    }
}

#[test]
fn a_loss_that_a_metric_tolerates_is_no_lack_of_reports() {
    for (margin, expected) in [(0.0, vec!["order", "reporting"]), (2.0, vec![])] {
        let mut orders = orders();
        orders.definition.margin = margin;
        let mut run = rollout(vec![orders]);
        let (treated, controls) = halves(&run.watch, 400, 400);
        // Three eighths as many report anything; a third is tolerated where orders may fall to one.
        run.take_of(&treated[..30], START_MS, &[("order", None)]);
        run.take_of(&treated[30..], START_MS, &[]);
        run.take_of(&controls[..80], START_MS, &[("order", None)]);
        run.take_of(&controls[80..], START_MS, &[]);
        assert_eq!(fired(&evaluated(&run)), expected, "margin {margin}");
    }
}

#[test]
fn the_next_step_waits_while_exposures_come_and_no_metric_hears_of_anybody() {
    let mut run = rollout(vec![errors(), orders()]);
    let (treated, _) = halves(&run.watch, 3, 0);
    let holds = |run: &Run, after_ms: i64| run.evaluate(START_MS + after_ms).holds;
    run.take(&exposure(&treated[0], START_MS + 30_000));
    assert_eq!(holds(&run, MINUTE_MS), []);
    assert_eq!(holds(&run, MINUTE_MS + 1), [Hold::NoMetricEvents]);
    assert_eq!(holds(&run, 2 * MINUTE_MS), [], "nobody is exposed any more");
    run.take(&exposure(&treated[1], START_MS + 2 * MINUTE_MS));
    run.take(&event("error", &treated[1], START_MS + 2 * MINUTE_MS, None));
    assert_eq!(holds(&run, 2 * MINUTE_MS), [Hold::NoMetricEvents], "errors are no sign of health");
    run.take(&event("order", &treated[1], START_MS + 2 * MINUTE_MS, None));
    assert_eq!(holds(&run, 2 * MINUTE_MS), []);
    let mut only_errors = rollout(vec![errors()]);
    only_errors.take(&exposure(&treated[2], START_MS + HOUR_MS));
    assert_eq!(holds(&only_errors, HOUR_MS), [], "a metric that is silent in good times says nothing");
}

#[test]
fn nothing_is_tested_while_everybody_is_treated() {
    let mut run = rollout(vec![errors()]);
    run.change(|guard| {
        guard.steps[0].exposed_end = 10_000;
        guard.steps[0].to = Some(at(START_MS + HOUR_MS));
    });
    let (treated, _) = halves(&run.watch, 200, 0);
    run.take_of(&treated, START_MS, &[("error", None)]);
    let evaluation = evaluated(&run);
    assert_eq!((evaluation.evidence[0].state, evaluation.trips.len()), (EvidenceState::NoData, 0));
}

#[test]
fn nothing_holds_a_step_in_which_nothing_is_tested() {
    let mut sure = orders();
    sure.definition.require_noninferior = true;
    let mut aggregates = metric("aggregates", MetricKind::Ratio, Direction::IncreaseIsBad);
    aggregates.definition.source = MetricSource::Prometheus { query: "errors".to_owned() };
    for (exposed_end, expected) in [(0, 0), (5_000, 3), (9_950, 0), (10_000, 0)] {
        let mut run = Run::of(guard(&[(exposed_end, HOUR_MS)], vec![sure.clone(), aggregates.clone()]));
        run.take(&exposure("alice", START_MS + HOUR_MS));
        assert_eq!(evaluated(&run).holds.len(), expected, "{exposed_end}: {:?}", evaluated(&run).holds);
    }
}

#[test]
fn a_rollout_without_a_step_in_force_says_what_it_has_seen_and_holds_nothing() {
    let mut sure = errors();
    sure.definition.require_noninferior = true;
    let mut run = rollout(vec![sure]);
    let (treated, controls) = halves(&run.watch, 60, 30);
    run.take_of(&treated, START_MS, &[("error", None)]);
    run.take_of(&controls, START_MS, &[("error", None)]);
    let before = evaluated(&run);
    run.change(|guard| {
        guard.steps.pop();
        guard.steps[0].to = Some(at(START_MS + MINUTE_MS));
    });
    let after = evaluated(&run);
    assert_eq!(
        (fired(&before), &after.evidence, &after.health),
        (fired(&after), &before.evidence, &before.health)
    );
    assert_eq!((fired(&after), after.holds.len()), (vec!["error".to_owned()], 0));
    let late = run.take(&event("error", &treated[0], START_MS + 2 * MINUTE_MS, None));
    assert_eq!(late, Outcome::Ignored(Ignored::BetweenSteps));
    run.change(|guard| guard.steps.clear());
    assert_eq!((evaluated(&run).trips, evaluated(&run).holds), (vec![], vec![]));
}

//! Sums over all subjects (lane C): ratios, means, counts per exposed subject, quantiles.

use crate::given::{HOUR_MS, Run, START_MS, event, events, exposure, guard, halves, metric};
use flaghoist_ingest::guardrail::{Evidence, EvidenceState, Ignored, Lane, Outcome};
use flaghoist_model::guard::GuardedMetric;
use flaghoist_model::metric::{Direction, MetricKind};

fn rollout(metric: GuardedMetric) -> Run {
    Run::of(guard(&[(5_000, 24 * HOUR_MS)], vec![metric]))
}

fn evidence(run: &Run) -> Evidence {
    run.evaluate(START_MS + HOUR_MS).evidence.remove(0)
}

fn errors_per_visit() -> GuardedMetric {
    let mut ratio = metric("errors-per-visit", MetricKind::Ratio, Direction::IncreaseIsBad);
    ratio.definition.source = events("error");
    ratio.definition.denominator = Some(events("visit"));
    ratio
}

fn assert_close(found: Option<f64>, expected: f64) {
    assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{found:?} instead of {expected}");
}

#[test]
fn a_ratio_divides_the_sums_of_both_sources() {
    let mut run = rollout(errors_per_visit());
    let (treated, controls) = halves(&run.watch, 1_000, 1_000);
    run.take_of(&treated, START_MS, &[("visit", None), ("visit", None), ("error", None)]);
    run.take_of(&controls[..500], START_MS, &[("visit", None), ("error", None)]);
    run.take_of(&controls[500..], START_MS, &[("visit", None), ("visit", None), ("visit", None)]);
    let evidence = evidence(&run);
    // 1000 errors in 2000 visits against 500 in 2000.
    assert_close(evidence.effect, 2.0_f64.ln());
    assert_eq!((evidence.n_treatment, evidence.n_control), (1_000, 1_000));
    assert_eq!((evidence.lane, evidence.state), (Lane::Ratios, EvidenceState::Fired));
    assert!(evidence.lower < evidence.effect && evidence.effect < evidence.upper);
}

#[test]
fn values_of_events_weigh_in_a_ratio_where_they_have_any() {
    let mut ratio = errors_per_visit();
    ratio.definition.source = events("revenue");
    let mut run = rollout(ratio);
    let (treated, controls) = halves(&run.watch, 200, 400);
    run.take_of(&controls[200..], START_MS, &[("revenue", Some(3.0))]);
    let later_ms = START_MS + 10;
    run.take_of(&treated, later_ms, &[("visit", None), ("revenue", Some(3.0))]);
    run.take_of(&controls[..100], later_ms, &[("visit", None), ("revenue", Some(1.0))]);
    run.take_of(&controls[100..200], later_ms, &[("visit", None), ("revenue", Some(2.0))]);
    assert_close(evidence(&run).effect, 2.0_f64.ln());
}

#[test]
fn there_is_no_look_before_a_hundred_subjects_in_each_arm_and_twenty_with_a_numerator() {
    for (treated, controls, nonzero, state) in [
        (99, 300, 99, EvidenceState::NotEnoughData),
        (300, 99, 300, EvidenceState::NotEnoughData),
        (300, 300, 19, EvidenceState::NotEnoughData),
        (300, 300, 20, EvidenceState::Watching),
    ] {
        let mut run = rollout(errors_per_visit());
        let (treated, controls) = halves(&run.watch, treated, controls);
        run.take_of(&treated[..nonzero], START_MS, &[("visit", None), ("error", None)]);
        run.take_of(&treated[nonzero..], START_MS, &[("visit", None)]);
        run.take_of(&controls, START_MS, &[("visit", None), ("error", None)]);
        assert_eq!(evidence(&run).state, state, "{nonzero} of {} and {}", treated.len(), controls.len());
    }
}

#[test]
fn a_mean_without_a_window_divides_by_the_number_of_values() {
    let mut run = rollout(metric("latency", MetricKind::Mean, Direction::IncreaseIsBad));
    let (treated, controls) = halves(&run.watch, 400, 600);
    run.take_of(&controls[400..], START_MS, &[("latency", Some(200.0))]);
    let later_ms = START_MS + 10;
    run.take_of(&treated[..200], later_ms, &[("latency", Some(100.0)), ("latency", Some(200.0))]);
    run.take_of(&treated[200..], later_ms, &[("latency", Some(150.0)), ("click", None)]);
    run.take_of(&controls[..200], later_ms, &[("latency", Some(90.0))]);
    run.take_of(&controls[200..400], later_ms, &[("latency", Some(110.0))]);
    assert_close(evidence(&run).effect, 1.5_f64.ln());
}

#[test]
fn a_count_without_a_window_is_per_exposed_subject_by_design() {
    let mut run = Run::of(guard(
        &[(2_000, 24 * HOUR_MS)],
        vec![metric("click", MetricKind::Count, Direction::DecreaseIsBad)],
    ));
    let treated: Vec<String> = crate::given::subjects_in(&run.watch, 0..2_000).take(400).collect();
    let controls: Vec<String> = crate::given::subjects_in(&run.watch, 2_000..10_000).take(1_600).collect();
    run.take_of(&treated[..200], START_MS, &[("click", None)]);
    run.take_of(&treated[200..], START_MS, &[("click", None), ("click", None), ("click", None)]);
    run.take_of(&controls, START_MS, &[("click", None)]);
    // 800 clicks at a share of 0.2 against 1600 at 0.8.
    assert_close(evidence(&run).effect, 2.0_f64.ln());
    assert_eq!((evidence(&run).n_treatment, evidence(&run).n_control), (400, 1_600));
}

#[test]
fn a_quantile_compares_what_is_beyond_the_one_of_the_first_800_of_the_control() {
    let mut p95 = metric("p95", MetricKind::Quantile, Direction::IncreaseIsBad);
    p95.definition.quantile = Some(0.95);
    let mut run = rollout(p95);
    let (treated, controls) = halves(&run.watch, 400, 1_200);
    for (control, value) in controls.iter().zip(1_u32..=800) {
        run.take(&exposure(control, START_MS));
        run.take(&event("p95", control, START_MS + 1, Some(f64::from(value))));
    }
    assert_eq!(evidence(&run).state, EvidenceState::NoData, "what it is learned from is not compared");
    // The threshold is the 760th of 1..=800, and 760 itself is not beyond it.
    let later_ms = START_MS + 10;
    run.take_of(&treated[..100], later_ms, &[("p95", Some(760.5))]);
    run.take_of(&treated[100..], later_ms, &[("p95", Some(760.0))]);
    run.take_of(&controls[800..850], later_ms, &[("p95", Some(761.0))]);
    run.take_of(&controls[850..], later_ms, &[("p95", Some(1.0))]);
    // 100 of 400 against 50 of 400.
    assert_close(evidence(&run).effect, 2.0_f64.ln());
    assert_eq!((evidence(&run).n_treatment, evidence(&run).n_control), (400, 400));
}

#[test]
fn a_margin_moves_the_threshold_that_the_treatment_is_held_against() {
    let mut p5 = metric("throughput", MetricKind::Quantile, Direction::DecreaseIsBad);
    p5.definition.quantile = Some(0.05);
    p5.definition.margin = 0.25;
    let mut run = rollout(p5);
    let (treated, controls) = halves(&run.watch, 400, 1_200);
    for (control, value) in controls.iter().zip(1_u32..=800) {
        run.take(&exposure(control, START_MS));
        run.take(&event("throughput", control, START_MS + 1, Some(f64::from(value))));
    }
    // As many exposures in both arms, or less in the treatment might be explained by what is missing.
    let (silent, _) = halves(&run.watch, 1_200, 0);
    run.take_of(&silent[400..], START_MS, &[]);
    // The threshold is 40; a treatment has to be below 40 / 1.25 = 32 to be worse than is tolerated.
    run.take_of(&treated[..100], START_MS + 10, &[("throughput", Some(31.5))]);
    run.take_of(&treated[100..], START_MS + 10, &[("throughput", Some(32.5))]);
    run.take_of(&controls[800..850], START_MS + 10, &[("throughput", Some(39.5))]);
    run.take_of(&controls[850..], START_MS + 10, &[("throughput", Some(40.5))]);
    assert_close(evidence(&run).effect, 2.0_f64.ln());
    assert_eq!(evidence(&run).state, EvidenceState::Fired);
}

/// A sum, a mean and a ratio of the values of "latency".
fn of_values() -> Vec<GuardedMetric> {
    let of = |kind| metric("latency", kind, Direction::IncreaseIsBad);
    let mut ratio = of(MetricKind::Ratio);
    ratio.definition.denominator = Some(events("visit"));
    vec![of(MetricKind::Sum), of(MetricKind::Mean), ratio]
}

#[test]
fn one_reader_with_a_huge_number_disarms_no_metric() {
    for metric in of_values() {
        let kind = metric.definition.kind;
        let mut run = rollout(metric);
        let (treated, controls) = halves(&run.watch, 300, 500);
        // The 199th of the 200 numbers of the burn-in is 1000.
        run.take_of(&controls[300..498], START_MS, &[("latency", Some(100.0))]);
        run.take_of(&controls[498..], START_MS, &[("latency", Some(1_000.0))]);
        assert_eq!(evidence(&run).effect, None, "what a cap is learned from is not compared: {kind:?}");
        let later_ms = START_MS + 10;
        run.take_of(&treated, later_ms, &[("visit", None), ("latency", Some(200.0))]);
        run.take_of(&controls[..299], later_ms, &[("visit", None), ("latency", Some(100.0))]);
        run.take_of(&controls[299..300], later_ms, &[("visit", None), ("latency", Some(1e15))]);
        assert_close(evidence(&run).effect, (60_000.0_f64 / 30_900.0).ln());
        for number in [1.1e15, -1.1e15, 1e308, f64::INFINITY, f64::NAN] {
            let huge = event("latency", &controls[0], later_ms, Some(number));
            assert_eq!(run.take(&huge), Outcome::Ignored(Ignored::NotWatched), "{number} in a {kind:?}");
        }
    }
}

#[test]
fn events_that_count_as_one_need_no_burn_in_and_a_number_among_them_is_no_weight() {
    let mut run = rollout(errors_per_visit());
    let (treated, controls) = halves(&run.watch, 200, 200);
    run.take_of(&treated, START_MS, &[("visit", None), ("visit", None), ("error", None)]);
    run.take_of(&controls, START_MS, &[("visit", None), ("error", None)]);
    run.take(&event("error", &controls[0], START_MS + 2, Some(1e15)));
    run.take(&event("visit", &treated[0], START_MS + 2, Some(1e15)));
    assert_close(evidence(&run).effect, 0.5_f64.ln());
}

/// Two steps at 10 %: in the first all arms have enough, in the second the control and the treatment have so many errors.
fn second_step(errors_of_treated: usize, errors_of_controls: usize) -> Run {
    let mut run = Run::of(guard(&[(1_000, HOUR_MS), (1_000, 24 * HOUR_MS)], vec![errors_per_visit()]));
    let treated: Vec<String> = crate::given::subjects_in(&run.watch, 0..1_000).take(200).collect();
    let controls: Vec<String> = crate::given::subjects_in(&run.watch, 1_000..10_000).take(1_800).collect();
    for (arm, errors, later) in [(&treated, 100, errors_of_treated), (&controls, 900, errors_of_controls)] {
        for (at_ms, errors) in [(START_MS, errors), (START_MS + HOUR_MS, later)] {
            run.take_of(arm, at_ms, &[("visit", None)]);
            for subject in &arm[..errors] {
                run.take(&event("error", subject, at_ms + 2, None));
            }
        }
    }
    run
}

#[test]
fn whether_a_step_is_compared_does_not_depend_on_what_the_treatment_turns_out_to_have() {
    // Not by the control and the design, which let a tenth of 45 errors expect, however many the treatment has.
    assert_close(evidence(&second_step(50, 45)).effect, 0.0);
    // By them, though the treatment has none where 100 were expected: as if it had a twentieth of that.
    let effect = evidence(&second_step(0, 900)).effect;
    assert_close(effect, 0.05_f64.ln() / 2.0);
    assert_close(evidence(&second_step(200, 900)).effect, 2.0_f64.ln() / 2.0);
}

//! What is counted, and in which arm and step.

use crate::given::{HOUR_MS, MINUTE_MS, Run, START_MS, errors, event, exposure, guard, orders, subject_in};
use flaghoist_ingest::Observation;
use flaghoist_ingest::guardrail::{Ignored, LATE_MS, Outcome};
use flaghoist_model::guard::HealthFinding;
use proptest::prelude::*;

/// 10 %, then 50 %.
fn ramp() -> Run {
    Run::of(guard(&[(1_000, HOUR_MS), (5_000, HOUR_MS)], vec![errors(), orders()]))
}

fn exposed(run: &Run) -> (u64, u64) {
    let evaluation = run.evaluate(START_MS + 2 * HOUR_MS);
    let check =
        evaluation.health.iter().find(|check| check.finding == HealthFinding::SampleRatioMismatch).unwrap();
    (check.n_treatment, check.n_control)
}

fn errors_of(run: &Run) -> (u64, u64) {
    run.counts_of(0, START_MS + 2 * HOUR_MS)
}

#[test]
fn a_subject_is_counted_in_the_arm_of_the_step_in_which_its_event_happened() {
    let mut run = ramp();
    let switcher = subject_in(&run.watch, 1_000..5_000, 0);
    run.take(&exposure(&switcher, START_MS + MINUTE_MS));
    assert_eq!(exposed(&run), (0, 1));
    run.take(&event("error", &switcher, START_MS + HOUR_MS + 1, None));
    assert_eq!(errors_of(&run), (1, 0));
    run.take(&event("error", &switcher, START_MS + HOUR_MS + 2, None));
    assert_eq!(errors_of(&run), (1, 0), "once");
}

#[test]
fn an_earlier_event_that_comes_late_moves_its_subject_to_the_step_it_happened_in() {
    let mut run = ramp();
    let switcher = subject_in(&run.watch, 1_000..5_000, 0);
    run.take(&exposure(&switcher, START_MS + MINUTE_MS));
    run.take(&event("error", &switcher, START_MS + HOUR_MS + 1, None));
    run.take_at(&event("error", &switcher, START_MS + HOUR_MS - 1, None), START_MS + HOUR_MS + 2);
    assert_eq!(errors_of(&run), (0, 1));
}

#[test]
fn an_earlier_exposure_that_comes_late_takes_the_place_of_the_first() {
    let mut run = ramp();
    let switcher = subject_in(&run.watch, 1_000..5_000, 0);
    run.take(&exposure(&switcher, START_MS + HOUR_MS + 1));
    assert_eq!(exposed(&run), (1, 0));
    run.take_at(&exposure(&switcher, START_MS + 1), START_MS + HOUR_MS + 2);
    assert_eq!(exposed(&run), (0, 1));
}

#[test]
fn an_event_counts_only_once_an_exposure_is_known_that_was_at_most_five_seconds_later() {
    let mut run = ramp();
    let subject = subject_in(&run.watch, 0..1_000, 0);
    run.take(&event("error", &subject, START_MS + 10_000, None));
    assert_eq!(errors_of(&run), (0, 0));
    run.take(&exposure(&subject, START_MS + 15_001));
    assert_eq!(errors_of(&run), (0, 0));
    run.take_at(&exposure(&subject, START_MS + 15_000), START_MS + 20_000);
    assert_eq!(errors_of(&run), (1, 0));
}

#[test]
fn exposures_of_an_earlier_run_let_events_count_but_are_no_new_subjects() {
    let mut run = ramp();
    let subject = subject_in(&run.watch, 0..1_000, 0);
    run.take(&exposure(&subject, START_MS + 1));
    run.take(&event("error", &subject, START_MS + 2, None));
    run.state = flaghoist_ingest::guardrail::RunState::default();
    run.change(|guard| guard.run = 2);
    run.take(&event("error", &subject, START_MS + 3, None));
    run.take(&exposure(&subject, START_MS + 4));
    assert_eq!((errors_of(&run), exposed(&run)), ((1, 0), (0, 0)));
}

#[test]
fn a_step_in_which_nothing_is_tested_spends_no_first_event() {
    for exposed_end in [0, 10_000] {
        let steps = [(exposed_end, HOUR_MS), (5_000, HOUR_MS)];
        let mut run = Run::of(guard(&steps, vec![errors(), orders()]));
        let subject = subject_in(&run.watch, 0..5_000, 0);
        run.take(&exposure(&subject, START_MS + 1));
        run.take(&event("error", &subject, START_MS + 2, None));
        assert_eq!(errors_of(&run), (0, 0));
        run.take(&event("error", &subject, START_MS + HOUR_MS + 1, None));
        assert_eq!(errors_of(&run), (1, 0), "{exposed_end}");
        run.take_at(&event("error", &subject, START_MS + 3, None), START_MS + HOUR_MS + 2);
        assert_eq!(errors_of(&run), (1, 0), "an earlier one of the untested step takes no place");
    }
}

#[test]
fn what_a_node_takes_that_has_not_heard_of_the_latest_run_brings_no_earlier_one_back() {
    let mut run = ramp();
    let subject = subject_in(&run.watch, 0..1_000, 0);
    run.change(|guard| guard.run = 2);
    run.take(&exposure(&subject, START_MS + 1));
    run.take(&event("error", &subject, START_MS + 2, None));
    let (latest, state) = (run.subjects[&subject].clone(), run.state.clone());
    run.change(|guard| guard.run = 1);
    for observation in [exposure(&subject, START_MS + 3), event("error", &subject, START_MS + 3, None)] {
        assert_eq!(run.take(&observation), Outcome::Ignored(Ignored::OldRun));
    }
    assert_eq!((&run.subjects[&subject], &run.state), (&latest, &state));
}

#[test]
fn what_is_out_of_time_or_elsewhere_is_ignored() {
    let mut run = ramp();
    run.change(|guard| guard.steps[0].to = Some(crate::given::at(START_MS + MINUTE_MS)));
    let late = START_MS + 3 * HOUR_MS + LATE_MS;
    let elsewhere = |flag: &str, allocation: Option<&str>| {
        let Observation::Exposure(mut exposure) = exposure("alice", START_MS) else { unreachable!() };
        exposure.flag = flag.to_owned();
        exposure.allocation = allocation.map(str::to_owned);
        Observation::Exposure(exposure)
    };
    let cases = [
        (exposure("alice", START_MS - 1), START_MS, Ignored::BeforeRun),
        (event("error", "alice", START_MS - 1, None), START_MS, Ignored::BeforeRun),
        (exposure("alice", START_MS + 5 * MINUTE_MS + 1), START_MS, Ignored::InFuture),
        (exposure("alice", START_MS), late, Ignored::TooLate),
        (event("error", "alice", START_MS + 2 * MINUTE_MS, None), START_MS + HOUR_MS, Ignored::BetweenSteps),
        (event("click", "alice", START_MS, None), START_MS, Ignored::NotWatched),
        (elsewhere("other", None), START_MS, Ignored::Elsewhere),
        (elsewhere("checkout", Some("other")), START_MS, Ignored::Elsewhere),
    ];
    for (observation, now_ms, why) in cases {
        assert_eq!(run.take_at(&observation, now_ms), Outcome::Ignored(why), "{observation:?}");
    }
    assert_eq!(
        run.take(&elsewhere("checkout", None)),
        Outcome::Taken,
        "the reporter may not know the allocation"
    );
}

#[test]
fn logged_variants_are_compared_with_the_hash_except_in_the_minutes_after_a_step() {
    let mut run = ramp();
    let treated = subject_in(&run.watch, 0..1_000, 0);
    let logged = |variant: &str, at_ms: i64| {
        let Observation::Exposure(mut exposure) = exposure(&treated, at_ms) else { unreachable!() };
        exposure.variant = Some(variant.to_owned());
        Observation::Exposure(exposure)
    };
    run.take(&logged("off", START_MS + 5 * MINUTE_MS - 1));
    assert_eq!(run.evaluate(START_MS + HOUR_MS).mismatched_share, None);
    run.take(&logged("off", START_MS + 5 * MINUTE_MS));
    run.take(&logged("on", START_MS + 6 * MINUTE_MS));
    assert_eq!(run.evaluate(START_MS + HOUR_MS).mismatched_share, Some(0.5));
    assert_eq!(exposed(&run), (1, 0), "whatever was logged, the hash says the arm");
}

/// Exposures and events of a few subjects, some of them before exposures, some twice.
fn observations() -> impl Strategy<Value = Vec<Observation>> {
    let one = (0_usize..6, 0_i64..2 * 60 * 6, 0_u8..5).prop_map(|(subject, tick, kind)| {
        let (subject, at_ms) = (format!("subject-{subject}"), START_MS + tick * 10_000);
        match kind {
            0 | 1 => exposure(&subject, at_ms),
            2 | 3 => event("error", &subject, at_ms, None),
            _ => event("order", &subject, at_ms, None),
        }
    });
    prop::collection::vec(one, 1..60)
}

proptest! {
    #[test]
    fn what_is_counted_does_not_depend_on_the_order_of_arrival_nor_on_repetition_nor_on_a_restart(
        (sorted, shuffled) in observations().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        repeated in 0_usize..60,
        restart in 0_usize..60,
    ) {
        let now_ms = START_MS + 3 * HOUR_MS;
        let mut expected = ramp();
        for observation in &sorted {
            expected.take_at(observation, now_ms);
        }
        let mut run = ramp();
        for (at, observation) in shuffled.iter().enumerate() {
            run.take_at(observation, now_ms);
            if at == restart {
                run = run.restarted();
            }
            if at == repeated {
                run.take_at(observation, now_ms);
            }
        }
        prop_assert_eq!(run.evaluate(now_ms), expected.evaluate(now_ms));
    }
}

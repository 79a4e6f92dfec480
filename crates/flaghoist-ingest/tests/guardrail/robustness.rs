//! Reports that come twice, late, in any order, and a server that is restarted (section 5, item 5).

use crate::given::{HOUR_MS, Random, Run, START_MS, errors, event, events, exposure, guard, metric, time_of};
use flaghoist_ingest::Observation;
use flaghoist_ingest::guardrail::{Evidence, RunState};
use flaghoist_model::metric::{Direction, MetricKind};

fn rollout() -> Run {
    let mut ratio = metric("ratio", MetricKind::Ratio, Direction::IncreaseIsBad);
    ratio.definition.source = events("error");
    ratio.definition.denominator = Some(events("visit"));
    let mut latency = metric("latency", MetricKind::Mean, Direction::IncreaseIsBad);
    latency.definition.window_ms = Some(HOUR_MS);
    Run::of(guard(&[(1_000, 2 * HOUR_MS), (5_000, 4 * HOUR_MS)], vec![errors(), ratio, latency]))
}

/// Visits of some hundred subjects, in the order of time, each exposed at its first.
fn observations() -> Vec<Observation> {
    let mut random = Random::new(5);
    let mut all = Vec::new();
    for at_ms in (0..6 * HOUR_MS).step_by(5_000) {
        let subject = format!("subject-{}", random.next() % 1_500);
        let at_ms = START_MS + at_ms;
        all.push(exposure(&subject, at_ms));
        all.push(event("visit", &subject, at_ms + 1, None));
        all.push(event("latency", &subject, at_ms + 1, Some(100.0 + 20.0 * random.uniform())));
        if random.uniform() < 0.1 {
            all.push(event("error", &subject, at_ms + 2, None));
        }
    }
    all
}

const END_MS: i64 = START_MS + 8 * HOUR_MS;

/// Takes what arrives at given times, and closes windows every minute.
fn played(mut arrivals: Vec<(i64, Observation)>, restart_at_ms: Option<i64>) -> Run {
    arrivals.sort_by_key(|(arrives_ms, _)| *arrives_ms);
    let mut run = rollout();
    let (mut closed_ms, mut is_restarted) = (START_MS, restart_at_ms.is_none());
    for (arrives_ms, observation) in arrivals {
        while closed_ms + 60_000 <= arrives_ms {
            closed_ms += 60_000;
            run.close_due(closed_ms);
        }
        if !is_restarted && restart_at_ms.is_some_and(|restart_at_ms| restart_at_ms <= arrives_ms) {
            run = run.restarted();
            is_restarted = true;
        }
        run.take_at(&observation, arrives_ms);
    }
    run.close_due(END_MS);
    run
}

fn on_time() -> Vec<(i64, Observation)> {
    observations().into_iter().map(|observation| (time_of(&observation), observation)).collect()
}

fn evidence(run: &Run) -> Vec<Evidence> {
    run.evaluate(END_MS).evidence
}

#[test]
fn a_restart_in_the_middle_changes_nothing() {
    let plain = played(on_time(), None);
    let restarted = played(on_time(), Some(START_MS + 3 * HOUR_MS));
    assert_eq!(evidence(&restarted), evidence(&plain));
    assert_ne!(plain.state, RunState::default());
    let counted: Vec<bool> =
        evidence(&plain).iter().map(|of| of.n_treatment > 100 && of.log_e != 0.0).collect();
    assert_eq!(counted, [true, true, true], "{:?}", evidence(&plain));
}

#[test]
fn late_events_and_another_order_change_neither_counts_nor_evidence_of_first_events_and_sums() {
    let plain = evidence(&played(on_time(), None));
    let mut random = Random::new(6);
    let late = |(at_ms, observation): (i64, Observation)| {
        let is_late = matches!(observation, Observation::Event(_)) && random.uniform() < 0.1;
        (if is_late { at_ms + 2 * HOUR_MS } else { at_ms }, observation)
    };
    assert_eq!(evidence(&played(on_time().into_iter().map(late).collect(), None))[..2], plain[..2]);

    let shuffled = on_time().into_iter().map(|(_, observation)| {
        (END_MS - 1_000 + i64::try_from(random.next() % 1_000).unwrap(), observation)
    });
    assert_eq!(evidence(&played(shuffled.collect(), None))[..2], plain[..2]);
}

#[test]
fn everything_reported_twice_changes_neither_counts_nor_evidence() {
    let plain = evidence(&played(on_time(), None));
    let twice = on_time().into_iter().flat_map(|one| [one.clone(), one]).collect();
    let doubled = evidence(&played(twice, None));
    assert_eq!(doubled[0], plain[0]);
    assert_eq!((doubled[1].n_treatment, doubled[1].n_control), (plain[1].n_treatment, plain[1].n_control));
    assert!((doubled[1].log_e - plain[1].log_e).abs() < 1e-9);
    assert!(
        (doubled[2].log_e - plain[2].log_e).abs() < 1e-9,
        "a mean does not change when all values come twice"
    );
}

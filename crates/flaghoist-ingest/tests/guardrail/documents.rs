//! What is kept: documents of subjects and cells.

use crate::given::{
    HOUR_MS, MINUTE_MS, Run, START_MS, errors, event, events, exposure, guard, halves, metric,
};
use flaghoist_ingest::guardrail::{CellKey, LATE_MS, PENDING_MAX, RunState, SKEW_MS, StateError, Subject};
use flaghoist_model::metric::{Direction, MetricKind};

#[test]
fn a_document_of_another_version_is_refused_by_name() {
    let document = Subject::default().encode();
    assert_eq!(Subject::decode(&document), Ok(Subject::default()));
    assert_eq!(Subject::decode(&[]), Err(StateError::Empty));
    let mut other = document.clone();
    other[0] = 9;
    assert_eq!(
        Subject::decode(&other).unwrap_err().to_string(),
        "the document has version 9; only 1 can be read"
    );
    let mut longer = document.clone();
    longer.push(0);
    assert!(matches!(Subject::decode(&longer), Err(StateError::Damaged { .. })));
    assert!(matches!(Subject::decode(&document[..2]), Err(StateError::Damaged { .. })));
}

#[test]
fn a_cell_under_a_key_that_its_kind_does_not_have_is_refused() {
    let mut run = Run::of(guard(&[(5_000, HOUR_MS)], vec![errors()]));
    let (treated, _) = halves(&run.watch, 1, 0);
    run.take_of(&treated, START_MS, &[("error", None)]);
    let changes = run.state.changes();
    let keys: Vec<(i64, i64)> = changes.iter().map(|(key, _)| (key.metric, key.step)).collect();
    assert_eq!(keys, [(-1, -1), (-1, 0), (0, 0)]);
    for (_, document) in &changes {
        let key = CellKey { metric: -2, step: 0 };
        assert!(matches!(RunState::decode([(key, document.as_slice())]), Err(StateError::Key { .. })));
    }
    assert!(RunState::decode([(CellKey { metric: 0, step: 0 }, [1, 99].as_slice())]).is_err());
}

#[test]
fn only_what_changed_is_written_again() {
    let mut run = Run::of(guard(&[(5_000, HOUR_MS)], vec![errors()]));
    let (treated, _) = halves(&run.watch, 1, 0);
    run.take_of(&treated, START_MS, &[("error", None)]);
    run.state.kept();
    run.take_of(&treated, START_MS + MINUTE_MS, &[("error", None)]);
    let keys: Vec<(i64, i64)> = run.state.changes().iter().map(|(key, _)| (key.metric, key.step)).collect();
    assert_eq!(keys, [(-1, -1)], "a repeated event changes the totals of the run only");
}

#[test]
fn cells_and_subjects_are_small() {
    let mut ratio = metric("ratio", MetricKind::Ratio, Direction::IncreaseIsBad);
    ratio.definition.source = events("error");
    ratio.definition.denominator = Some(events("visit"));
    let mut run = Run::of(guard(&[(5_000, HOUR_MS)], vec![errors(), ratio]));
    let (treated, controls) = halves(&run.watch, 500, 500);
    for arm in [&treated, &controls] {
        run.take_of(arm, START_MS, &[("visit", None), ("error", None)]);
    }
    let changes = run.state.changes();
    let size =
        |metric: i64| changes.iter().find(|(key, _)| key.metric == metric && key.step == 0).unwrap().1.len();
    // Of both arms together.
    assert!(size(0) <= 2 * 64, "{} bytes of first events", size(0));
    assert!(size(1) <= 2 * 2_048, "{} bytes of sums", size(1));
    let largest = run.subjects.values().map(|subject| subject.encode().len()).max().unwrap();
    assert!(largest <= 64, "{largest} bytes of a subject");
}

#[test]
fn what_waits_for_an_exposure_is_bounded_and_forgotten_after_a_day() {
    let mut run = Run::of(guard(&[(5_000, 72 * HOUR_MS)], vec![errors()]));
    let (treated, _) = halves(&run.watch, 1, 0);
    for second in 0..10 * 32 {
        run.take(&event("error", &treated[0], START_MS + second * 1_000, None));
    }
    let waiting = run.subjects[&treated[0]].encode().len();
    assert!(waiting <= 20 * PENDING_MAX, "{waiting} bytes");
    let oldest_ms = START_MS + (320 - 32) * 1_000;
    assert_eq!(run.subjects[&treated[0]].due_at_ms(&run.watch), Some(oldest_ms + LATE_MS + SKEW_MS));
    run.close_due(START_MS + 320_000 + LATE_MS + SKEW_MS);
    assert_eq!(run.subjects[&treated[0]].due_at_ms(&run.watch), None);
    run.take_at(&exposure(&treated[0], START_MS + 320_000), START_MS + 320_000 + LATE_MS);
    assert_eq!(run.counts_of(0, START_MS + 30 * HOUR_MS), (0, 0));
}

#[test]
fn what_a_cap_is_learned_from_is_small() {
    let mut ratio = metric("revenue", MetricKind::Ratio, Direction::DecreaseIsBad);
    ratio.definition.denominator = Some(events("visit"));
    let mut run = Run::of(guard(&[(5_000, HOUR_MS)], vec![ratio]));
    let (_, controls) = halves(&run.watch, 0, 199);
    run.take_of(&controls, START_MS, &[("revenue", Some(19.99))]);
    let changes = run.state.changes();
    let (_, document) = changes.iter().find(|(key, _)| *key == CellKey { metric: 0, step: -1 }).unwrap();
    assert!(document.len() <= 2_048, "{} bytes", document.len());
    assert_eq!(run.restarted().state.changes(), []);
}

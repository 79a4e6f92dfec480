//! One value per subject: what happens within a window after its first exposure in a step that is tested, known once the
//! window is over.

use super::cells::{RestartedTest, slot};
use super::learning::Learned;
use super::measure::{Measure, PerSubject};
use super::real::real;
use super::run_state::RunState;
use super::selection::Selected;
use super::subject::{Mark, Subject, WindowsBegin};
use super::watch::{ArmIndex, Watch, Watched};
use flaghoist_stats::values::{Frozen, ValueTest, freeze};

/// How many values of the control a test is prepared with (section 2.4). Where they do not suffice, because all are 0, as
/// many again.
const BURN_IN: usize = 200;
/// A metric of which so many values of the control do not suffice is not tested: it is too rare for one value per subject.
const BURN_IN_MAX: usize = 16 * BURN_IN;

/// Closes the windows of a subject that are over and forgets what expired. Whether the subject has to be written back.
///
/// Call it for the subjects whose [`Subject::due_at_ms`] has come.
pub fn close_due(watch: &Watch, state: &mut RunState, subject: &mut Subject, now_ms: i64) -> bool {
    if subject.due_at_ms(watch).is_none_or(|due_at_ms| now_ms < due_at_ms) {
        return false;
    }
    subject.expire(now_ms);
    let due = subject.open_windows(watch).filter(|(_, closes_at_ms)| *closes_at_ms <= now_ms);
    for (metric, _) in due.collect::<Vec<_>>() {
        close(watch, state, subject, metric, now_ms);
    }
    true
}

/// Opens the windows of a subject with an exposure, or moves their beginning to one that is earlier than what was thought
/// to be the first in a tested step. Whether it did either.
///
/// A subject has one value per run, so it is not spent on a step in which nothing is tested.
pub(crate) fn begin(watch: &Watch, subject: &mut Subject, at_ms: i64, step: u32) -> bool {
    let metrics = watch.watched().filter(|(_, watched)| matches!(watched.measure, Measure::Window { .. }));
    let mut metrics = metrics.map(|(metric, _)| metric).peekable();
    let begin = subject.windows_begin;
    if metrics.peek().is_none() || !watch.is_tested(step) || begin.is_some_and(|begin| begin.at_ms <= at_ms) {
        return false;
    }
    subject.windows_begin = Some(WindowsBegin { at_ms, step });
    if begin.is_none() {
        subject.marks.extend(metrics.map(|metric| (metric, Mark::Open { sum: 0.0, count: 0 })));
    }
    true
}

/// Adds what happened at a time, if the window is open and it was within.
pub(crate) fn add(subject: &mut Subject, selected: Selected, at_ms: i64, window_ms: i64) {
    let end_ms = subject.windows_begin.map_or(i64::MIN, |begin| begin.at_ms.saturating_add(window_ms));
    if let Some(Mark::Open { sum, count }) = subject.marks.get_mut(&selected.metric)
        && at_ms < end_ms
    {
        *sum += selected.value;
        *count += 1;
    }
}

fn close(watch: &Watch, state: &mut RunState, subject: &mut Subject, metric: u16, now_ms: i64) {
    let Some(Mark::Open { sum, count }) = subject.marks.insert(metric, Mark::Closed) else { return };
    let Some((watched, begin)) = watch.metric(metric).zip(subject.windows_begin) else { return };
    let Measure::Window { of, winsor_quantile, .. } = watched.measure else { return };
    let Some(arm) = watch.label(subject.buckets, begin.step) else { return };
    let value = match of {
        PerSubject::Count => real(count),
        PerSubject::Sum => sum,
        PerSubject::Mean if count == 0 => return,
        PerSubject::Mean => sum / real(count),
    };
    let tests = state.tests.change(metric);
    match &mut tests.learned {
        Learned::Learning(values) => {
            if arm == 0 && values.len() < BURN_IN_MAX {
                values.push(value);
                let frozen =
                    values.len().is_multiple_of(BURN_IN).then(|| freeze(values, winsor_quantile)).flatten();
                if let Some(what) = frozen {
                    tests.learned = Learned::Since { at_ms: now_ms, what };
                }
            }
        }
        Learned::Since { at_ms, what } => {
            let (ready_at_ms, frozen) = (*at_ms, *what);
            if ready_at_ms <= begin.at_ms {
                let unit = Unit { metric, watched, step: begin.step, arm, value };
                unit.enter(watch, state, &frozen);
            }
        }
    }
}

/// A value that takes part in the tests of its metric.
struct Unit<'w> {
    metric: u16,
    watched: &'w Watched,
    step: u32,
    arm: ArmIndex,
    value: f64,
}

impl Unit<'_> {
    /// A control takes part in the tests of all treatments. Those that began again meet only who was exposed since, and do
    /// not go back for a node that has not heard of it yet.
    fn enter(&self, watch: &Watch, state: &mut RunState, frozen: &Frozen) {
        let Self { metric, watched, step, arm, value } = *self;
        let mut is_tested = false;
        for treatment in watch.treatments().filter(|treatment| arm == 0 || arm == *treatment) {
            let restarted = slot(&mut state.tests.change(metric).tests, treatment);
            let since = watched.since(treatment).max(restarted.since);
            let Some(p) = watch.p(step, treatment).filter(|_| since <= step) else { continue };
            if restarted.since < since {
                *restarted = RestartedTest { since, test: ValueTest::new() };
            }
            restarted.test.observe(frozen, watched.harm, p, arm == treatment, value);
            is_tested = true;
        }
        if is_tested {
            let moments = &mut state.moments.change((metric, step)).0;
            slot(moments, arm).add(value.clamp(0.0, frozen.cap));
        }
    }
}

//! How schedules move: the table of section 2 of `rollouts.md`, gates, the clock, the flag, and what must not be lost.

use crate::given::{Ids, allocation, enabled, later, letters, now, replace, schedule};
use flaghoist_model::Rejection;
use flaghoist_model::allocation::{AllocationDraft, TriggerAction};
use flaghoist_model::definition::EntryDefinition;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::schedule::{
    Cause, Command, Deed, PauseReason, Schedule, ScheduleDraft, ScheduleStatus, StepDraft,
    Strategy as RolloutStrategy,
};
use jiff::Timestamp;
use proptest::prelude::*;

/// A step of a ratio, so many seconds, and whether it is a pause.
type Step = (f64, Option<i64>, bool);

fn draft(steps: &[Step]) -> ScheduleDraft {
    let steps = steps.iter().map(|(ratio, seconds, is_pause)| StepDraft {
        exposure_ratio: Some(*ratio),
        interval_ms: seconds.map(|seconds| seconds * 1_000),
        is_pause_record: Some(*is_pause),
        grouped_step_index: Some(0),
        ..StepDraft::default()
    });
    ScheduleDraft {
        strategy: Some(RolloutStrategy::UniformIntervals),
        steps: Some(steps.collect()),
        ..ScheduleDraft::default()
    }
}

fn saved_by(draft: ScheduleDraft, entry: &FlagEnvironment, flag: &Flag, at: Timestamp) -> FlagEnvironment {
    let ramp = AllocationDraft { schedule: Some(draft), ..allocation("ramp", &[("b", 100.0)]) };
    replace(flag, entry, vec![ramp], &Ids::default(), at).unwrap().settled(flag, false, at)
}

fn the(entry: &FlagEnvironment) -> &Schedule {
    entry.allocations[0].schedule.as_ref().unwrap()
}

fn saved(steps: &[Step]) -> Schedule {
    let flag = letters();
    the(&saved_by(draft(steps), &enabled(&flag), &flag, now())).clone()
}

/// Ten seconds, twenty seconds, and for good.
fn three() -> Schedule {
    saved(&[(0.1, Some(10), false), (0.5, Some(20), false), (1.0, None, false)])
}

fn after(schedule: &Schedule, command: Command, seconds: i64) -> Schedule {
    schedule.commanded(command, later(seconds)).unwrap().0
}

fn at(schedule: &Schedule) -> (ScheduleStatus, Option<usize>, f64) {
    (schedule.progress.status, schedule.progress.position, schedule.exposure_ratio())
}

/// A schedule in each status.
fn in_each_status() -> [(ScheduleStatus, Schedule); 6] {
    let fresh = three();
    let flag = letters();
    let waiting = ScheduleDraft { absolute_start_time: Some(later(60)), ..draft(&[(1.0, None, false)]) };
    let waiting = the(&saved_by(waiting, &enabled(&flag), &flag, now())).clone();
    let running = after(&fresh, Command::Start, 0);
    let paused = after(&running, Command::Pause, 1);
    let stopped = after(&running, Command::Stop, 1);
    let ended = after(&saved(&[(0.4, None, false)]), Command::Start, 0);
    [
        (ScheduleStatus::NotStarted, fresh),
        (ScheduleStatus::Scheduled, waiting),
        (ScheduleStatus::Running, running),
        (ScheduleStatus::Paused, paused),
        (ScheduleStatus::Completed, ended),
        (ScheduleStatus::Aborted, stopped),
    ]
}

#[test]
fn each_command_does_in_each_status_what_the_table_says() {
    use ScheduleStatus::{Aborted, Completed, Paused, Running};
    let table = [
        (Command::Start, [Some(Running), Some(Completed), None, None, None, Some(Running)]),
        (Command::Pause, [None, None, Some(Paused), None, None, None]),
        (Command::Resume, [None, None, None, Some(Running), None, None]),
        (Command::Stop, [None, Some(Aborted), Some(Aborted), Some(Aborted), None, None]),
    ];
    for (command, expected) in table {
        for ((status, schedule), expected) in in_each_status().into_iter().zip(expected) {
            assert_eq!(schedule.progress.status, status);
            let result = schedule.commanded(command, later(2));
            match (result, expected) {
                (Ok((after, transition)), Some(expected)) => {
                    assert_eq!(after.progress.status, expected, "{command:?} of {status:?}");
                    assert_eq!((transition.status, transition.cause), (expected, Cause::Request));
                    assert_eq!(transition.sequence, schedule.progress.sequence + 1);
                }
                (Err(Rejection::Conflict(fault)), None) => assert!(fault.message.contains(status.as_str())),
                (result, _) => panic!("{command:?} of {status:?}: {result:?}"),
            }
        }
    }
}

#[test]
fn a_guardrail_pauses_what_runs_and_stops_what_is_on() {
    use ScheduleStatus::{Aborted, Paused};
    for (status, schedule) in in_each_status() {
        let tripped = |action| {
            schedule.tripped(action, PauseReason::Guardrail, later(2)).map(|(after, _)| after.progress.status)
        };
        let is_running = status == ScheduleStatus::Running;
        assert_eq!(tripped(TriggerAction::Pause), is_running.then_some(Paused), "{status:?}");
        assert_eq!(tripped(TriggerAction::Abort), schedule.is_on().then_some(Aborted), "{status:?}");
    }
}

#[test]
fn only_a_rollout_that_is_on_or_through_exposes_anybody() {
    let ratios = in_each_status().map(|(_, schedule)| schedule.exposure_ratio().to_string());
    assert_eq!(ratios, ["0", "0", "0.1", "0.1", "0.4", "0"]);
}

#[test]
fn steps_do_not_drift_however_late_somebody_looks() {
    let running = after(&three(), Command::Start, 0);
    assert!(running.advanced(later(9)).is_none());
    let (second, transition) = running.advanced(later(17)).unwrap();
    assert_eq!(at(&second), (ScheduleStatus::Running, Some(1), 0.5));
    assert_eq!((transition.due_at, transition.at), (later(10), later(17)));
    assert!(second.advanced(later(29)).is_none());
    let (third, _) = second.advanced(later(30)).unwrap();
    assert_eq!(at(&third), (ScheduleStatus::Completed, Some(2), 1.0));
    assert!(third.advanced(later(1_000_000)).is_none());
}

#[test]
fn a_pause_right_on_the_boundary_leaves_nothing_of_the_step() {
    let running = after(&three(), Command::Start, 0);
    for (paused_at, remaining_ms) in [(3, 7_000), (10, 0), (25, 0)] {
        let paused = after(&running, Command::Pause, paused_at);
        assert_eq!(paused.progress.remaining_ms, Some(remaining_ms));
        assert_eq!(paused.due_at(), None);
        let resumed = after(&paused, Command::Resume, 100);
        assert_eq!(resumed.due_at(), Some(later(100 + remaining_ms / 1_000)));
    }
}

#[test]
fn a_clock_that_went_back_makes_no_step_longer_or_earlier() {
    let second = after(&three(), Command::Start, 0).advanced(later(10)).unwrap().0;
    assert!(second.advanced(later(-3_600)).is_none());
    let paused = after(&second, Command::Pause, -3_600);
    assert_eq!(paused.progress.remaining_ms, Some(20_000));
    let resumed = after(&paused, Command::Resume, -3_600);
    assert_eq!(resumed.due_at(), Some(later(30)), "not before the step was entered");
}

#[test]
fn gates_wait_for_somebody_or_for_their_own_time() {
    let steps = [
        (0.1, Some(10), false),
        (0.1, None, true),
        (0.2, Some(10), false),
        (0.2, Some(5), true),
        (0.3, None, false),
        (0.3, None, true),
    ];
    let gate = after(&saved(&steps), Command::Start, 0).advanced(later(10)).unwrap().0;
    assert_eq!((at(&gate), gate.due_at()), ((ScheduleStatus::Paused, Some(1), 0.1), None));
    assert_eq!(gate.progress.pause_reason, Some(PauseReason::Gate));
    let third = after(&gate, Command::Resume, 100);
    assert_eq!(at(&third), (ScheduleStatus::Running, Some(2), 0.2));
    let timed = third.advanced(later(110)).unwrap().0;
    assert_eq!((timed.progress.status, timed.due_at()), (ScheduleStatus::Paused, Some(later(115))));
    let open = timed.advanced(later(115)).unwrap().0;
    assert_eq!((at(&open), open.due_at()), ((ScheduleStatus::Paused, Some(4), 0.3), None));
    let last = after(&open, Command::Resume, 200);
    assert_eq!(at(&last), (ScheduleStatus::Paused, Some(5), 0.3));
    assert_eq!(at(&after(&last, Command::Resume, 300)), (ScheduleStatus::Completed, Some(5), 0.3));
}

#[test]
fn a_flag_that_is_off_stops_every_clock_and_starts_nothing() {
    let hold = |schedule: &Schedule, seconds: i64| schedule.settled(false, later(seconds));
    let release = |schedule: &Schedule, seconds: i64| schedule.settled(true, later(seconds));
    let running = after(&three(), Command::Start, 0);
    let (held, transition) = hold(&running, 4);
    assert_eq!(held.progress.pause_reason, Some(PauseReason::Inactive));
    assert_eq!(transition.map(|made| (made.deed, made.cause)), Some((Deed::Paused, Cause::Flag)));
    assert_eq!(hold(&held, 5), (held.clone(), None), "once is enough");
    let (free, transition) = release(&held, 1_000);
    assert_eq!((free.due_at(), transition.map(|made| made.deed)), (Some(later(1_006)), Some(Deed::Resumed)));

    let gate = saved(&[(0.1, Some(10), true), (1.0, None, false)]);
    let (held, transition) = hold(&after(&gate, Command::Start, 0), 4);
    assert_eq!((held.due_at(), transition), (None, None));
    assert_eq!(release(&held, 100).0.due_at(), Some(later(106)));

    let [_, (_, scheduled), _, (_, paused), ..] = in_each_status();
    let (held, _) = hold(&scheduled, 1);
    assert_eq!(held.due_at(), None);
    assert_eq!(release(&held, 10).0.due_at(), Some(later(60)));
    assert_eq!(release(&held, 100).0.due_at(), Some(later(100)), "it starts now, not back then");
    let (held, _) = hold(&paused, 4);
    assert_eq!(release(&held, 8).0.progress.pause_reason, Some(PauseReason::User));
    assert!(matches!(held.commanded(Command::Resume, later(5)), Err(Rejection::Invalid(_))));
    assert!(held.commanded(Command::Stop, later(5)).is_ok(), "what takes exposure back always works");
}

#[test]
fn content_that_was_stopped_and_changed_waits_for_somebody_and_counts_on() {
    let flag = letters();
    let entry = saved_by(draft(&[(0.1, Some(10), false), (1.0, None, false)]), &enabled(&flag), &flag, now());
    let id = the(&entry).id;
    let entry = entry.commanded(id, Command::Start, false, &flag, later(1)).unwrap();
    let entry = entry.commanded(id, Command::Stop, false, &flag, later(2)).unwrap();
    let eager =
        ScheduleDraft { autostart: Some(true), ..draft(&[(0.2, Some(10), false), (1.0, None, false)]) };
    let changed = saved_by(eager, &entry, &flag, later(3));
    assert_eq!((the(&changed).id, the(&changed).progress.status), (id, ScheduleStatus::NotStarted));
    let again = changed.commanded(id, Command::Start, false, &flag, later(4)).unwrap();
    assert_eq!((the(&again).progress.run, the(&again).progress.sequence), (2, 3));
}

#[test]
fn a_start_time_that_passed_while_somebody_decided_starts_nothing() {
    let flag = letters();
    let wanted = ScheduleDraft { absolute_start_time: Some(later(60)), ..draft(&[(1.0, None, false)]) };
    let proposed = EntryDefinition::from(&saved_by(wanted, &enabled(&flag), &flag, now()));
    let applied = |seconds: i64| {
        let entry = enabled(&flag);
        let entry = entry.with_definition(&proposed, &flag, &crate::given::no_filters(), later(seconds));
        the(&entry.unwrap().settled(&flag, false, later(seconds))).progress.status
    };
    assert_eq!(applied(30), ScheduleStatus::Scheduled);
    assert_eq!(applied(90), ScheduleStatus::NotStarted);
}

#[test]
fn how_far_a_schedule_has_come_is_no_part_of_its_definition() {
    let flag = letters();
    let entry = saved_by(draft(&[(0.1, Some(10), false), (1.0, None, false)]), &enabled(&flag), &flag, now());
    let running = entry.commanded(the(&entry).id, Command::Start, false, &flag, later(1)).unwrap();
    assert_eq!(EntryDefinition::from(&entry).hash(), EntryDefinition::from(&running).hash());
    assert_eq!(EntryDefinition::from(&entry), EntryDefinition::from(&running));
}

#[test]
fn schedules_of_earlier_versions_are_read() {
    let mut stored = serde_json::to_value(three()).unwrap();
    let members = stored.as_object_mut().unwrap();
    members.remove("progress");
    members.remove("is_approved");
    for (name, status) in
        [("NOT_STARTED", ScheduleStatus::NotStarted), ("COMPLETED", ScheduleStatus::Completed)]
    {
        stored["status"] = name.into();
        let read: Schedule = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(read.progress.status, status);
        assert_eq!(read.due_at(), None);
    }
    stored["status"] = "SCHEDULED".into();
    stored["absolute_start_time"] = later(60).to_string().into();
    let read: Schedule = serde_json::from_value(stored).unwrap();
    assert_eq!(read.due_at(), Some(later(60)));
    let now = three();
    let again: Schedule = serde_json::from_value(serde_json::to_value(&now).unwrap()).unwrap();
    assert_eq!(again, now);
}

#[test]
fn a_timeline_is_what_the_rollout_then_does() {
    let steps = [(0.1, Some(10), false), (0.1, Some(5), true), (0.5, None, false), (1.0, None, false)];
    let told = |schedule: &Schedule, start: Timestamp| {
        let entries = schedule.timeline(start).entries.into_iter();
        let told =
            entries.map(|entry| (entry.position, entry.at, entry.exposure_ratio, entry.waits_for_resume));
        told.collect::<Vec<_>>()
    };
    let expected = vec![
        (0, later(100), 0.1, false),
        (1, later(110), 0.1, false),
        (2, later(115), 0.5, true),
        (3, later(115), 1.0, false),
    ];
    let fresh = saved(&steps);
    assert_eq!(told(&fresh, later(100)), expected);
    assert!(!fresh.timeline(later(100)).runs_by_itself() && three().timeline(now()).runs_by_itself());
    let second = after(&fresh, Command::Start, 100).advanced(later(110)).unwrap().0;
    assert_eq!(told(&second, later(112)), expected[1..], "a run that is on is told from where it is");
    let paused = after(&after(&three(), Command::Start, 0), Command::Pause, 4);
    assert_eq!(told(&paused, later(100))[1], (1, later(106), 0.5, false), "as if it were resumed now");
    let gate = the_gate();
    assert_eq!(told(&gate, later(5)), [(1, later(5), 0.3, false)]);
}

fn the_gate() -> Schedule {
    let flag = letters();
    the(&saved_by(schedule(RolloutStrategy::NoRollout, &[0.1, 0.3]), &enabled(&flag), &flag, now())).clone()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0_u32..=100, prop::option::of(1_i64..20), any::<bool>()), 1..7).prop_map(
        |mut steps| {
            steps.sort_by_key(|(ratio, ..)| *ratio);
            steps
                .into_iter()
                .map(|(ratio, seconds, is_pause)| (f64::from(ratio) / 100.0, seconds, is_pause))
                .collect()
        },
    )
}

#[derive(Clone, Debug)]
enum Play {
    Time(i64),
    Command(Command),
    Flag(bool),
}

fn play() -> impl Strategy<Value = Play> {
    prop_oneof![
        4 => (-5_i64..30).prop_map(Play::Time),
        3 => (0_usize..4).prop_map(|index| Play::Command(Command::ALL[index])),
        1 => any::<bool>().prop_map(Play::Flag),
    ]
}

proptest! {
    /// Section 6 of `rollouts.md`: the ratio falls only with a stop, no step is skipped, and none is left early.
    #[test]
    fn whatever_happens_exposure_grows_step_by_step(steps in steps(), plays in prop::collection::vec(play(), 1..40)) {
        let mut present = saved(&steps);
        let mut seconds = 0;
        for play in plays {
            let mut moves = Vec::new();
            match play {
                Play::Time(by) => {
                    seconds += by;
                    while let Some((next, made)) = moves.last().map_or(&present, |(next, _)| next).advanced(later(seconds)) {
                        moves.push((next, made));
                    }
                }
                Play::Command(command) => moves.extend(present.commanded(command, later(seconds)).ok()),
                Play::Flag(is_active) => {
                    let (next, made) = present.settled(is_active, later(seconds));
                    match made {
                        Some(made) => moves.push((next, made)),
                        None => present = next,
                    }
                }
            }
            for (next, made) in moves {
                prop_assert_eq!(made.sequence, present.progress.sequence + 1);
                prop_assert!(made.exposure_ratio >= present.exposure_ratio() || made.deed == Deed::Stopped);
                let was_on = present.is_on();
                if let (true, Some(before), Some(now)) = (was_on, present.progress.position, next.progress.position) {
                    prop_assert!(now == before || now == before + 1, "{} to {}", before, now);
                }
                if made.cause == Cause::Timer {
                    prop_assert!(made.due_at <= made.at);
                    let entered = present.progress.step_entered_at;
                    prop_assert!(entered.is_none_or(|entered| entered <= made.due_at));
                }
                present = next;
            }
        }
    }
}

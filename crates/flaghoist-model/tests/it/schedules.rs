use crate::given::{
    Ids, allocation, enabled, faults, later, letters, now, pointers, replace, schedule, serving,
};
use flaghoist_model::Rejection;
use flaghoist_model::allocation::{AllocationDraft, GuardrailDraft, TriggerAction};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::schedule::{Schedule, ScheduleDraft, ScheduleStatus, StepDraft, Strategy};

fn scheduled(draft: ScheduleDraft) -> Result<FlagEnvironment, Rejection> {
    let flag = letters();
    let allocation = AllocationDraft { schedule: Some(draft), ..allocation("ramp", &[("b", 100.0)]) };
    replace(&flag, &enabled(&flag), vec![allocation], &Ids::default(), now())
}

fn saved(draft: ScheduleDraft) -> Schedule {
    scheduled(draft).unwrap().allocations.remove(0).schedule.unwrap()
}

#[test]
fn no_rollout_is_live_on_save_with_its_last_ratio() {
    let schedule = saved(schedule(Strategy::NoRollout, &[0.1, 0.3]));
    assert_eq!((schedule.progress.status, schedule.exposure_ratio()), (ScheduleStatus::Completed, 0.3));
}

#[test]
fn a_start_in_the_future_exposes_nobody_and_one_in_the_past_counts() {
    let at =
        |start| ScheduleDraft { absolute_start_time: Some(start), ..schedule(Strategy::NoRollout, &[1.0]) };
    let future = saved(at(later(60)));
    assert_eq!((future.progress.status, future.exposure_ratio()), (ScheduleStatus::Scheduled, 0.0));
    let past = saved(at(later(-60)));
    assert_eq!((past.progress.status, past.exposure_ratio()), (ScheduleStatus::Completed, 1.0));
}

#[test]
fn uniform_intervals_expose_nobody_until_they_are_started() {
    let schedule = saved(schedule(Strategy::UniformIntervals, &[0.5, 1.0]));
    assert_eq!((schedule.progress.status, schedule.exposure_ratio()), (ScheduleStatus::NotStarted, 0.0));
}

#[test]
fn steps_without_an_interval_take_the_selected_one_but_for_the_last() {
    let draft = ScheduleDraft {
        selection_interval_ms: Some(60_000),
        ..schedule(Strategy::UniformIntervals, &[0.1, 0.5, 1.0])
    };
    let intervals: Vec<Option<i64>> = saved(draft).steps.iter().map(|step| step.interval_ms).collect();
    assert_eq!(intervals, [Some(60_000), Some(60_000), None]);
}

#[test]
fn an_interval_of_zero_means_unset() {
    let draft =
        ScheduleDraft { selection_interval_ms: Some(0), ..schedule(Strategy::UniformIntervals, &[0.1, 1.0]) };
    assert!(saved(draft).steps.iter().all(|step| step.interval_ms.is_none()));
}

#[test]
fn exposure_only_grows_over_steps_that_are_no_pauses() {
    let falling = scheduled(schedule(Strategy::UniformIntervals, &[0.5, 0.4]));
    assert_eq!(pointers(falling), ["/data/0/attributes/exposure_schedule/rollout_steps/1/exposure_ratio"]);

    let mut paused = schedule(Strategy::UniformIntervals, &[0.5, 0.0, 0.6]);
    if let Some(step) = paused.steps.as_mut().and_then(|steps| steps.get_mut(1)) {
        step.is_pause_record = Some(true);
    }
    assert!(scheduled(paused).is_ok());
}

#[test]
fn every_fault_of_a_schedule_is_reported() {
    let step = |ratio, interval_ms, group| StepDraft {
        exposure_ratio: Some(ratio),
        interval_ms: Some(interval_ms),
        is_pause_record: Some(false),
        grouped_step_index: Some(group),
        ..StepDraft::default()
    };
    let draft = ScheduleDraft {
        strategy: Some(Strategy::UniformIntervals),
        selection_interval_ms: Some(999),
        steps: Some(vec![step(1.5, 1_000, 1), step(1.0, 999, 0)]),
        control_variant_key: Some("z".to_owned()),
        ..ScheduleDraft::default()
    };
    let base = "/data/0/attributes/exposure_schedule";
    assert_eq!(
        pointers(scheduled(draft)),
        [
            format!("{base}/control_variant_key"),
            format!("{base}/rollout_options/selection_interval_ms"),
            format!("{base}/rollout_steps/0/exposure_ratio"),
            format!("{base}/rollout_steps/1/grouped_step_index"),
            format!("{base}/rollout_steps/1/interval_ms"),
        ]
    );
    let empty = ScheduleDraft { steps: Some(Vec::new()), ..schedule(Strategy::NoRollout, &[]) };
    assert!(faults(scheduled(empty))[0].contains("1 to 1000 steps"));
}

#[test]
fn the_control_is_not_the_only_weighted_variant_and_guardrails_need_one() {
    let alone = ScheduleDraft {
        control_variant_key: Some("b".to_owned()),
        ..schedule(Strategy::UniformIntervals, &[1.0])
    };
    assert!(faults(scheduled(alone))[0].contains("the only weighted variant"));

    let flag = letters();
    let guarded = || AllocationDraft {
        schedule: Some(schedule(Strategy::UniformIntervals, &[1.0])),
        guardrails: vec![GuardrailDraft {
            metric_id: Some("errors".to_owned()),
            trigger_action: Some(TriggerAction::Abort),
        }],
        ..allocation("ramp", &[("b", 100.0)])
    };
    let without_default = FlagEnvironment { default_variant_id: None, ..enabled(&flag) };
    let refused = replace(&flag, &without_default, vec![guarded()], &Ids::default(), now());
    assert!(faults(refused)[0].contains("control_variant_id: is needed"));
    assert!(replace(&flag, &enabled(&flag), vec![guarded()], &Ids::default(), now()).is_ok());
}

#[test]
fn a_repeated_schedule_keeps_its_ids_and_times() {
    let flag = letters();
    let ids = Ids::default();
    let draft = || AllocationDraft {
        schedule: Some(schedule(Strategy::UniformIntervals, &[0.5, 1.0])),
        ..allocation("ramp", &[("b", 100.0)])
    };
    let first = replace(&flag, &enabled(&flag), vec![draft()], &ids, now()).unwrap();
    let second = replace(&flag, &first, vec![draft()], &ids, later(60)).unwrap();
    assert_eq!(first.allocations, second.allocations);
}

#[test]
fn steps_that_are_named_continue_and_no_two_continue_the_same() {
    let flag = letters();
    let ids = Ids::default();
    let with = |draft: ScheduleDraft| AllocationDraft {
        schedule: Some(draft),
        ..allocation("ramp", &[("b", 100.0)])
    };
    let first = serving(&flag, vec![with(schedule(Strategy::UniformIntervals, &[0.5, 1.0]))]);
    let steps = &first.allocations[0].schedule.as_ref().unwrap().steps;
    let mut named = schedule(Strategy::UniformIntervals, &[0.6, 0.8, 1.0]);
    if let Some(drafts) = named.steps.as_mut() {
        drafts[0].id = Some(steps[1].id);
    }
    let second = replace(&flag, &first, vec![with(named)], &ids, later(1)).unwrap();
    let continued = &second.allocations[0].schedule.as_ref().unwrap().steps;
    assert_eq!(continued[0].id, steps[1].id);
    let mut unique: Vec<_> = continued.iter().map(|step| step.id).collect();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 3);
}

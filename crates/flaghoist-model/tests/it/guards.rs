//! Guarded runs: what is frozen when they begin, what was in force when, what readers get of the control, and what is
//! left of what fired. By decisions 15 to 18 and 22, and section 7 of `rollouts.md`.

use crate::given::{Ids, allocation, enabled, later, letters, no_filters, now, replace};
use flaghoist_eval::wire;
use flaghoist_model::Faults;
use flaghoist_model::allocation::{AllocationDraft, GuardrailDraft, TriggerAction};
use flaghoist_model::compile::compile_flag;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::guard::{Guard, Guarding, HealthFinding, Shards, Trip};
use flaghoist_model::id::{ProjectId, ScheduleId, VariantId};
use flaghoist_model::metric::{Metric, MetricDefinition, MetricDraft, MetricSource, SourceDraft, SourceType};
use flaghoist_model::schedule::{
    Cause, Command, Deed, PauseReason, Schedule, ScheduleDraft, ScheduleStatus, StepDraft, Strategy,
};
use std::sync::Arc;
use uuid::Uuid;

fn errors() -> MetricDefinition {
    let source = SourceDraft {
        source_type: Some(SourceType::Events),
        event: Some("checkout.error".to_owned()),
        ..SourceDraft::default()
    };
    let draft = MetricDraft { id: Some("errors".to_owned()), source: Some(source), ..MetricDraft::default() };
    Metric::create(draft, ProjectId(Uuid::nil()), now(), Faults::new()).unwrap().definition
}

fn watched_by(metrics: Vec<MetricDefinition>) -> Arc<Guarding> {
    Arc::new(Guarding { metrics, ..Guarding::default() })
}

/// Steps of ten seconds each, the last for good.
fn ramp(
    ratios: &[f64],
    weights: &[(&str, f64)],
    control: &str,
    actions: &[(&str, TriggerAction)],
) -> AllocationDraft {
    let last = ratios.len() - 1;
    let steps = ratios.iter().enumerate().map(|(place, ratio)| StepDraft {
        exposure_ratio: Some(*ratio),
        interval_ms: (place < last).then_some(10_000),
        ..StepDraft::default()
    });
    let schedule = ScheduleDraft {
        strategy: Some(Strategy::UniformIntervals),
        steps: Some(steps.collect()),
        control_variant_key: Some(control.to_owned()),
        ..ScheduleDraft::default()
    };
    let guardrail = |(metric, action): &(&str, TriggerAction)| GuardrailDraft {
        metric_id: Some((*metric).to_owned()),
        trigger_action: Some(*action),
    };
    AllocationDraft {
        schedule: Some(schedule),
        guardrails: actions.iter().map(guardrail).collect(),
        ..allocation("ramp", weights)
    }
}

struct World {
    flag: Flag,
    entry: FlagEnvironment,
    ids: Ids,
}

impl World {
    fn with(draft: AllocationDraft) -> Self {
        let (flag, ids) = (letters(), Ids::default());
        let mut entry =
            replace(&flag, &enabled(&flag), vec![draft], &ids, now()).unwrap().settled(&flag, false, now());
        entry.guarding = watched_by(vec![errors()]);
        Self { flag, entry, ids }
    }

    /// 5 %, 50 %, everybody; b against a; errors stop it.
    fn usual() -> Self {
        Self::with(ramp(&[0.05, 0.5, 1.0], &[("b", 100.0)], "a", &[("errors", TriggerAction::Abort)]))
    }

    fn schedule(&self) -> &Schedule {
        self.entry.allocations[0].schedule.as_ref().unwrap()
    }

    fn id(&self) -> ScheduleId {
        self.schedule().id
    }

    fn guard(&self) -> &Guard {
        self.schedule().progress.guard.as_deref().unwrap()
    }

    fn variant(&self, key: &str) -> VariantId {
        self.flag.variant_by_key(key).unwrap().id
    }

    fn does(&mut self, command: Command, seconds: i64) {
        self.entry = self.entry.commanded(self.id(), command, false, &self.flag, later(seconds)).unwrap();
        self.entry.transitions.clear();
    }

    fn advances(&mut self, seconds: i64) {
        self.entry = self.entry.advanced(self.id(), None, later(seconds)).unwrap();
        self.entry.transitions.clear();
    }

    fn trips(&mut self, trips: &[Trip], seconds: i64) -> bool {
        let evaluated = self.guard().clone();
        let after = self.entry.tripped(self.id(), &evaluated, trips, &self.ids, later(seconds));
        let is_new = after.is_some();
        self.entry = after.unwrap_or_else(|| self.entry.clone());
        is_new
    }

    fn harm(&self, action: TriggerAction, log_e: f64) -> Trip {
        Trip::Metric { metric_id: "errors".to_owned(), variant_id: self.variant("b"), action, log_e }
    }

    fn splits(&self) -> Vec<(String, Vec<wire::ShardRange>, Option<i64>)> {
        let flag = compile_flag(&self.flag, &self.entry, &no_filters()).unwrap();
        let Some(allocation) = flag.allocations.into_iter().find(|allocation| allocation.key == "ramp")
        else {
            return Vec::new();
        };
        assert!(allocation.do_log);
        let split = |split: wire::Split| {
            let ranges = split.shards.iter().flat_map(|shard| shard.ranges.clone()).collect();
            (split.variation_key, ranges, split.serial_id)
        };
        allocation.splits.into_iter().map(split).collect()
    }

    fn shares(&self) -> Vec<(String, Vec<(u32, u32)>)> {
        let shares = |(key, ranges, _): (String, Vec<wire::ShardRange>, _)| {
            (key, ranges.iter().map(|range| (range.start, range.end)).collect())
        };
        self.splits().into_iter().map(shares).collect()
    }
}

fn share(key: &str, ranges: &[(u32, u32)]) -> (String, Vec<(u32, u32)>) {
    (key.to_owned(), ranges.to_vec())
}

#[test]
fn whoever_is_not_exposed_by_a_guarded_run_is_served_the_control_and_reported_too() {
    let mut world = World::usual();
    assert_eq!(world.shares(), []);
    world.does(Command::Start, 1);
    assert_eq!(world.shares(), [share("b", &[(0, 500)]), share("a", &[(500, 10_000)])]);
    world.advances(11);
    assert_eq!(world.shares(), [share("b", &[(0, 5_000)]), share("a", &[(5_000, 10_000)])]);
    world.does(Command::Stop, 12);
    assert_eq!(world.shares(), []);
}

#[test]
fn splits_have_other_numbers_in_every_step_and_run() {
    let mut world = World::usual();
    let mut seen = std::collections::BTreeSet::new();
    for run in 0..2_i64 {
        world.does(Command::Start, run * 100);
        let of_step =
            |world: &World| world.splits().into_iter().map(|split| split.2.unwrap()).collect::<Vec<_>>();
        assert_eq!(of_step(&world).len(), 2);
        seen.extend(of_step(&world));
        assert_eq!(seen.len(), usize::try_from(run).unwrap() * 4 + 2);
        world.advances(run * 100 + 10);
        seen.extend(of_step(&world));
        world.does(Command::Stop, run * 100 + 15);
    }
    assert_eq!(seen.len(), 8);
    assert!(seen.iter().all(|number| (0..=i64::from(i32::MAX)).contains(number)));
}

#[test]
fn a_weighted_control_is_compared_by_its_own_buckets_and_the_others_pass_through() {
    let weights = [("a", 20.0), ("b", 30.0), ("c", 50.0)];
    let mut world = World::with(ramp(&[0.5, 1.0], &weights, "a", &[("errors", TriggerAction::Pause)]));
    world.does(Command::Start, 1);
    let exposed = (0, 5_000);
    let expected = [
        share("a", &[exposed, (0, 2_000)]),
        share("b", &[exposed, (2_000, 5_000)]),
        share("c", &[exposed, (5_000, 10_000)]),
    ];
    assert_eq!(world.shares(), expected);
    let guard = world.guard();
    assert_eq!(
        (guard.control.variant_id, guard.control.shards),
        (world.variant("a"), Some(Shards { start: 0, end: 2_000 }))
    );
    let treatments: Vec<VariantId> = guard.treatments.iter().map(|arm| arm.variant_id).collect();
    assert_eq!(treatments, [world.variant("b"), world.variant("c")]);
}

#[test]
fn a_run_is_guarded_by_the_metrics_that_are_defined_when_it_begins() {
    let undefined = ramp(&[0.05, 1.0], &[("b", 100.0)], "a", &[("unknown", TriggerAction::Abort)]);
    let mut world = World::with(undefined);
    world.does(Command::Start, 1);
    assert_eq!(world.schedule().progress.guard, None);
    assert_eq!(world.shares(), [share("b", &[(0, 500)])], "the complement passes through");

    let mut world = World::usual();
    world.does(Command::Start, 1);
    world.entry.guarding = watched_by(Vec::new());
    world.advances(11);
    assert_eq!(world.guard().metrics[0].definition, errors(), "what is changed later changes no run");
}

#[test]
fn a_guarded_run_that_leaves_some_out_stays_watched_at_its_last_step() {
    let mut world =
        World::with(ramp(&[0.05, 0.5], &[("b", 100.0)], "a", &[("errors", TriggerAction::Pause)]));
    world.does(Command::Start, 1);
    world.advances(11);
    let stands = |world: &World| (world.schedule().progress.status, world.schedule().due_at());
    assert_eq!(stands(&world), (ScheduleStatus::Running, None));
    world.does(Command::Pause, 20);
    world.does(Command::Resume, 30);
    assert_eq!(stands(&world), (ScheduleStatus::Running, None));
    assert!(world.entry.advanced(world.id(), None, later(10_000)).is_none());

    let mut world = World::usual();
    world.does(Command::Start, 1);
    world.advances(11);
    world.advances(21);
    assert_eq!(stands(&world), (ScheduleStatus::Completed, None), "nobody is left to compare with");
    assert_eq!(world.guard().current_step(), None);
}

#[test]
fn a_guarded_step_lasts_its_whole_interval_however_late_it_was_entered() {
    let mut world = World::usual();
    world.does(Command::Start, 0);
    world.advances(17);
    assert_eq!(world.schedule().due_at(), Some(later(27)));
}

#[test]
fn the_timeline_of_a_guarded_run_goes_on_from_its_step_and_from_now_when_the_next_is_late() {
    let mut world = World::usual();
    world.does(Command::Start, 0);
    world.advances(17);
    let told = |now| -> Vec<_> {
        let entries = world.schedule().timeline(now).entries.into_iter();
        entries.map(|entry| (entry.position, entry.at, entry.exposure_ratio)).collect()
    };
    assert_eq!(told(later(20)), [(1, later(17), 0.5), (2, later(27), 1.0)]);
    assert_eq!(told(later(30)), [(1, later(17), 0.5), (2, later(30), 1.0)]);
}

#[test]
fn what_was_in_force_is_kept_with_the_moments_at_which_it_was() {
    let mut world = World::usual();
    world.does(Command::Start, 0);
    world.advances(12);
    // Switched off from 14 to 20, and paused from 21 to 25, when it was served all the while.
    let off = world.entry.with_enabled(false, later(14)).settled(&world.flag, false, later(14));
    world.entry = off.with_enabled(true, later(20)).settled(&world.flag, false, later(20));
    world.does(Command::Pause, 21);
    world.does(Command::Resume, 25);
    world.does(Command::Stop, 26);
    let steps: Vec<_> =
        world.guard().steps.iter().map(|step| (step.exposed_end, step.from, step.to.unwrap())).collect();
    let expected = [
        (500, later(0), later(12)),
        (5_000, later(12), later(14)),
        (5_000, later(20), later(25)),
        (5_000, later(25), later(26)),
    ];
    assert_eq!(steps, expected);
}

#[test]
fn nobody_is_watched_while_a_paused_rollout_is_switched_off() {
    let mut world = World::usual();
    world.does(Command::Start, 0);
    world.does(Command::Pause, 3);
    let off = world.entry.with_enabled(false, later(5)).settled(&world.flag, false, later(5));
    world.entry = off.with_enabled(true, later(8)).settled(&world.flag, false, later(8));
    let steps: Vec<_> = world.guard().steps.iter().map(|step| (step.from, step.to)).collect();
    assert_eq!(steps, [(later(0), Some(later(5))), (later(8), None)]);
    assert_eq!(world.schedule().progress.status, ScheduleStatus::Paused);
}

#[test]
fn harm_takes_a_rollout_back_and_says_so_once() {
    let mut world = World::usual();
    world.does(Command::Start, 0);
    let harm = world.harm(TriggerAction::Abort, 4.2);
    assert!(world.trips(std::slice::from_ref(&harm), 5));
    let transition = &world.entry.transitions[0];
    assert_eq!((transition.deed, transition.cause), (Deed::Stopped, Cause::Guardrail));
    assert_eq!(world.schedule().progress.status, ScheduleStatus::Aborted);
    assert_eq!(world.guard().triggered_action(), Some(TriggerAction::Abort));
    assert!(!world.trips(&[harm], 6), "it is over");
    world.does(Command::Start, 10);
    assert_eq!((world.guard().run, world.guard().triggers.len()), (2, 0));
}

#[test]
fn the_strongest_action_of_what_fires_together_is_taken_and_the_strongest_evidence_comes_first() {
    let mut world = World::usual();
    world.does(Command::Start, 0);
    let health = Trip::Health {
        finding: HealthFinding::SampleRatioMismatch,
        variant_id: world.variant("b"),
        log_e: 9.0,
    };
    let harm = world.harm(TriggerAction::Abort, 4.0);
    assert!(world.trips(&[harm.clone(), health.clone()], 5));
    assert_eq!(world.schedule().progress.status, ScheduleStatus::Aborted);
    let fired: Vec<&Trip> = world.guard().triggers.iter().map(|trigger| &trigger.trip).collect();
    assert_eq!(fired, [&health, &harm]);
}

#[test]
fn whoever_resumes_after_a_guardrail_lets_it_watch_from_zero_again() {
    let mut world =
        World::with(ramp(&[0.05, 1.0], &[("b", 100.0)], "a", &[("errors", TriggerAction::Pause)]));
    world.does(Command::Start, 0);
    let harm = world.harm(TriggerAction::Pause, 4.0);
    assert!(world.trips(std::slice::from_ref(&harm), 5));
    assert_eq!(world.schedule().progress.pause_reason, Some(PauseReason::Guardrail));
    assert!(!world.trips(std::slice::from_ref(&harm), 6), "it is known");
    world.does(Command::Resume, 20);
    assert_eq!(world.guard().watched_since("errors", world.variant("b")), 1);
    assert_eq!(world.guard().watched_since("errors", world.variant("c")), 0);
    assert_eq!(world.guard().health_since, 1);
    assert!(world.trips(&[harm], 25), "a second alarm is news");
    assert_eq!(world.guard().metric_triggers().count(), 2);
}

#[test]
fn what_fires_while_somebody_paused_the_rollout_is_only_written_down() {
    let mut world =
        World::with(ramp(&[0.05, 1.0], &[("b", 100.0)], "a", &[("errors", TriggerAction::Pause)]));
    world.does(Command::Start, 0);
    world.does(Command::Pause, 2);
    assert!(world.trips(&[world.harm(TriggerAction::Pause, 4.0)], 5));
    assert_eq!(world.entry.transitions, []);
    assert_eq!(world.schedule().progress.pause_reason, Some(PauseReason::User));
    assert_eq!(world.guard().triggers.len(), 1);
}

#[test]
fn a_prometheus_metric_pauses_where_the_allocation_would_abort_unless_it_may() {
    let query = MetricSource::Prometheus { query: "errors{variant=\"$variant\"}".to_owned() };
    let cautious = MetricDefinition { source: query, allow_abort: false, ..errors() };
    let mut world = World::usual();
    world.entry.guarding = watched_by(vec![cautious]);
    world.does(Command::Start, 0);
    assert_eq!(world.guard().metrics[0].action, TriggerAction::Pause);
}

#[test]
fn the_control_of_a_run_stays_when_the_default_changes_and_counts_as_used() {
    let draft = ramp(&[0.05, 1.0], &[("b", 100.0)], "a", &[("errors", TriggerAction::Pause)]);
    let schedule = draft.schedule.map(|schedule| ScheduleDraft { control_variant_key: None, ..schedule });
    let mut world = World::with(AllocationDraft { schedule, ..draft });
    world.does(Command::Start, 0);
    let (a, c) = (world.variant("a"), world.variant("c"));
    world.entry.default_variant_id = Some(c);
    assert_eq!(world.shares()[1], share("a", &[(500, 10_000)]));
    assert!(world.entry.refers_to(a));
    world.does(Command::Stop, 1);
    assert!(!world.entry.refers_to(a));
}

#[test]
fn a_guarded_entry_is_the_same_after_it_was_stored() {
    let mut world = World::usual();
    world.does(Command::Start, 0);
    world.trips(&[world.harm(TriggerAction::Abort, 4.0)], 5);
    let stored = serde_json::to_string(world.schedule()).unwrap();
    assert_eq!(&serde_json::from_str::<Schedule>(&stored).unwrap(), world.schedule());
}

#[test]
fn a_guardrail_stops_the_clock_of_a_gate_and_outlasts_a_flag_that_is_off() {
    let mut draft = ramp(&[0.05, 0.05, 1.0], &[("b", 100.0)], "a", &[("errors", TriggerAction::Pause)]);
    draft.schedule.as_mut().unwrap().steps.as_mut().unwrap()[1].is_pause_record = Some(true);
    let mut world = World::with(draft);
    world.does(Command::Start, 0);
    world.advances(10);
    assert_eq!(world.schedule().due_at(), Some(later(20)), "a gate that opens by itself");
    let harm = world.harm(TriggerAction::Pause, 4.0);
    assert!(world.trips(std::slice::from_ref(&harm), 12));
    assert_eq!(
        (world.schedule().progress.pause_reason, world.schedule().due_at()),
        (Some(PauseReason::Guardrail), None)
    );
    world.entry.transitions.clear();
    world.does(Command::Resume, 100);
    assert_eq!(world.schedule().due_at(), Some(later(108)), "what was left of it");

    let mut world =
        World::with(ramp(&[0.05, 1.0], &[("b", 100.0)], "a", &[("errors", TriggerAction::Pause)]));
    world.does(Command::Start, 0);
    world.entry = world.entry.with_enabled(false, later(2)).settled(&world.flag, false, later(2));
    let harm = world.harm(TriggerAction::Pause, 4.0);
    assert!(world.trips(&[harm], 3));
    world.entry = world.entry.with_enabled(true, later(4)).settled(&world.flag, false, later(4));
    assert_eq!(world.schedule().progress.pause_reason, Some(PauseReason::Guardrail));
    world.does(Command::Resume, 10);
    assert_eq!(
        (world.schedule().progress.status, world.schedule().due_at()),
        (ScheduleStatus::Running, Some(later(18)))
    );
}

#[test]
fn what_was_found_before_somebody_resumed_is_no_news_after() {
    let mut world =
        World::with(ramp(&[0.05, 1.0], &[("b", 100.0)], "a", &[("errors", TriggerAction::Pause)]));
    world.does(Command::Start, 0);
    let harm = world.harm(TriggerAction::Pause, 4.0);
    assert!(world.trips(std::slice::from_ref(&harm), 5));
    let evaluated = world.guard().clone();
    world.entry.transitions.clear();
    world.does(Command::Resume, 6);
    assert_eq!(world.entry.tripped(world.id(), &evaluated, &[harm], &world.ids, later(7)), None);
}

#[test]
fn a_guarded_run_that_starts_late_begins_when_it_does() {
    let draft = ramp(&[0.05, 1.0], &[("b", 100.0)], "a", &[("errors", TriggerAction::Pause)]);
    let schedule =
        draft.schedule.map(|schedule| ScheduleDraft { absolute_start_time: Some(later(60)), ..schedule });
    let mut world = World::with(AllocationDraft { schedule, ..draft });
    world.advances(3_600);
    assert_eq!(
        (world.schedule().progress.position, world.schedule().due_at()),
        (Some(0), Some(later(3_610)))
    );
}

#[test]
fn guardrails_that_watch_nothing_are_said_so() {
    let world = World::usual();
    assert_eq!(world.entry.warnings(0), [] as [&str; 0]);
    let gate = ScheduleDraft {
        strategy: Some(Strategy::NoRollout),
        ..ramp(&[0.5], &[("b", 100.0)], "a", &[]).schedule.unwrap()
    };
    let draft = ramp(&[0.5], &[("b", 100.0)], "a", &[("errors", TriggerAction::Abort)]);
    let world = World::with(AllocationDraft { schedule: Some(gate), ..draft });
    assert!(world.entry.warnings(0)[0].contains("watch nothing"));
}

#[test]
fn a_default_that_is_the_only_weighted_variant_is_no_control() {
    let flag = letters();
    let draft = ramp(&[0.05, 1.0], &[("a", 100.0)], "b", &[("errors", TriggerAction::Pause)]);
    let schedule = draft.schedule.map(|schedule| ScheduleDraft { control_variant_key: None, ..schedule });
    let drafts = vec![AllocationDraft { schedule, ..draft }];
    let refused = replace(&flag, &enabled(&flag), drafts, &Ids::default(), now());
    assert_eq!(crate::given::pointers(refused), ["/data/0/attributes/exposure_schedule/control_variant_id"]);
}

//! What the scheduler finds, and what is kept of how schedules move.

use crate::engines::{Home, World, on_both_engines};
use flaghoist_model::Patch;
use flaghoist_model::allocation::AllocationDraft;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::{FlagEnvironment, ServingPatch};
use flaghoist_model::id::{EnvironmentId, ScheduleId};
use flaghoist_model::schedule::{Command, Deed, ScheduleDraft, ScheduleStatus, StepDraft, Strategy};
use flaghoist_store::{Error, RolloutFilter};
use jiff::{SignedDuration, Timestamp};

on_both_engines!(
    what_is_due_is_found_the_longest_due_first_and_page_by_page,
    a_transition_is_kept_with_its_history_entry_and_outlives_its_schedule,
    a_schedule_that_somebody_moved_meanwhile_is_a_conflict,
    an_index_row_of_an_earlier_version_is_put_right_once,
    rollouts_are_listed_by_status_and_place,
);

/// A flag in an environment that serves `key` by steps of so many seconds.
struct Ramp {
    flag: Flag,
    entry: FlagEnvironment,
}

impl Ramp {
    async fn saved(world: &World, environment_id: EnvironmentId, key: &str, seconds: i64) -> Self {
        let samples = &world.samples;
        let flag = samples.flag(key);
        let step = |ratio: f64| StepDraft {
            exposure_ratio: Some(ratio),
            interval_ms: Some(seconds * 1_000),
            is_pause_record: Some(false),
            grouped_step_index: Some(0),
            ..StepDraft::default()
        };
        let schedule = ScheduleDraft {
            strategy: Some(Strategy::UniformIntervals),
            steps: Some(vec![step(0.1), step(0.5), step(1.0)]),
            ..ScheduleDraft::default()
        };
        let draft = AllocationDraft { schedule: Some(schedule), ..samples.allocation(key, &flag) };
        let entry = FlagEnvironment::initial(&flag, environment_id).with_enabled(true, samples.now);
        let no_override = ServingPatch { override_variant_id: Patch::Clear, ..ServingPatch::default() };
        let entry =
            entry.with_serving(no_override, &flag, samples.now, flaghoist_model::Faults::new()).unwrap();
        let entry = samples.allocate(&entry, &flag, &[], vec![draft]).settled(&flag, false, samples.now);
        world
            .change(async |writer| {
                writer.insert_flag(&flag).await?;
                writer.save_flag_environment(&entry).await
            })
            .await
            .unwrap();
        let mut ramp = Self { flag, entry };
        ramp.read(world).await;
        ramp
    }

    fn id(&self) -> ScheduleId {
        self.entry.schedules().next().unwrap().1.id
    }

    fn commanded(&self, world: &World, command: Command) -> FlagEnvironment {
        self.entry.commanded(self.id(), command, false, &self.flag, world.samples.now).unwrap()
    }

    async fn save(&mut self, world: &World, entry: FlagEnvironment) {
        world.change(async |writer| writer.save_flag_environment(&entry).await).await.unwrap();
        self.read(world).await;
    }

    async fn read(&mut self, world: &World) {
        self.entry = world.read().await.flag_environments(&[self.flag.id]).await.unwrap().remove(0);
    }
}

fn later(world: &World, seconds: i64) -> Timestamp {
    world.samples.now + SignedDuration::from_secs(seconds)
}

async fn production(world: &World) -> EnvironmentId {
    let environment = world.samples.production();
    world.change(async |writer| writer.insert_environment(&environment).await).await.unwrap();
    environment.id
}

async fn what_is_due_is_found_the_longest_due_first_and_page_by_page(home: Home) {
    let world = World::new(&home).await;
    let environment_id = production(&world).await;
    let mut ids = Vec::new();
    for (key, seconds) in [("slow", 30), ("quick", 10), ("also-quick", 10), ("never", 5)] {
        let mut ramp = Ramp::saved(&world, environment_id, key, seconds).await;
        if key != "never" {
            let started = ramp.commanded(&world, Command::Start);
            ramp.save(&world, started).await;
            ids.push(ramp.id());
        }
    }
    let mut reader = world.read().await;
    assert_eq!(reader.due_schedules(later(&world, 9), None, 10).await.unwrap(), []);
    assert_eq!(reader.next_due_schedule(later(&world, 0)).await.unwrap(), Some(later(&world, 10)));
    assert_eq!(reader.next_due_schedule(later(&world, 10)).await.unwrap(), Some(later(&world, 30)));
    assert_eq!(reader.next_due_schedule(later(&world, 30)).await.unwrap(), None);
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = reader.due_schedules(later(&world, 60), after, 1).await.unwrap();
        let Some(due) = page.first() else { break };
        after = Some((due.due_at, due.place.schedule_id));
        assert_eq!(due.place.environment_id, environment_id);
        found.push((due.place.schedule_id, due.due_at));
    }
    let mut expected =
        vec![(ids[1], later(&world, 10)), (ids[2], later(&world, 10)), (ids[0], later(&world, 30))];
    expected.sort_by_key(|(id, due_at)| (*due_at, *id));
    assert_eq!(found, expected);
}

async fn a_transition_is_kept_with_its_history_entry_and_outlives_its_schedule(home: Home) {
    let world = World::new(&home).await;
    let environment_id = production(&world).await;
    let mut ramp = Ramp::saved(&world, environment_id, "ramp", 10).await;
    let (project_id, id) = (world.samples.project_id, ramp.id());
    let started = ramp.commanded(&world, Command::Start);
    let made = started.transitions.clone();
    ramp.save(&world, started).await;
    let advanced = ramp.entry.advanced(id, None, later(&world, 12)).unwrap();
    ramp.save(&world, advanced).await;
    let revision = world.revision().await;

    let mut reader = world.read().await;
    let kept = reader.transitions(project_id, id, 10).await.unwrap();
    assert_eq!(
        kept.iter().map(|kept| kept.transition.deed).collect::<Vec<_>>(),
        [Deed::Advanced, Deed::Started]
    );
    assert_eq!(kept[1].transition, made[0]);
    assert_eq!(kept.iter().map(|kept| kept.revision).collect::<Vec<_>>(), [revision, revision - 1]);
    assert!(kept.iter().all(|kept| kept.history_id.is_some()));
    assert_eq!(reader.transitions_since(project_id, revision - 1, 10).await.unwrap(), kept[..1]);
    assert_eq!(reader.last_transitions(&[id]).await.unwrap(), kept[..1]);
    assert_eq!(reader.transitions(world.neighbour().await.samples.project_id, id, 10).await.unwrap(), []);
    drop(reader);

    let gone = FlagEnvironment { allocations: Vec::new(), ..ramp.entry.clone() };
    ramp.save(&world, gone).await;
    let mut reader = world.read().await;
    assert_eq!(reader.schedule_place(project_id, id).await.unwrap(), None);
    assert_eq!(reader.transitions(project_id, id, 10).await.unwrap(), kept);
    assert_eq!(reader.due_schedules(later(&world, 1_000), None, 10).await.unwrap(), []);
}

async fn a_schedule_that_somebody_moved_meanwhile_is_a_conflict(home: Home) {
    let world = World::new(&home).await;
    let environment_id = production(&world).await;
    let mut ramp = Ramp::saved(&world, environment_id, "ramp", 10).await;
    let started = ramp.commanded(&world, Command::Start);
    ramp.save(&world, started.clone()).await;
    // The same move again, as if the entry had been read before the first.
    let again = FlagEnvironment { revision: ramp.entry.revision, ..started };
    let refused = world.change(async |writer| writer.save_flag_environment(&again).await).await.unwrap_err();
    assert!(matches!(refused, Error::Conflict { table: "exposure_schedules", .. }), "{refused:?}");
    assert_eq!(
        world.read().await.transitions(world.samples.project_id, ramp.id(), 10).await.unwrap().len(),
        1
    );
}

async fn an_index_row_of_an_earlier_version_is_put_right_once(home: Home) {
    let world = World::new(&home).await;
    let environment_id = production(&world).await;
    let mut ramp = Ramp::saved(&world, environment_id, "ramp", 10).await;
    let stale = ramp.entry.clone();
    let started = ramp.commanded(&world, Command::Start);
    ramp.save(&world, started).await;
    let next = || async { world.read().await.next_due_schedule(later(&world, 0)).await.unwrap() };
    let index = async |entry: &FlagEnvironment| {
        let mut books = world.store.bookkeep().await.unwrap();
        books.index_schedules(entry).await.unwrap();
        books.commit().await.unwrap();
    };
    index(&stale).await;
    assert_eq!(next().await, Some(later(&world, 10)), "what was changed since is left alone");
    // The row says that it is due in ten seconds, and what the entry says is that it never is.
    let mut held = ramp.entry.clone();
    held.allocations[0].schedule.as_mut().unwrap().progress.next_transition_at = None;
    index(&held).await;
    assert_eq!(next().await, None);
    index(&ramp.entry).await;
    assert_eq!(next().await, Some(later(&world, 10)));
}

async fn rollouts_are_listed_by_status_and_place(home: Home) {
    let world = World::new(&home).await;
    let environment_id = production(&world).await;
    let mut ramps = Vec::new();
    for key in ["first", "second", "third"] {
        ramps.push(Ramp::saved(&world, environment_id, key, 10).await);
    }
    let started = ramps[1].commanded(&world, Command::Start);
    ramps[1].save(&world, started).await;
    let list = async |filter: RolloutFilter, limit: i64| {
        let found = world.read().await.rollouts(world.samples.project_id, &filter, limit).await.unwrap();
        found.iter().map(|place| place.schedule_id).collect::<Vec<_>>()
    };
    let all = vec![ramps[2].id(), ramps[1].id(), ramps[0].id()];
    assert_eq!(list(RolloutFilter::default(), 10).await, all);
    assert_eq!(list(RolloutFilter::default(), 2).await, all[..2]);
    assert_eq!(list(RolloutFilter { before: Some(all[1]), ..RolloutFilter::default() }, 10).await, all[2..]);
    let running = RolloutFilter { status: Some(ScheduleStatus::Running), ..RolloutFilter::default() };
    assert_eq!(list(running, 10).await, [ramps[1].id()]);
    let of_flag = RolloutFilter { flag_id: Some(ramps[0].flag.id), ..RolloutFilter::default() };
    assert_eq!(list(of_flag, 10).await, [ramps[0].id()]);
    let elsewhere =
        RolloutFilter { environment_id: Some(EnvironmentId(ramps[0].flag.id.0)), ..RolloutFilter::default() };
    assert!(list(elsewhere, 10).await.is_empty());
    let neighbour = world.neighbour().await.samples.project_id;
    assert_eq!(world.read().await.rollouts(neighbour, &RolloutFilter::default(), 10).await.unwrap(), []);
}

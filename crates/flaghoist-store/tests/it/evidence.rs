//! What guardrails know of runs and subjects, and the runs that are kept beside the rollouts.

use crate::engines::{Home, World, on_both_engines};
use flaghoist_model::Patch;
use flaghoist_model::allocation::{AllocationDraft, GuardrailDraft, TriggerAction};
use flaghoist_model::flag_environment::{FlagEnvironment, ServingPatch};
use flaghoist_model::guard::Trip;
use flaghoist_model::id::{EnvironmentId, ScheduleId, VariantId};
use flaghoist_model::metric::{Metric, MetricDraft, SourceDraft, SourceType};
use flaghoist_model::schedule::{Command, ScheduleDraft, StepDraft, Strategy};
use flaghoist_store::{EventStore, EvidencePoint, EvidenceWriter, RunKey, StoredCell, StoredSubject};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

on_both_engines!(
    a_guarded_run_is_kept_with_what_fired_and_found_until_it_is_long_over,
    cells_and_subjects_are_read_back_and_each_write_makes_a_version,
    what_is_not_committed_is_not_there,
    a_key_is_new_once,
    writers_of_one_run_take_turns,
    due_subjects_come_the_longest_due_first,
    points_of_one_moment_replace_one_another,
    old_keys_and_subjects_of_old_runs_go,
);

const SCHEDULE: ScheduleId = ScheduleId(Uuid::from_u128(7));
const RUN: RunKey = RunKey { schedule_id: SCHEDULE, run: 1 };
const ENVIRONMENT: EnvironmentId = EnvironmentId(Uuid::from_u128(1));

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn cell(metric: i64, step: i64, state: &[u8]) -> StoredCell {
    StoredCell { metric, step, state: state.to_vec() }
}

fn subject(subject: i64, state: &[u8], due: Option<i64>) -> StoredSubject {
    StoredSubject { subject, state: state.to_vec(), due_at: due.map(at) }
}

async fn held(events: &dyn EventStore, runs: &[RunKey]) -> (Box<dyn EvidenceWriter>, Vec<i64>) {
    let mut writer = events.begin_evidence().await.unwrap();
    let versions = writer.hold(runs, at(0)).await.unwrap();
    (writer, versions)
}

async fn write(events: &dyn EventStore, cells: &[StoredCell], subjects: &[StoredSubject]) {
    let (mut writer, _) = held(events, &[RUN]).await;
    writer.save_cells(RUN, cells, at(0)).await.unwrap();
    writer.save_subjects(SCHEDULE, subjects).await.unwrap();
    writer.commit().await.unwrap();
}

async fn a_guarded_run_is_kept_with_what_fired_and_found_until_it_is_long_over(home: Home) {
    let world = World::new(&home).await;
    let samples = &world.samples;
    let (environment, flag) = (samples.production(), samples.flag("checkout"));
    let source = SourceDraft {
        source_type: Some(SourceType::Events),
        event: Some("checkout.error".to_owned()),
        ..SourceDraft::default()
    };
    let draft = MetricDraft { id: Some("errors".to_owned()), source: Some(source), ..MetricDraft::default() };
    let faults = flaghoist_model::Faults::new;
    let metric = Metric::create(draft, samples.project_id, samples.now, faults()).unwrap();
    let steps = [(0.1, Some(10_000)), (0.5, None)].map(|(ratio, interval_ms)| StepDraft {
        exposure_ratio: Some(ratio),
        interval_ms,
        ..StepDraft::default()
    });
    let draft = AllocationDraft {
        schedule: Some(ScheduleDraft {
            strategy: Some(Strategy::UniformIntervals),
            steps: Some(steps.to_vec()),
            ..ScheduleDraft::default()
        }),
        guardrails: vec![GuardrailDraft {
            metric_id: Some("errors".to_owned()),
            trigger_action: Some(TriggerAction::Abort),
        }],
        ..samples.allocation("ramp", &flag)
    };
    let no_override = ServingPatch { override_variant_id: Patch::Clear, ..ServingPatch::default() };
    let entry = FlagEnvironment::initial(&flag, environment.id).with_enabled(true, samples.now);
    let entry = entry.with_serving(no_override, &flag, samples.now, faults()).unwrap();
    let entry = samples.allocate(&entry, &flag, &[], vec![draft]).settled(&flag, false, samples.now);
    world
        .change(async |writer| {
            writer.insert_environment(&environment).await?;
            writer.insert_metric(&metric).await?;
            writer.insert_flag(&flag).await?;
            writer.save_flag_environment(&entry).await
        })
        .await
        .unwrap();
    let read = async || world.read().await.flag_environments(&[flag.id]).await.unwrap().remove(0);
    let id = entry.schedules().next().unwrap().1.id;
    let save = async |entry: FlagEnvironment| {
        world.change(async |writer| writer.save_flag_environment(&entry).await).await.unwrap();
    };
    let stored = read().await;
    assert_eq!(stored.guarding.metrics, std::slice::from_ref(&metric.definition));
    save(stored.commanded(id, Command::Start, false, &flag, samples.now).unwrap()).await;

    let runs = world.read().await.guarded_runs(samples.now).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].schedule_id, runs[0].allocation_key.as_str()), (id, "ramp"));
    assert_eq!((runs[0].started_at, runs[0].ended_at), (samples.now, None));
    assert_eq!(runs[0].guard.metrics[0].definition, metric.definition);

    let trip = Trip::Metric {
        metric_id: "errors".to_owned(),
        variant_id: runs[0].guard.treatments[0].variant_id,
        action: TriggerAction::Abort,
        log_e: 1.0 / 3.0,
    };
    let fired_at = samples.now + SignedDuration::from_secs(3);
    save(read().await.tripped(id, &runs[0].guard, &[trip], &samples.ids, fired_at).unwrap()).await;
    let kept = world.read().await.guarded_runs_of(samples.project_id, id, 10).await.unwrap();
    assert_eq!((kept.len(), kept[0].ended_at), (1, Some(fired_at)));
    assert_eq!(
        Some(&kept[0].guard),
        read().await.allocations[0].schedule.as_ref().unwrap().progress.guard.as_deref()
    );
    assert_eq!(world.read().await.guarded_runs(samples.now).await.unwrap(), kept);
    assert_eq!(world.read().await.guarded_runs(fired_at).await.unwrap(), []);

    save(read().await.commanded(id, Command::Start, false, &flag, fired_at).unwrap()).await;
    let runs = world.read().await.guarded_runs_of(samples.project_id, id, 10).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.guard.run).collect::<Vec<_>>(), [2, 1]);
}

async fn cells_and_subjects_are_read_back_and_each_write_makes_a_version(home: Home) {
    let events = home.open_events().await;
    assert_eq!(events.evidence_cells(RUN).await.unwrap(), (0, vec![]));
    let all_bytes: Vec<u8> = (0..=255).collect();
    write(
        &*events,
        &[cell(0, 0, &all_bytes), cell(-1, -1, b"")],
        &[subject(i64::MIN, &all_bytes, Some(5)), subject(i64::MAX, b"", None)],
    )
    .await;
    write(&*events, &[cell(0, 0, b"second"), cell(0, 1, b"third")], &[subject(i64::MAX, b"other", Some(9))])
        .await;
    let (mut writer, versions) = held(&*events, &[RUN, RunKey { run: 2, ..RUN }]).await;
    assert_eq!(versions, [2, 0]);
    let mut cells = writer.cells(RUN).await.unwrap();
    cells.sort_by_key(|cell| (cell.metric, cell.step));
    assert_eq!(cells, [cell(-1, -1, b""), cell(0, 0, b"second"), cell(0, 1, b"third")]);
    let mut known = writer.subjects(SCHEDULE, &[i64::MIN, 3, i64::MAX]).await.unwrap();
    known.sort_by_key(|subject| subject.subject);
    assert_eq!(known, [subject(i64::MIN, &all_bytes, Some(5)), subject(i64::MAX, b"other", Some(9))]);
    assert_eq!(writer.subjects(ScheduleId(Uuid::from_u128(8)), &[i64::MAX]).await.unwrap(), []);
}

async fn what_is_not_committed_is_not_there(home: Home) {
    let events = home.open_events().await;
    let (mut writer, _) = held(&*events, &[RUN]).await;
    writer.save_cells(RUN, &[cell(0, 0, b"lost")], at(0)).await.unwrap();
    writer.take_keys(ENVIRONMENT, &[b"key".to_vec()], at(0)).await.unwrap();
    drop(writer);
    let (mut writer, versions) = held(&*events, &[RUN]).await;
    assert_eq!((versions, writer.cells(RUN).await.unwrap()), (vec![0], vec![]));
    assert_eq!(writer.take_keys(ENVIRONMENT, &[b"key".to_vec()], at(0)).await.unwrap(), [true]);
}

async fn a_key_is_new_once(home: Home) {
    let events = home.open_events().await;
    let keys = [b"a".to_vec(), b"b".to_vec(), b"a".to_vec()];
    let mut writer = events.begin_evidence().await.unwrap();
    let are_new = writer.take_keys(ENVIRONMENT, &keys, at(0)).await.unwrap();
    assert_eq!(are_new.iter().filter(|is_new| **is_new).count(), 2);
    assert!(are_new[1]);
    writer.commit().await.unwrap();
    let mut writer = events.begin_evidence().await.unwrap();
    assert_eq!(writer.take_keys(ENVIRONMENT, &keys, at(1)).await.unwrap(), [false; 3]);
    let elsewhere = EnvironmentId(Uuid::from_u128(2));
    assert_eq!(writer.take_keys(elsewhere, &keys[..1], at(1)).await.unwrap(), [true]);
}

async fn writers_of_one_run_take_turns(home: Home) {
    let events = Arc::new(home.open_events().await);
    let write = |events: Arc<crate::engines::OpenEvents>| async move {
        let (mut writer, _) = held(&**events, &[RUN]).await;
        let cells = writer.cells(RUN).await.unwrap();
        let count = cells.first().map_or(0, |cell| cell.state[0]);
        writer.save_cells(RUN, &[cell(0, 0, &[count + 1])], at(0)).await.unwrap();
        writer.commit().await.unwrap();
    };
    let writers: Vec<_> = (0..10).map(|_| tokio::spawn(write(Arc::clone(&events)))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(events.evidence_cells(RUN).await.unwrap(), (10, vec![cell(0, 0, &[10])]));
}

async fn due_subjects_come_the_longest_due_first(home: Home) {
    let events = home.open_events().await;
    let subjects = [
        subject(1, b"1", Some(30)),
        subject(2, b"2", Some(10)),
        subject(3, b"3", None),
        subject(4, b"4", Some(20)),
    ];
    write(&*events, &[], &subjects).await;
    let mut writer = events.begin_evidence().await.unwrap();
    let mut due = async |second, limit| {
        let due = writer.due_subjects(SCHEDULE, at(second), limit).await.unwrap();
        due.iter().map(|subject| subject.subject).collect::<Vec<i64>>()
    };
    assert_eq!(due(20, 10).await, [2, 4]);
    assert_eq!(due(90, 2).await, [2, 4]);
    assert!(due(9, 10).await.is_empty());
}

async fn points_of_one_moment_replace_one_another(home: Home) {
    let events = home.open_events().await;
    let point = |metric: &str, second: i64, log_e: f64| EvidencePoint {
        metric_id: metric.to_owned(),
        variant_id: VariantId(Uuid::from_u128(3)),
        at: at(second),
        document: json!({"log_e": log_e, "text": "\u{0}"}),
    };
    events
        .save_evidence_points(RUN, &[point("b", 0, 1.0), point("a", 60, 2.0), point("a", 0, 3.0)])
        .await
        .unwrap();
    events.save_evidence_points(RUN, &[point("a", 60, 0.1 + 0.2)]).await.unwrap();
    let expected = [point("a", 0, 3.0), point("a", 60, 0.1 + 0.2), point("b", 0, 1.0)];
    assert_eq!(events.evidence_points(RUN, 10).await.unwrap(), expected);
    assert_eq!(events.evidence_points(RunKey { run: 2, ..RUN }, 10).await.unwrap(), []);
}

async fn old_keys_and_subjects_of_old_runs_go(home: Home) {
    let events = home.open_events().await;
    write(&*events, &[cell(0, 0, b"kept")], &[subject(1, b"old", None)]).await;
    let young = RunKey { schedule_id: ScheduleId(Uuid::from_u128(9)), run: 1 };
    let mut writer = events.begin_evidence().await.unwrap();
    writer.hold(&[young], at(100)).await.unwrap();
    writer.save_cells(young, &[], at(100)).await.unwrap();
    writer.save_subjects(young.schedule_id, &[subject(1, b"young", None)]).await.unwrap();
    writer.take_keys(ENVIRONMENT, &[b"old".to_vec()], at(0)).await.unwrap();
    writer.take_keys(ENVIRONMENT, &[b"young".to_vec()], at(60)).await.unwrap();
    writer.commit().await.unwrap();
    events.prune_evidence(at(50), at(50)).await.unwrap();
    let mut writer = events.begin_evidence().await.unwrap();
    assert_eq!(writer.subjects(SCHEDULE, &[1]).await.unwrap(), []);
    assert_eq!(writer.subjects(young.schedule_id, &[1]).await.unwrap().len(), 1);
    let keys = [b"old".to_vec(), b"young".to_vec()];
    assert_eq!(writer.take_keys(ENVIRONMENT, &keys, at(70)).await.unwrap(), [true, false]);
    drop(writer);
    assert_eq!(events.evidence_cells(RUN).await.unwrap().1, [cell(0, 0, b"kept")], "what was found stays");
}

//! The monitor: looks at guarded rollouts, when something was observed and now and then, and does what they call for.
//!
//! Every node runs it; none leads. What fired is written down by whoever is first.

use super::evidence::look;
use super::runs::WatchedRun;
use crate::ApiError;
use crate::app::App;
use crate::commands;
use flaghoist_ingest::guardrail::{Evaluation, Evidence};
use flaghoist_store::{EvidencePoint, RunKey, SchedulePlace};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long after an observation a look waits for more.
const LOOK_AFTER: Duration = Duration::from_secs(2);
/// How long a look waits at most.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How often evidence is written down for charts, at first; a run of several times [`POINTS_AT_EACH_SPACING`] has points
/// farther apart.
const POINT_SPACING_MS: i64 = 30_000;
/// After how many points the spacing doubles.
const POINTS_AT_EACH_SPACING: i64 = 400;
/// How often old evidence is removed.
const PRUNE_EVERY: Duration = Duration::from_hours(1);
/// How long keys of what is counted once are kept.
const KEYS_KEPT: SignedDuration = SignedDuration::from_hours(48);
/// How long what is known of subjects is kept after a run.
const SUBJECTS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Looks until `stop` is done.
pub async fn watch(app: Arc<App>, stop: CancellationToken) {
    let mut written = HashMap::new();
    let mut prune = tokio::time::interval(PRUNE_EVERY);
    let mut published = app.publisher.subscribe();
    let mut next_look = Instant::now();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = prune.tick() => remove_old(&app).await,
            // Another node may have begun a run, or a step of one.
            Ok(()) = published.changed() => app.guardrails.runs.follow(&app).await,
            () = app.guardrails.observed.notified() => next_look = next_look.min(Instant::now() + LOOK_AFTER),
            () = tokio::time::sleep_until(next_look) => {
                if let Err(error) = look_at_all_with(&app, &mut written).await {
                    tracing::warn!(cause = %error, "guarded rollouts were not looked at; their next steps wait");
                }
                next_look = Instant::now() + LOOK_EVERY;
            }
        }
    }
}

/// Looks at every guarded rollout that is on, and does what it calls for.
pub async fn look_at_all(app: &App) -> Result<(), ApiError> {
    look_at_all_with(app, &mut HashMap::new()).await
}

async fn look_at_all_with(app: &App, written: &mut HashMap<RunKey, Timestamp>) -> Result<(), ApiError> {
    app.guardrails.runs.refresh(app).await?;
    let runs = app.guardrails.runs.on();
    written.retain(|key, _| runs.iter().any(|run| run.key() == *key));
    app.guardrails.ledger.keep_only(&runs).await;
    let mut failed = close_ended(app).await.err();
    for run in runs {
        match look_and_act(app, &run).await {
            Ok((evaluation, has_fired)) => {
                let at = slot(&run, app.clock.now());
                if has_fired || written.insert(run.key(), at) != Some(at) {
                    write_points(app, &run, &evaluation, at).await;
                }
            }
            // One that cannot be looked at harms no other.
            Err(error) => {
                tracing::warn!(cause = %error, schedule.id = %run.run.schedule_id, "a guarded rollout was not looked at");
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Closes what is open of runs that ended, once what comes a little late has come: then their evidence is complete.
async fn close_ended(app: &App) -> Result<(), ApiError> {
    for run in app.guardrails.runs.to_be_closed(app.clock.now()) {
        look(app, &run).await?;
        app.guardrails.runs.closed(run.key());
    }
    Ok(())
}

/// What a look found, and whether it was news.
async fn look_and_act(app: &App, run: &Arc<WatchedRun>) -> Result<(Evaluation, bool), ApiError> {
    let evaluation = look(app, run).await?;
    if evaluation.trips.is_empty() {
        return Ok((evaluation, false));
    }
    let place = run.place();
    let has_fired = commands::trip_rollout(app, &place, &run.run.guard, &evaluation.trips).await?;
    if has_fired {
        tracing::info!(schedule.id = %place.schedule_id, trips = evaluation.trips.len(), "a guardrail fired");
        app.guardrails.runs.refresh(app).await?;
    }
    Ok((evaluation, has_fired))
}

/// That a guarded rollout may enter its next step: it was looked at in this step, and nothing fired or has to be waited
/// for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clearance {
    /// The run.
    pub(crate) run: i64,
    /// The step it may leave, by its place among those of the run.
    pub(crate) step: usize,
}

/// Looks whether a guarded rollout may enter its next step; none when it has to wait, was paused or stopped, or is not
/// guarded.
pub(crate) async fn clear_next_step(app: &App, place: &SchedulePlace) -> Result<Option<Clearance>, ApiError> {
    app.guardrails.runs.refresh(app).await?;
    let runs = app.guardrails.runs.of(place.environment_id);
    let Some(run) = runs.into_iter().find(|run| run.run.schedule_id == place.schedule_id && run.is_on())
    else {
        return Ok(None);
    };
    let (evaluation, has_fired) = look_and_act(app, &run).await?;
    for hold in &evaluation.holds {
        tracing::debug!(schedule.id = %place.schedule_id, ?hold, "the next step of a rollout waits");
    }
    let guard = &run.run.guard;
    let is_clear = !has_fired && !guard.has_open_triggers() && evaluation.holds.is_empty();
    let step = guard.current_step().filter(|_| is_clear);
    Ok(step.map(|step| Clearance { run: guard.run, step }))
}

/// The moment that evidence of now is written down for: what comes before it is replaced.
fn slot(run: &WatchedRun, now: Timestamp) -> Timestamp {
    let age_ms = now.as_millisecond() - run.run.started_at.as_millisecond();
    let mut spacing_ms = POINT_SPACING_MS;
    while age_ms > spacing_ms.saturating_mul(POINTS_AT_EACH_SPACING) {
        spacing_ms *= 2;
    }
    let at_ms = now.as_millisecond().div_euclid(spacing_ms) * spacing_ms;
    Timestamp::from_millisecond(at_ms).unwrap_or(now).max(run.run.started_at)
}

async fn write_points(app: &App, run: &WatchedRun, evaluation: &Evaluation, at: Timestamp) {
    let points: Vec<EvidencePoint> = evaluation.evidence.iter().map(|evidence| point(evidence, at)).collect();
    if let Err(error) = app.events.save_evidence_points(run.key(), &points).await {
        tracing::warn!(cause = %error, "could not write down how the evidence of a rollout stands");
    }
}

fn point(evidence: &Evidence, at: Timestamp) -> EvidencePoint {
    EvidencePoint {
        metric_id: evidence.metric_id.clone(),
        variant_id: evidence.variant_id,
        at,
        document: json!({
            "n_treatment": evidence.n_treatment,
            "n_control": evidence.n_control,
            "effect": evidence.effect,
            "lower": evidence.lower,
            "upper": evidence.upper,
            "log_e": evidence.log_e,
            "adjusted": evidence.adjusted,
            "state": evidence.state.as_str(),
        }),
    }
}

async fn remove_old(app: &App) {
    let now = app.clock.now();
    for run in app.guardrails.runs.on() {
        if let Err(error) = touch(app, run.key()).await {
            tracing::warn!(cause = %error, "could not mark the evidence of a rollout as in use; nothing old is removed");
            return;
        }
    }
    let before = |kept: SignedDuration| now.checked_sub(kept).unwrap_or_default();
    if let Err(error) = app.events.prune_evidence(before(KEYS_KEPT), before(SUBJECTS_KEPT)).await {
        tracing::warn!(cause = %error, "could not remove old evidence of rollouts");
    }
}

/// Marks what is known of a run as written now, so that it does not count as old.
async fn touch(app: &App, run: RunKey) -> Result<(), flaghoist_store::Error> {
    let now = app.clock.now();
    let mut writer = app.events.begin_evidence().await?;
    writer.hold(&[run], now).await?;
    writer.save_cells(run, &[], now).await?;
    writer.commit().await
}

//! Aggregates of a Prometheus: fetched by a loop of their own, so that a Prometheus that does not answer keeps no rollout
//! waiting but those that it is asked about.

use super::evidence::{amend, decode};
use super::runs::WatchedRun;
use crate::ApiError;
use crate::app::App;
use crate::prometheus::{Measured, Prometheus};
use flaghoist_ingest::guardrail::RunState;
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is seen whether another minute is over.
const INTERVAL: Duration = Duration::from_secs(15);
/// How long a run's metrics may take together.
const RUN_LIMIT: Duration = Duration::from_mins(1);
/// A minute is asked for once it is over and scraped: so long after its end.
const SETTLED_MS: i64 = 30_000;
const MINUTE_MS: i64 = 60_000;

/// Fetches aggregates until `stop` is done.
pub async fn gather(app: Arc<App>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = gather_now(&app) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// Fetches what is missing of every run that is on. What cannot be had now is asked for again; a run that is without for
/// some minutes holds its next step.
pub async fn gather_now(app: &App) {
    let Some(prometheus) = &app.prometheus else { return };
    let gather = async |run: Arc<WatchedRun>| match tokio::time::timeout(
        RUN_LIMIT,
        gather_of(app, prometheus, &run),
    )
    .await
    {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(cause = %error, schedule.id = %run.run.schedule_id, "aggregates of a rollout were not taken");
        }
        Err(_) => {
            tracing::warn!(schedule.id = %run.run.schedule_id, "the Prometheus takes too long to say how a rollout stands");
        }
    };
    join_all(app.guardrails.runs.on().into_iter().map(gather)).await;
}

async fn gather_of(app: &App, prometheus: &Prometheus, run: &WatchedRun) -> Result<(), ApiError> {
    let watched = (0_u16..).zip(&run.run.guard.metrics);
    let watched: Vec<_> = watched.filter(|(_, metric)| metric.definition.source.is_prometheus()).collect();
    if watched.is_empty() {
        return Ok(());
    }
    let known = known(app, run, watched.iter().map(|(metric, _)| *metric)).await?;
    let keys: Vec<&str> = run.variant_keys.iter().map(String::as_str).collect();
    let to_ms = floor(app.clock.now().as_millisecond() - SETTLED_MS);
    let begun_ms = floor(run.run.started_at.as_millisecond() + MINUTE_MS - 1);
    for ((metric, guarded), (last_ms, edge)) in watched.into_iter().zip(known) {
        let from_ms = last_ms.map_or(begun_ms, |last_ms| last_ms + MINUTE_MS);
        if from_ms >= to_ms {
            continue;
        }
        match prometheus.blocks(&guarded.definition, &keys, from_ms, to_ms, edge).await {
            Ok(measured) => amend(app, run, |state| add(run, state, metric, &measured)).await?,
            Err(error) => {
                let metric = &guarded.definition.id;
                tracing::warn!(cause = %error, metric, "the Prometheus does not say how a metric of a rollout stands");
            }
        }
    }
    Ok(())
}

/// Adds what was measured; what was added before is left out.
fn add(run: &WatchedRun, state: &mut RunState, metric: u16, measured: &Measured) {
    if let Some(edge) = measured.edge {
        state.choose_block_edge(metric, edge);
    }
    // Another node may have chosen another edge meanwhile: then these blocks are of no use.
    if state.block_edge(metric) == measured.edge {
        state.add_blocks(&run.watch, metric, &measured.blocks);
    }
}

/// The last minute and the edge that are known of each metric.
async fn known(
    app: &App,
    run: &WatchedRun,
    metrics: impl Iterator<Item = u16>,
) -> Result<Vec<(Option<i64>, Option<f64>)>, ApiError> {
    let states = app.guardrails.ledger.states.lock().await;
    let of = |state: &RunState| {
        metrics.map(|metric| (state.last_block_ms(metric), state.block_edge(metric))).collect()
    };
    if let Some((_, state)) = states.get(&run.key()) {
        return Ok(of(state));
    }
    drop(states);
    let (_, cells) = app.events.evidence_cells(run.key()).await?;
    Ok(of(&decode(&cells)?))
}

fn floor(at_ms: i64) -> i64 {
    at_ms.div_euclid(MINUTE_MS) * MINUTE_MS
}

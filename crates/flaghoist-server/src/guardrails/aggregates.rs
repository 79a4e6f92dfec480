//! Aggregates of a Prometheus, fetched for a run before it is looked at.

use super::evidence::decode;
use super::runs::WatchedRun;
use crate::ApiError;
use crate::app::App;
use crate::prometheus::Measured;
use flaghoist_ingest::guardrail::RunState;

/// A minute is asked for once it is over and scraped: so long after its end.
const SETTLED_MS: i64 = 30_000;
const MINUTE_MS: i64 = 60_000;

/// What was measured of a metric, by its place among those of the run.
pub(super) struct Aggregates(Vec<(u16, Measured)>);

impl Aggregates {
    /// Asks for the minutes that are over and not known yet. What cannot be had now is asked for again: a run that is
    /// without for some minutes holds its next step.
    pub(super) async fn fetch(app: &App, run: &WatchedRun) -> Result<Self, ApiError> {
        let Some(prometheus) = app.prometheus.as_ref().filter(|_| run.is_on()) else {
            return Ok(Self(Vec::new()));
        };
        let watched = (0_u16..).zip(&run.run.guard.metrics);
        let watched: Vec<_> =
            watched.filter(|(_, metric)| metric.definition.source.is_prometheus()).collect();
        if watched.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let known = known(app, run, watched.iter().map(|(metric, _)| *metric)).await?;
        let keys: Vec<&str> = run.variant_keys.iter().map(String::as_str).collect();
        let to_ms = floor(app.clock.now().as_millisecond() - SETTLED_MS);
        let mut fetched = Vec::new();
        for ((metric, guarded), (last_ms, edge)) in watched.into_iter().zip(known) {
            let begun_ms = floor(run.run.started_at.as_millisecond() + MINUTE_MS - 1);
            let from_ms = last_ms.map_or(begun_ms, |last_ms| last_ms + MINUTE_MS);
            if from_ms >= to_ms {
                continue;
            }
            let definition = &guarded.definition;
            match prometheus.blocks(definition, &keys, from_ms, to_ms, edge).await {
                Ok(measured) => fetched.push((metric, measured)),
                Err(error) => {
                    tracing::warn!(cause = %error, metric = definition.id, "the Prometheus does not say how a metric of a rollout stands");
                }
            }
        }
        Ok(Self(fetched))
    }

    /// Adds them to what is known of the run; what was added before is left out.
    pub(super) fn add_to(&self, run: &WatchedRun, state: &mut RunState) {
        for (metric, measured) in &self.0 {
            if let Some(edge) = measured.edge {
                state.choose_block_edge(*metric, edge);
            }
            // Another node may have chosen another edge meanwhile: then these blocks are of no use.
            if state.block_edge(*metric) == measured.edge {
                state.add_blocks(&run.watch, *metric, &measured.blocks);
            }
        }
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

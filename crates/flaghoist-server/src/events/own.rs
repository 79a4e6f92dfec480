//! The loop that writes counts: those that were reported as they come, those of this server now and then.

use crate::app::App;
use crate::publish::Outcome;
use flaghoist_store::{CountedEvaluations, EvaluationCounts, EvaluationSeries};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often evaluations by this server are written down. So much of them is lost in a crash.
const OWN_INTERVAL: Duration = Duration::from_secs(10);
/// How often it is looked up when flags were last evaluated.
const LAST_INTERVAL: Duration = Duration::from_mins(5);
/// How often old counts are made fewer.
const COMPACT_INTERVAL: Duration = Duration::from_hours(1);
/// How long counts are kept by the minute, and then by the hour.
const MINUTES_KEPT: i64 = 48 * 60;
const HOURS_KEPT: i64 = 90 * 24;
/// How long a stop waits for the last ones.
const LAST_WRITE_LIMIT: Duration = Duration::from_secs(2);

/// Writes counts until `stop` is done and nobody waits any more.
pub async fn count(app: Arc<App>, stop: CancellationToken) {
    let Some(mut queue) = app.intake.take_queue() else { return };
    let ticks = |every: Duration| {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    };
    let (mut own, mut last, mut compaction) =
        (ticks(OWN_INTERVAL), ticks(LAST_INTERVAL), ticks(COMPACT_INTERVAL));
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = queue.fill() => queue.write(&*app.events).await,
            _ = own.tick() => write_down(&app).await,
            _ = last.tick() => look(&app).await,
            _ = compaction.tick() => compact(&app).await,
        }
    }
    let last = async {
        while queue.fill_now() {
            queue.write(&*app.events).await;
        }
        write_down(&app).await;
    };
    if tokio::time::timeout(LAST_WRITE_LIMIT, last).await.is_err() {
        tracing::warn!("the last counts were not written down: the database takes too long");
    }
}

/// Writes down evaluations by this server. What cannot be written is kept.
pub async fn write_down(app: &App) {
    let now = app.clock.now();
    let mut taken: Vec<(Arc<Outcome>, (u64, u64))> = Vec::new();
    let mut counted = Vec::new();
    for environment in app.publisher.published().environments() {
        for flag in environment.flags() {
            for outcome in flag.counter.outcomes().iter() {
                let unwritten = outcome.take_unwritten();
                if unwritten == (0, 0) {
                    continue;
                }
                let series = EvaluationSeries {
                    environment_id: environment.id(),
                    flag_id: flag.id,
                    allocation: outcome.allocation.to_string(),
                    variant: outcome.variant.to_string(),
                };
                counted.push(own(series, unwritten, now));
                taken.push((Arc::clone(outcome), unwritten));
            }
        }
    }
    if counted.is_empty() {
        return;
    }
    if let Err(error) = app.events.add_evaluations(&counted).await {
        tracing::warn!(cause = %error, "could not write down evaluations by this server");
        for (outcome, unwritten) in taken {
            outcome.give_back(unwritten);
        }
    }
}

fn own(series: EvaluationSeries, (good, errors): (u64, u64), now: Timestamp) -> CountedEvaluations {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let evaluations = count(good + errors);
    let defaults = if series.variant.is_empty() { evaluations } else { 0 };
    let counts = EvaluationCounts { evaluations, exposures: 0, defaults, errors: count(errors) };
    let minute = now.as_second().div_euclid(60);
    CountedEvaluations { series, minute, counts, first_at: now, last_at: now }
}

/// Looks up when flags were last evaluated.
pub async fn look(app: &App) {
    if let Err(error) = app.last_evaluations.look(app).await {
        tracing::warn!(cause = %error, "could not look up when flags were last evaluated");
    }
}

async fn compact(app: &App) {
    let hour = app.clock.now().as_second().div_euclid(3_600);
    let fold_before = (hour * 60) - MINUTES_KEPT;
    let delete_before = (hour - HOURS_KEPT) * 60;
    if let Err(error) = app.events.compact_evaluations(fold_before, delete_before).await {
        tracing::warn!(cause = %error, "could not make old counts fewer");
    }
}

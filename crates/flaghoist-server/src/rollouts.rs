//! The scheduler: moves rollouts when their time has come.
//!
//! Every node runs it; none leads. A move is one transaction that only the first can make: it holds the project, and
//! the schedule's row says how many moves were made before. What a node that died left undone is simply still due.

use crate::ApiError;
use crate::app::{App, AppState};
use crate::commands::{self, Moved};
use flaghoist_model::id::ScheduleId;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a node sleeps at most: what other nodes scheduled meanwhile is found then.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Schedules that are looked up together.
const LOOKED_UP_AT_ONCE: i64 = 500;
/// Publications wait for more moves no longer than this.
const PUBLISH_AFTER: Duration = Duration::from_millis(200);

/// Moves what is due until `stop` is done, and sleeps until the next is.
pub async fn run(app: AppState, stop: CancellationToken) {
    loop {
        let pause = match move_all_due(&app).await {
            Ok(Some(next)) => until(next, app.clock.now()),
            Ok(None) => POLL_INTERVAL,
            Err(error) => {
                tracing::warn!(cause = %error, "rollouts were not moved; they will be as soon as they can");
                POLL_INTERVAL
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause.min(POLL_INTERVAL)) => {}
        }
    }
}

fn until(next: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(next.duration_since(now)).unwrap_or_default()
}

/// Makes every move that is due, and gives when the next one will be. Overdue schedules of after a downtime are moved
/// step by step, each with its history entry, and published together (decision 19).
pub async fn move_all_due(app: &App) -> Result<Option<Timestamp>, ApiError> {
    let mut pass = Pass { app, unpublished_since: None };
    let moved = pass.run().await;
    // What was moved before something failed is made.
    pass.publish().await;
    moved?;
    Ok(app.store.read().await?.next_due_schedule(app.clock.now()).await?)
}

struct Pass<'a> {
    app: &'a App,
    unpublished_since: Option<tokio::time::Instant>,
}

impl Pass<'_> {
    async fn run(&mut self) -> Result<(), ApiError> {
        let mut after: Option<(Timestamp, ScheduleId)> = None;
        loop {
            let now = self.app.clock.now();
            let due = self.app.store.read().await?.due_schedules(now, after, LOOKED_UP_AT_ONCE).await?;
            let Some(last) = due.last() else { return Ok(()) };
            after = Some((last.due_at, last.place.schedule_id));
            for due in &due {
                self.move_one(due).await?;
            }
        }
    }

    /// Moves a schedule until it is no longer due. One that cannot be moved harms no other.
    async fn move_one(&mut self, due: &flaghoist_store::DueSchedule) -> Result<(), ApiError> {
        loop {
            match commands::move_due(self.app, &due.place).await {
                Ok(Moved::On { late }) => self.moved(late).await,
                // Another node was first.
                Ok(Moved::Waits | Moved::Not) | Err(ApiError::Conflict(_)) => return Ok(()),
                Err(error @ (ApiError::Unavailable | ApiError::TimedOut)) => return Err(error),
                Err(error) => {
                    tracing::error!(cause = %error, schedule.id = %due.place.schedule_id, "a rollout cannot be moved");
                    return Ok(());
                }
            }
        }
    }

    async fn moved(&mut self, late: SignedDuration) {
        self.app.metrics.rollout_moved(late);
        let since = *self.unpublished_since.get_or_insert_with(tokio::time::Instant::now);
        if since.elapsed() >= PUBLISH_AFTER {
            self.publish().await;
        }
    }

    async fn publish(&mut self) {
        if self.unpublished_since.take().is_some() {
            commands::publish(self.app).await;
        }
    }
}

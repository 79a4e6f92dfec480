//! The scheduler: moves rollouts when their time has come.
//!
//! Every node runs it; none leads. A move is one transaction that only the first can make: it holds the project, and
//! the schedule's row says how many moves were made before. What a node that died left undone is simply still due.

use crate::ApiError;
use crate::app::{App, AppState};
use crate::commands::{self, Moved};
use crate::guardrails::clear_next_step;
use flaghoist_model::id::{ProjectId, ScheduleId};
use flaghoist_store::DueSchedule;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a node sleeps at most: what other nodes scheduled meanwhile is found then.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Schedules that are looked up together.
const LOOKED_UP_AT_ONCE: i64 = 500;
/// Publications wait for more moves no longer than this.
const PUBLISH_AFTER: Duration = Duration::from_millis(200);
/// How long one that waits for a decision is let alone.
const WAIT: Duration = Duration::from_millis(900);
/// How long one that cannot be moved is let alone.
const REST: Duration = Duration::from_secs(30);
/// How long a project that somebody else holds is let alone.
const HELD: Duration = Duration::from_secs(2);
/// Projects that a pass may find held before the database itself is taken to be away.
const HELD_MAX: usize = 3;

/// Moves what is due until `stop` is done, and sleeps until the next is, or until a change of this node may have made
/// something due sooner.
pub async fn run(app: AppState, stop: CancellationToken) {
    let mut scheduler = Scheduler::default();
    while !stop.is_cancelled() {
        let pause = match scheduler.move_all_due(&app, &stop).await {
            Ok(Some(next)) => until(next, app.clock.now()),
            Ok(None) => POLL_INTERVAL,
            Err(error) => {
                tracing::warn!(cause = %error, "rollouts were not moved; they will be as soon as they can");
                POLL_INTERVAL
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.rollouts_due.notified() => {}
            () = tokio::time::sleep(pause.min(POLL_INTERVAL)) => {}
        }
    }
}

fn until(next: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(next.duration_since(now)).unwrap_or_default()
}

/// Makes every move that is due, and gives when the next one will be: one pass of a scheduler that remembers nothing.
pub async fn move_all_due(app: &App) -> Result<Option<Timestamp>, ApiError> {
    Scheduler::default().move_all_due(app, &CancellationToken::new()).await
}

/// What a node remembers between its passes.
#[derive(Default)]
struct Scheduler {
    /// Schedules that are due and are let alone until then.
    let_alone: HashMap<ScheduleId, Instant>,
    /// Projects that somebody else held too long, let alone until then: others are moved all the same.
    held: HashMap<ProjectId, Instant>,
}

impl Scheduler {
    /// Overdue schedules of after a downtime are moved step by step, each with its history entry, and published together
    /// (decision 19).
    async fn move_all_due(
        &mut self,
        app: &App,
        stop: &CancellationToken,
    ) -> Result<Option<Timestamp>, ApiError> {
        let now = Instant::now();
        self.let_alone.retain(|_, until| *until > now);
        self.held.retain(|_, until| *until > now);
        let mut pass = Pass { app, stop, memory: self, unpublished_since: None, held_now: 0 };
        let looked_at = pass.run().await;
        // What was moved before something failed is made.
        pass.publish().await;
        // What became due after the last look is due next.
        Ok(app.store.read().await?.next_due_schedule(looked_at?).await?)
    }
}

struct Pass<'a> {
    app: &'a App,
    stop: &'a CancellationToken,
    memory: &'a mut Scheduler,
    unpublished_since: Option<Instant>,
    /// Projects that this pass found held.
    held_now: usize,
}

impl Pass<'_> {
    /// Gives when it looked last.
    async fn run(&mut self) -> Result<Timestamp, ApiError> {
        let mut after: Option<(Timestamp, ScheduleId)> = None;
        loop {
            let now = self.app.clock.now();
            let due = self.app.store.read().await?.due_schedules(now, after, LOOKED_UP_AT_ONCE).await?;
            let Some(last) = due.last() else { return Ok(now) };
            after = Some((last.due_at, last.place.schedule_id));
            for due in &due {
                if self.memory.let_alone.contains_key(&due.place.schedule_id) {
                    continue;
                }
                if let Some(rest) = self.move_one(due).await? {
                    self.memory.let_alone.insert(due.place.schedule_id, Instant::now() + rest);
                }
            }
        }
    }

    /// Moves a schedule until it is no longer due; how long it is let alone if it stays so. One that cannot be moved
    /// harms no other.
    async fn move_one(&mut self, due: &DueSchedule) -> Result<Option<Duration>, ApiError> {
        let mut clearance = None;
        while !self.stop.is_cancelled() && !self.memory.held.contains_key(&due.place.project_id) {
            match commands::move_due(self.app, &due.place, clearance).await {
                Ok(Moved::On { late, is_due }) => {
                    self.moved(late).await;
                    if !is_due {
                        return Ok(None);
                    }
                }
                // Where it does nothing, another node was first.
                Ok(Moved::Not) => return Ok(None),
                Ok(Moved::Waits) => return Ok(Some(WAIT)),
                Ok(Moved::Unwatched) => match clear_next_step(self.app, &due.place).await {
                    Ok(Some(cleared)) if Some(cleared) != clearance => clearance = Some(cleared),
                    Ok(_) => return Ok(Some(WAIT)),
                    Err(error) => {
                        tracing::warn!(cause = %error, schedule.id = %due.place.schedule_id, "the guardrails of a rollout cannot be looked at; its next step waits");
                        return Ok(Some(WAIT));
                    }
                },
                Ok(Moved::Unapproved) => return Ok(Some(REST)),
                Err(error @ (ApiError::Unavailable | ApiError::TimedOut)) => {
                    tracing::warn!(cause = %error, project.id = %due.place.project_id, "a project cannot be changed; its rollouts wait");
                    self.memory.held.insert(due.place.project_id, Instant::now() + HELD);
                    self.held_now += 1;
                    if self.held_now >= HELD_MAX {
                        return Err(error);
                    }
                }
                Err(error) => {
                    tracing::error!(cause = %error, schedule.id = %due.place.schedule_id, "a rollout cannot be moved");
                    return Ok(Some(REST));
                }
            }
        }
        Ok(None)
    }

    async fn moved(&mut self, late: SignedDuration) {
        self.app.metrics.rollout_moved(late);
        let since = *self.unpublished_since.get_or_insert_with(Instant::now);
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

//! Runs of rollouts that guardrails watch.

use super::columns::{Table, readable};
use super::{Conn, Db, Document, Row, failed};
use crate::document::FORMAT;
use crate::scope::Scope;
use crate::{GuardedRun, Result};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::guard::Guard;
use flaghoist_model::id::{AllocationId, EnvironmentId, FlagId, ProjectId, ScheduleId};
use jiff::Timestamp;

const TABLE: Table = Table { name: "guarded_runs", key: &["schedule_id"] };

const SAVE: &str = "
    INSERT INTO guarded_runs
        (schedule_id, run, project_id, flag_id, environment_id, allocation_id, allocation_key, started_at, ended_at,
        format, document)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (schedule_id, run) DO UPDATE SET
        allocation_key = excluded.allocation_key, ended_at = excluded.ended_at, format = excluded.format,
        document = excluded.document";

const ON_SINCE: &str = "
    SELECT schedule_id, run, project_id, flag_id, environment_id, allocation_id, allocation_key, started_at, ended_at,
        format, document
    FROM guarded_runs WHERE ended_at IS NULL OR ended_at > $1";

const OF_SCHEDULE: &str = "
    SELECT schedule_id, run, project_id, flag_id, environment_id, allocation_id, allocation_key, started_at, ended_at,
        format, document
    FROM guarded_runs WHERE schedule_id = $1 AND project_id = $2 ORDER BY run DESC LIMIT $3";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[SAVE, ON_SINCE, OF_SCHEDULE];

/// Writes down the runs of the entry's schedules as they are.
pub(super) async fn save(conn: &mut Conn, scope: Scope, entry: &FlagEnvironment) -> Result<()> {
    for (allocation, schedule) in entry.schedules() {
        let Some(guard) = schedule.progress.guard.as_deref() else { continue };
        let Some(started_at) = guard.started_at() else { continue };
        let ended_at = guard.steps.last().and_then(|step| step.to).filter(|_| !schedule.is_on());
        sqlx::query::<Db>(SAVE)
            .bind(schedule.id.0)
            .bind(guard.run)
            .bind(scope.project_id.0)
            .bind(entry.flag_id.0)
            .bind(entry.environment_id.0)
            .bind(allocation.id.0)
            .bind(&allocation.key)
            .bind(started_at.as_microsecond())
            .bind(ended_at.map(Timestamp::as_microsecond))
            .bind(FORMAT)
            .bind(Document(guard))
            .execute(&mut *conn)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// The runs of all projects that are on, or ended after a moment. One that cannot be read harms no other.
pub(super) async fn on_since(conn: &mut Conn, since: Timestamp) -> Result<Vec<GuardedRun>> {
    let rows = sqlx::query::<Db>(ON_SINCE).bind(since.as_microsecond()).fetch_all(conn).await;
    Ok(readable(rows.map_err(failed)?.iter().map(read)))
}

/// The runs of a schedule, the last first.
pub(super) async fn of_schedule(
    conn: &mut Conn,
    project_id: ProjectId,
    id: ScheduleId,
    limit: i64,
) -> Result<Vec<GuardedRun>> {
    let rows = sqlx::query::<Db>(OF_SCHEDULE).bind(id.0).bind(project_id.0).bind(limit).fetch_all(conn).await;
    rows.map_err(failed)?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<GuardedRun> {
    let columns = TABLE.columns(row);
    let guard: Guard = columns.document()?;
    Ok(GuardedRun {
        schedule_id: columns.id("schedule_id", ScheduleId)?,
        project_id: columns.id("project_id", ProjectId)?,
        flag_id: columns.id("flag_id", FlagId)?,
        environment_id: columns.id("environment_id", EnvironmentId)?,
        allocation_id: columns.id("allocation_id", AllocationId)?,
        allocation_key: columns.get("allocation_key")?,
        started_at: columns.moment("started_at")?,
        ended_at: columns.optional_moment("ended_at")?,
        guard,
    })
}

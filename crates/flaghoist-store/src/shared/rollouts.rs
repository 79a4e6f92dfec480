//! The index rows of exposure schedules, and how schedules moved.

use super::columns::Table;
use super::dialect::{LAST_TRANSITIONS_OF_SCHEDULES, id_list};
use super::{Conn, Db, Row, failed};
use crate::document::from_name;
use crate::scope::Scope;
use crate::{DueSchedule, Error, KeptTransition, Result, RolloutFilter, SchedulePlace};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::id::{EnvironmentId, FlagId, HistoryId, ProjectId, ScheduleId, UserId};
use flaghoist_model::schedule::{PauseReason, Schedule, ScheduleStatus, Transition};
use jiff::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

const TABLE: Table = Table { name: "rollout_transitions", key: &["schedule_id"] };
const SCHEDULES_TABLE: Table = Table { name: "exposure_schedules", key: &["id"] };

const OF_ENTRY: &str = "
    SELECT exposure_schedules.id, allocation_id, strategy, status, sequence, next_transition_at
    FROM exposure_schedules JOIN allocations ON allocations.id = allocation_id
    WHERE flag_id = $1 AND environment_id = $2";

const INSERT: &str = "
    INSERT INTO exposure_schedules (id, allocation_id, strategy, status, sequence, next_transition_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

// Whoever moved the schedule in between is a conflict: each transition is made once.
const UPDATE: &str = "
    UPDATE exposure_schedules
    SET strategy = $3, status = $4, sequence = $5, next_transition_at = $6
    WHERE id = $1 AND sequence = $2";

// One that was changed since the entry was read is left alone.
const REINDEX: &str = "
    UPDATE exposure_schedules
    SET strategy = $3, status = $4, next_transition_at = $5
    WHERE id = $1 AND sequence = $2 AND EXISTS (
        SELECT 1 FROM flag_environments WHERE flag_id = $6 AND environment_id = $7 AND revision = $8)";

const DELETE: &str = "DELETE FROM exposure_schedules WHERE id = $1";

const INSERT_TRANSITION: &str = "
    INSERT INTO rollout_transitions
        (project_id, revision, schedule_id, sequence, flag_id, environment_id, deed, cause, run, status, pause_reason,
        step_position, exposure_ratio, due_at, at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

const DUE: &str = "
    SELECT exposure_schedules.id, project_id, flag_id, environment_id, next_transition_at
    FROM exposure_schedules JOIN allocations ON allocations.id = allocation_id
    WHERE next_transition_at <= $1 AND (next_transition_at, exposure_schedules.id) > ($2, $3)
    ORDER BY next_transition_at, exposure_schedules.id LIMIT $4";

const NEXT_DUE: &str = "
    SELECT next_transition_at FROM exposure_schedules WHERE next_transition_at > $1
    ORDER BY next_transition_at LIMIT 1";

const PLACE: &str = "
    SELECT exposure_schedules.id, project_id, flag_id, environment_id
    FROM exposure_schedules JOIN allocations ON allocations.id = allocation_id
    WHERE exposure_schedules.id = $1 AND project_id = $2";

// A plain gate is no rollout, but while it waits to be opened.
const PAGE: &str = "
    SELECT exposure_schedules.id, project_id, flag_id, environment_id
    FROM exposure_schedules JOIN allocations ON allocations.id = allocation_id
    WHERE project_id = $1
        AND (strategy <> 'NO_ROLLOUT' OR status <> 'COMPLETED')
        AND (flag_id = $2 OR $2 IS NULL)
        AND (environment_id = $3 OR $3 IS NULL)
        AND (status = $4 OR $4 IS NULL)
        AND (exposure_schedules.id < $5 OR $5 IS NULL)
    ORDER BY exposure_schedules.id DESC LIMIT $6";

const OF_SCHEDULE: &str = "
    SELECT made.project_id, made.revision, schedule_id, sequence, made.flag_id, made.environment_id, deed, cause, run,
        status, pause_reason, step_position, exposure_ratio, due_at, made.at, history.id AS history_id, user_id
    FROM rollout_transitions made
        LEFT JOIN history ON history.project_id = made.project_id AND history.revision = made.revision
    WHERE schedule_id = $1 AND made.project_id = $2
    ORDER BY made.revision DESC, sequence DESC LIMIT $3";

const SINCE: &str = "
    SELECT made.project_id, made.revision, schedule_id, sequence, made.flag_id, made.environment_id, deed, cause, run,
        status, pause_reason, step_position, exposure_ratio, due_at, made.at, history.id AS history_id, user_id
    FROM rollout_transitions made
        LEFT JOIN history ON history.project_id = made.project_id AND history.revision = made.revision
    WHERE made.project_id = $1 AND made.revision > $2
    ORDER BY made.revision, schedule_id, sequence LIMIT $3";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    OF_ENTRY,
    INSERT,
    UPDATE,
    REINDEX,
    DELETE,
    INSERT_TRANSITION,
    DUE,
    NEXT_DUE,
    PLACE,
    PAGE,
    OF_SCHEDULE,
    SINCE,
    LAST_TRANSITIONS_OF_SCHEDULES,
];

/// An index row.
#[derive(PartialEq)]
struct Indexed {
    allocation_id: Uuid,
    strategy: String,
    status: String,
    sequence: i64,
    next_transition_at: Option<i64>,
}

impl Indexed {
    fn of(allocation_id: Uuid, schedule: &Schedule) -> Self {
        Self {
            allocation_id,
            strategy: schedule.strategy.as_str().to_owned(),
            status: schedule.progress.status.as_str().to_owned(),
            sequence: schedule.progress.sequence,
            next_transition_at: schedule.due_at().map(Timestamp::as_microsecond),
        }
    }
}

/// Makes the index rows those of the entry's schedules. Most changes leave them alone, and then nothing is written.
/// Runs after the allocations are indexed, whose deletions take schedules along.
pub(super) async fn index(conn: &mut Conn, entry: &FlagEnvironment) -> Result<()> {
    let mut present = of_entry(conn, entry.flag_id, entry.environment_id).await?;
    for (allocation, schedule) in entry.schedules() {
        let wanted = Indexed::of(allocation.id.0, schedule);
        let moves = entry.transitions.iter().filter(|made| made.schedule_id == schedule.id).count();
        match present.remove(&schedule.id.0) {
            Some(present) if present == wanted && moves == 0 => {}
            Some(present) if present.allocation_id == wanted.allocation_id => {
                let made_from = wanted.sequence - i64::try_from(moves).unwrap_or(i64::MAX);
                update(conn, schedule.id, made_from, &wanted).await?;
            }
            Some(_) => {
                delete(conn, schedule.id.0).await?;
                insert(conn, schedule.id, &wanted).await?;
            }
            None => insert(conn, schedule.id, &wanted).await?,
        }
    }
    for id in present.into_keys() {
        delete(conn, id).await?;
    }
    Ok(())
}

async fn of_entry(
    conn: &mut Conn,
    flag_id: FlagId,
    environment_id: EnvironmentId,
) -> Result<BTreeMap<Uuid, Indexed>> {
    let rows = sqlx::query::<Db>(OF_ENTRY)
        .bind(flag_id.0)
        .bind(environment_id.0)
        .fetch_all(conn)
        .await
        .map_err(failed)?;
    let read = |row: &Row| {
        let columns = SCHEDULES_TABLE.columns(row);
        let indexed = Indexed {
            allocation_id: columns.get("allocation_id")?,
            strategy: columns.get("strategy")?,
            status: columns.get("status")?,
            sequence: columns.get("sequence")?,
            next_transition_at: columns.get("next_transition_at")?,
        };
        Ok((columns.get("id")?, indexed))
    };
    rows.iter().map(read).collect()
}

async fn insert(conn: &mut Conn, id: ScheduleId, indexed: &Indexed) -> Result<()> {
    sqlx::query::<Db>(INSERT)
        .bind(id.0)
        .bind(indexed.allocation_id)
        .bind(&indexed.strategy)
        .bind(&indexed.status)
        .bind(indexed.sequence)
        .bind(indexed.next_transition_at)
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn update(conn: &mut Conn, id: ScheduleId, made_from: i64, indexed: &Indexed) -> Result<()> {
    let updated = sqlx::query::<Db>(UPDATE)
        .bind(id.0)
        .bind(made_from)
        .bind(&indexed.strategy)
        .bind(&indexed.status)
        .bind(indexed.sequence)
        .bind(indexed.next_transition_at)
        .execute(conn)
        .await
        .map_err(failed)?;
    match updated.rows_affected() {
        0 => Err(Error::Conflict { table: SCHEDULES_TABLE.name, expected: made_from }),
        _ => Ok(()),
    }
}

async fn delete(conn: &mut Conn, id: Uuid) -> Result<()> {
    sqlx::query::<Db>(DELETE).bind(id).execute(conn).await.map_err(failed)?;
    Ok(())
}

/// Writes down how schedules stand whose index rows say something else. Changes nothing else and no revision.
pub(super) async fn reindex(conn: &mut Conn, entry: &FlagEnvironment) -> Result<()> {
    let present = of_entry(conn, entry.flag_id, entry.environment_id).await?;
    for (allocation, schedule) in entry.schedules() {
        let wanted = Indexed::of(allocation.id.0, schedule);
        if present.get(&schedule.id.0).is_none_or(|present| *present == wanted) {
            continue;
        }
        sqlx::query::<Db>(REINDEX)
            .bind(schedule.id.0)
            .bind(wanted.sequence)
            .bind(&wanted.strategy)
            .bind(&wanted.status)
            .bind(wanted.next_transition_at)
            .bind(entry.flag_id.0)
            .bind(entry.environment_id.0)
            .bind(entry.revision)
            .execute(&mut *conn)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

pub(super) async fn insert_transitions(conn: &mut Conn, scope: Scope, entry: &FlagEnvironment) -> Result<()> {
    for transition in &entry.transitions {
        let position = transition.position.map(|position| i64::try_from(position).unwrap_or(i64::MAX));
        sqlx::query::<Db>(INSERT_TRANSITION)
            .bind(scope.project_id.0)
            .bind(scope.revision)
            .bind(transition.schedule_id.0)
            .bind(transition.sequence)
            .bind(entry.flag_id.0)
            .bind(entry.environment_id.0)
            .bind(transition.deed.as_str())
            .bind(transition.cause.as_str())
            .bind(transition.run)
            .bind(transition.status.as_str())
            .bind(transition.pause_reason.map(PauseReason::as_str))
            .bind(position)
            .bind(transition.exposure_ratio)
            .bind(transition.due_at.as_microsecond())
            .bind(transition.at.as_microsecond())
            .execute(&mut *conn)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

pub(super) async fn due(
    conn: &mut Conn,
    now: Timestamp,
    after: Option<(Timestamp, ScheduleId)>,
    limit: i64,
) -> Result<Vec<DueSchedule>> {
    let (after_at, after_id) = after.map_or((i64::MIN, Uuid::nil()), |(at, id)| (at.as_microsecond(), id.0));
    let rows = sqlx::query::<Db>(DUE)
        .bind(now.as_microsecond())
        .bind(after_at)
        .bind(after_id)
        .bind(limit)
        .fetch_all(conn)
        .await
        .map_err(failed)?;
    let read = |row: &Row| {
        let due_at = SCHEDULES_TABLE.columns(row).moment("next_transition_at")?;
        Ok(DueSchedule { place: read_place(row)?, due_at })
    };
    rows.iter().map(read).collect()
}

pub(super) async fn next_due(conn: &mut Conn, now: Timestamp) -> Result<Option<Timestamp>> {
    let row = sqlx::query::<Db>(NEXT_DUE).bind(now.as_microsecond()).fetch_optional(conn).await;
    row.map_err(failed)?.map(|row| SCHEDULES_TABLE.columns(&row).moment("next_transition_at")).transpose()
}

pub(super) async fn place(
    conn: &mut Conn,
    project_id: ProjectId,
    id: ScheduleId,
) -> Result<Option<SchedulePlace>> {
    let row = sqlx::query::<Db>(PLACE).bind(id.0).bind(project_id.0).fetch_optional(conn).await;
    row.map_err(failed)?.as_ref().map(read_place).transpose()
}

pub(super) async fn page(
    conn: &mut Conn,
    project_id: ProjectId,
    filter: &RolloutFilter,
    limit: i64,
) -> Result<Vec<SchedulePlace>> {
    let rows = sqlx::query::<Db>(PAGE)
        .bind(project_id.0)
        .bind(filter.flag_id.map(|id| id.0))
        .bind(filter.environment_id.map(|id| id.0))
        .bind(filter.status.map(ScheduleStatus::as_str))
        .bind(filter.before.map(|id| id.0))
        .bind(limit)
        .fetch_all(conn)
        .await
        .map_err(failed)?;
    rows.iter().map(read_place).collect()
}

fn read_place(row: &Row) -> Result<SchedulePlace> {
    let columns = SCHEDULES_TABLE.columns(row);
    Ok(SchedulePlace {
        schedule_id: columns.id("id", ScheduleId)?,
        project_id: columns.id("project_id", ProjectId)?,
        flag_id: columns.id("flag_id", FlagId)?,
        environment_id: columns.id("environment_id", EnvironmentId)?,
    })
}

pub(super) async fn of_schedule(
    conn: &mut Conn,
    project_id: ProjectId,
    id: ScheduleId,
    limit: i64,
) -> Result<Vec<KeptTransition>> {
    let rows = sqlx::query::<Db>(OF_SCHEDULE).bind(id.0).bind(project_id.0).bind(limit).fetch_all(conn).await;
    rows.map_err(failed)?.iter().map(read).collect()
}

pub(super) async fn since(
    conn: &mut Conn,
    project_id: ProjectId,
    revision: i64,
    limit: i64,
) -> Result<Vec<KeptTransition>> {
    let rows = sqlx::query::<Db>(SINCE).bind(project_id.0).bind(revision).bind(limit).fetch_all(conn).await;
    rows.map_err(failed)?.iter().map(read).collect()
}

pub(super) async fn last_of(conn: &mut Conn, ids: &[ScheduleId]) -> Result<Vec<KeptTransition>> {
    let rows = sqlx::query::<Db>(LAST_TRANSITIONS_OF_SCHEDULES)
        .bind(id_list(ids.iter().map(|id| id.0)))
        .fetch_all(conn)
        .await;
    rows.map_err(failed)?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<KeptTransition> {
    let columns = TABLE.columns(row);
    let name = |column: &'static str| columns.get::<String>(column);
    macro_rules! named {
        ($column:literal) => {
            from_name(&name($column)?).map_err(|error| columns.corrupt($column, &error))?
        };
    }
    let pause_reason: Option<String> = columns.get("pause_reason")?;
    let pause_reason = pause_reason.map(|name| from_name(&name)).transpose();
    let position: Option<i64> = columns.get("step_position")?;
    let transition = Transition {
        schedule_id: columns.id("schedule_id", ScheduleId)?,
        sequence: columns.get("sequence")?,
        deed: named!("deed"),
        cause: named!("cause"),
        run: columns.get("run")?,
        status: named!("status"),
        pause_reason: pause_reason.map_err(|error| columns.corrupt("pause_reason", &error))?,
        position: position.and_then(|position| usize::try_from(position).ok()),
        exposure_ratio: columns.get("exposure_ratio")?,
        due_at: columns.moment("due_at")?,
        at: columns.moment("at")?,
    };
    Ok(KeptTransition {
        project_id: columns.id("project_id", ProjectId)?,
        revision: columns.get("revision")?,
        flag_id: columns.id("flag_id", FlagId)?,
        environment_id: columns.id("environment_id", EnvironmentId)?,
        history_id: columns.optional_id("history_id", HistoryId)?,
        user_id: columns.optional_id("user_id", UserId)?,
        transition,
    })
}

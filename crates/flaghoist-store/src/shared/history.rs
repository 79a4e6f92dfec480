//! The history: what made every revision.

use super::columns::{Columns, Table};
use super::{Conn, Db, Document, Row, failed};
use crate::document::{ChangeDocument, FORMAT, Name, from_name};
use crate::scope::Scope;
use crate::{ChangeNotice, HistoryFilter, Result};
use flaghoist_model::history::{Action, Aggregate, Change, HistoryEntry};
use flaghoist_model::id::{EnvironmentId, FlagId, HistoryId, ProjectId, UserId};
use jiff::Timestamp;

const TABLE: Table = Table { name: "history", key: &["id"] };

const AFTER: &str = "
    SELECT id, project_id, revision, action, flag_id, environment_id, at, format, document
    FROM history WHERE project_id = $1 AND revision > $2 ORDER BY revision LIMIT $3";

// Documents are left out: whoever follows reads what concerns them. Aggregates come as `,one,other,`.
const NOTICES_AFTER: &str = "
    SELECT id, revision, action, flag_id, environment_id, at, user_id
    FROM history WHERE project_id = $1 AND revision > $2 AND $3 LIKE '%,' || aggregate || ',%'
    ORDER BY revision LIMIT $4";

const FIND: &str = "
    SELECT id, project_id, revision, action, flag_id, environment_id, at, format, document
    FROM history WHERE id = $1 AND project_id = $2";

/// A page of the history. The condition decides which index gives the order; aggregates come as `,one,other,`.
macro_rules! page {
    ($condition:literal) => {
        concat!(
            "
    SELECT id, project_id, revision, action, flag_id, environment_id, at, format, document
    FROM history
    WHERE project_id = $1 AND revision < $2
        AND ",
            $condition,
            "
        AND (user_id = $5 OR $5 IS NULL)
        AND at >= $6 AND at < $7
        AND $8 LIKE '%,' || aggregate || ',%'
        AND (action NOT LIKE 'rollout%' OR $9 = FALSE)
    ORDER BY revision DESC LIMIT $10"
        )
    };
}

const PAGE: &str = page!("(flag_id = $3 OR $3 IS NULL) AND (environment_id = $4 OR $4 IS NULL)");

const PAGE_OF_FLAG: &str = page!("flag_id = $3 AND (environment_id = $4 OR $4 IS NULL)");

const PAGE_OF_ENVIRONMENT: &str = page!("(flag_id = $3 OR $3 IS NULL) AND environment_id = $4");

const REVISION_AT: &str = "SELECT MAX(revision) FROM history WHERE project_id = $1 AND at <= $2";

// The entry that made a flag is given too: it may hold what the flag served from the start.
const STATES_AT: &str = "
    SELECT id, project_id, revision, action, flag_id, environment_id, at, format, document
    FROM history
    WHERE project_id = $1 AND revision IN (
        SELECT MAX(revision) FROM history
        WHERE project_id = $1 AND revision <= $2 AND (flag_id = $4 OR $4 IS NULL)
            AND (aggregate = 'flag' OR (aggregate = 'flag_environment' AND environment_id = $3))
        GROUP BY flag_id, aggregate
        UNION
        SELECT revision FROM history
        WHERE project_id = $1 AND revision <= $2 AND (flag_id = $4 OR $4 IS NULL) AND action = 'flag_created'
    )
    ORDER BY revision";

const INSERT: &str = "
    INSERT INTO history
        (id, project_id, revision, action, flag_id, environment_id, at, format, document, user_id, aggregate)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[AFTER, NOTICES_AFTER, FIND, PAGE, PAGE_OF_FLAG, PAGE_OF_ENVIRONMENT, REVISION_AT, STATES_AT, INSERT];

pub(super) async fn after(
    conn: &mut Conn,
    project_id: ProjectId,
    revision: i64,
    limit: i64,
) -> Result<Vec<HistoryEntry>> {
    let rows = sqlx::query::<Db>(AFTER)
        .bind(project_id.0)
        .bind(revision)
        .bind(limit)
        .fetch_all(conn)
        .await
        .map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn notices(
    conn: &mut Conn,
    project_id: ProjectId,
    aggregates: &[Aggregate],
    revision: i64,
    limit: i64,
) -> Result<Vec<ChangeNotice>> {
    let rows = sqlx::query::<Db>(NOTICES_AFTER)
        .bind(project_id.0)
        .bind(revision)
        .bind(as_list(aggregates))
        .bind(limit)
        .fetch_all(conn)
        .await
        .map_err(failed)?;
    rows.iter().map(read_notice).collect()
}

pub(super) async fn find(
    conn: &mut Conn,
    project_id: ProjectId,
    id: HistoryId,
) -> Result<Option<HistoryEntry>> {
    let row =
        sqlx::query::<Db>(FIND).bind(id.0).bind(project_id.0).fetch_optional(conn).await.map_err(failed)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn page(
    conn: &mut Conn,
    project_id: ProjectId,
    filter: &HistoryFilter,
    limit: i64,
) -> Result<Vec<HistoryEntry>> {
    let statement = match (filter.flag_id, filter.environment_id) {
        (Some(_), _) => PAGE_OF_FLAG,
        (None, Some(_)) => PAGE_OF_ENVIRONMENT,
        (None, None) => PAGE,
    };
    let aggregates = filter.aggregates.as_deref().unwrap_or(&Aggregate::ALL);
    let rows = sqlx::query::<Db>(statement)
        .bind(project_id.0)
        .bind(filter.before_revision.unwrap_or(i64::MAX))
        .bind(filter.flag_id.map(|id| id.0))
        .bind(filter.environment_id.map(|id| id.0))
        .bind(filter.user_id.map(|id| id.0))
        .bind(filter.since.map_or(i64::MIN, Timestamp::as_microsecond))
        .bind(filter.until.map_or(i64::MAX, Timestamp::as_microsecond))
        .bind(as_list(aggregates))
        .bind(filter.is_of_edits)
        .bind(limit)
        .fetch_all(conn)
        .await
        .map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn revision_at(conn: &mut Conn, project_id: ProjectId, at: Timestamp) -> Result<i64> {
    let revision = sqlx::query_scalar::<Db, Option<i64>>(REVISION_AT)
        .bind(project_id.0)
        .bind(at.as_microsecond())
        .fetch_one(conn)
        .await
        .map_err(failed)?;
    Ok(revision.unwrap_or(0))
}

pub(super) async fn states_at(
    conn: &mut Conn,
    project_id: ProjectId,
    environment_id: EnvironmentId,
    revision: i64,
    flag_id: Option<FlagId>,
) -> Result<Vec<HistoryEntry>> {
    let rows = sqlx::query::<Db>(STATES_AT)
        .bind(project_id.0)
        .bind(revision)
        .bind(environment_id.0)
        .bind(flag_id.map(|id| id.0))
        .fetch_all(conn)
        .await
        .map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn insert(conn: &mut Conn, scope: Scope, change: &Change) -> Result<()> {
    sqlx::query::<Db>(INSERT)
        .bind(change.id.0)
        .bind(scope.project_id.0)
        .bind(scope.revision)
        .bind(Name(change.action).to_string())
        .bind(change.flag_id.map(|id| id.0))
        .bind(change.environment_id.map(|id| id.0))
        .bind(change.at.as_microsecond())
        .bind(FORMAT)
        .bind(Document(ChangeDocument::from(change)))
        .bind(change.actor.user_id().map(|id| id.0))
        .bind(change.action.aggregate().as_str())
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Aggregates as the statements compare them.
fn as_list(aggregates: &[Aggregate]) -> String {
    let names: Vec<&str> = aggregates.iter().map(|aggregate| aggregate.as_str()).collect();
    format!(",{},", names.join(","))
}

fn action_of(columns: &Columns<'_>) -> Result<Action> {
    let action: String = columns.get("action")?;
    from_name(&action).map_err(|error| columns.corrupt("action", &error))
}

fn read_notice(row: &Row) -> Result<ChangeNotice> {
    let columns = TABLE.columns(row);
    Ok(ChangeNotice {
        revision: columns.get("revision")?,
        history_id: columns.id("id", HistoryId)?,
        at: columns.moment("at")?,
        action: action_of(&columns)?,
        flag_id: columns.optional_id("flag_id", FlagId)?,
        environment_id: columns.optional_id("environment_id", EnvironmentId)?,
        user_id: columns.optional_id("user_id", UserId)?,
    })
}

fn read(row: &Row) -> Result<HistoryEntry> {
    let columns = TABLE.columns(row);
    let ChangeDocument { actor, before, after, reason, dialect, authority, reverts } = columns.document()?;
    Ok(HistoryEntry {
        project_id: columns.id("project_id", ProjectId)?,
        revision: columns.get("revision")?,
        change: Change {
            id: columns.id("id", HistoryId)?,
            actor,
            action: action_of(&columns)?,
            flag_id: columns.optional_id("flag_id", FlagId)?,
            environment_id: columns.optional_id("environment_id", EnvironmentId)?,
            before,
            after,
            reason,
            dialect,
            authority,
            reverts,
            at: columns.moment("at")?,
        },
    })
}

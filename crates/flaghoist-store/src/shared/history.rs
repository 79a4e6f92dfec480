//! The history: what made every revision.

use super::columns::Table;
use super::{Conn, Db, Document, Row, failed};
use crate::Result;
use crate::document::{ChangeDocument, FORMAT, Name, from_name};
use crate::scope::Scope;
use flaghoist_model::history::{Change, HistoryEntry};
use flaghoist_model::id::{EnvironmentId, FlagId, HistoryId, ProjectId};

const TABLE: Table = Table { name: "history", key: &["id"] };

const AFTER: &str = "
    SELECT id, project_id, revision, action, flag_id, environment_id, at, format, document
    FROM history WHERE project_id = $1 AND revision > $2 ORDER BY revision LIMIT $3";

const INSERT: &str = "
    INSERT INTO history (id, project_id, revision, action, flag_id, environment_id, at, format, document)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[AFTER, INSERT];

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
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

fn read(row: &Row) -> Result<HistoryEntry> {
    let columns = TABLE.columns(row);
    let action: String = columns.get("action")?;
    let ChangeDocument { actor, before, after, reason } = columns.document()?;
    Ok(HistoryEntry {
        project_id: columns.id("project_id", ProjectId)?,
        revision: columns.get("revision")?,
        change: Change {
            id: columns.id("id", HistoryId)?,
            actor,
            action: from_name(&action).map_err(|error| columns.corrupt("action", &error))?,
            flag_id: columns.optional_id("flag_id", FlagId)?,
            environment_id: columns.optional_id("environment_id", EnvironmentId)?,
            before,
            after,
            reason,
            at: columns.moment("at")?,
        },
    })
}

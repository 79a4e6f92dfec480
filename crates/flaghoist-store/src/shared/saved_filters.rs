//! Saved filters.

use super::columns::Table;
use super::{Conn, Db, Document, Row, failed};
use crate::Result;
use crate::document::{FORMAT, SavedFilterDocument};
use crate::scope::Scope;
use flaghoist_model::id::{ProjectId, SavedFilterId};
use flaghoist_model::saved_filter::SavedFilter;

const TABLE: Table = Table { name: "saved_filters", key: &["id"] };

const ALL: &str = "
    SELECT id, project_id, name, format, document, created_at, updated_at, revision
    FROM saved_filters WHERE project_id = $1 ORDER BY created_at, id";

const INSERT: &str = "
    INSERT INTO saved_filters (id, project_id, name, format, document, created_at, updated_at, revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[ALL, INSERT];

pub(super) async fn all(conn: &mut Conn, project_id: ProjectId) -> Result<Vec<SavedFilter>> {
    let rows = sqlx::query::<Db>(ALL).bind(project_id.0).fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn insert(conn: &mut Conn, scope: Scope, filter: &SavedFilter) -> Result<()> {
    scope.owns(filter.project_id)?;
    sqlx::query::<Db>(INSERT)
        .bind(filter.id.0)
        .bind(scope.project_id.0)
        .bind(&filter.name)
        .bind(FORMAT)
        .bind(Document(SavedFilterDocument::from(filter)))
        .bind(filter.created_at.as_microsecond())
        .bind(filter.updated_at.as_microsecond())
        .bind(scope.revision)
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

fn read(row: &Row) -> Result<SavedFilter> {
    let columns = TABLE.columns(row);
    let SavedFilterDocument { rules } = columns.document()?;
    Ok(SavedFilter {
        id: columns.id("id", SavedFilterId)?,
        project_id: columns.id("project_id", ProjectId)?,
        name: columns.get("name")?,
        rules,
        created_at: columns.moment("created_at")?,
        updated_at: columns.moment("updated_at")?,
        revision: columns.get("revision")?,
    })
}

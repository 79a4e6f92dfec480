//! Context attributes.

use super::columns::Table;
use super::{Conn, Db, Document, Row, failed};
use crate::Result;
use crate::document::{ContextAttributeDocument, FORMAT};
use crate::scope::Scope;
use flaghoist_model::context_attribute::ContextAttribute;
use flaghoist_model::id::{ContextAttributeId, ProjectId};

const TABLE: Table = Table { name: "context_attributes", key: &["id"] };

const ALL: &str = "
    SELECT id, project_id, key, format, document, created_at, updated_at, revision
    FROM context_attributes WHERE project_id = $1 ORDER BY key";

// The project is held, so nobody else changes the row meanwhile.
const SAVE: &str = "
    INSERT INTO context_attributes (id, project_id, key, format, document, created_at, updated_at, revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (id) DO UPDATE SET
        format = excluded.format, document = excluded.document, updated_at = excluded.updated_at,
        revision = excluded.revision";

const DELETE: &str = "DELETE FROM context_attributes WHERE id = $1 AND project_id = $2";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[ALL, SAVE, DELETE];

pub(super) async fn all(conn: &mut Conn, project_id: ProjectId) -> Result<Vec<ContextAttribute>> {
    let rows = sqlx::query::<Db>(ALL).bind(project_id.0).fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn save(conn: &mut Conn, scope: Scope, attribute: &ContextAttribute) -> Result<()> {
    scope.owns(attribute.project_id)?;
    sqlx::query::<Db>(SAVE)
        .bind(attribute.id.0)
        .bind(scope.project_id.0)
        .bind(&attribute.key)
        .bind(FORMAT)
        .bind(Document(ContextAttributeDocument::from(attribute)))
        .bind(attribute.created_at.as_microsecond())
        .bind(attribute.updated_at.as_microsecond())
        .bind(scope.revision)
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(super) async fn delete(conn: &mut Conn, scope: Scope, id: ContextAttributeId) -> Result<()> {
    let deleted =
        sqlx::query::<Db>(DELETE).bind(id.0).bind(scope.project_id.0).execute(conn).await.map_err(failed)?;
    TABLE.require(deleted.rows_affected())
}

fn read(row: &Row) -> Result<ContextAttribute> {
    let columns = TABLE.columns(row);
    let document: ContextAttributeDocument = columns.document()?;
    Ok(ContextAttribute {
        id: columns.id("id", ContextAttributeId)?,
        project_id: columns.id("project_id", ProjectId)?,
        key: columns.get("key")?,
        label: document.label,
        value_type: document.value_type,
        category: document.category,
        operators: document.operators,
        is_custom: document.is_custom,
        is_active: document.is_active,
        suggestions: document.suggestions,
        placeholder: document.placeholder,
        description: document.description,
        created_by: document.created_by,
        created_at: columns.moment("created_at")?,
        updated_at: columns.moment("updated_at")?,
        revision: columns.get("revision")?,
    })
}

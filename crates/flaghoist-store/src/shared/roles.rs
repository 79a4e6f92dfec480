//! Custom roles.

use super::columns::Table;
use super::{Conn, Db, Document, Row, failed};
use crate::Result;
use crate::document::{FORMAT, RoleDocument};
use crate::scope::Scope;
use flaghoist_model::access::CustomRole;
use flaghoist_model::id::{ProjectId, RoleId};

const TABLE: Table = Table { name: "roles", key: &["id"] };

const ALL: &str = "
    SELECT id, project_id, name, format, document, created_at, updated_at, revision
    FROM roles WHERE project_id = $1 ORDER BY name";

const REVISION: &str = "SELECT revision FROM roles WHERE id = $1 AND project_id = $2";

const INSERT: &str = "
    INSERT INTO roles (id, project_id, name, format, document, created_at, updated_at, revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const UPDATE: &str = "
    UPDATE roles SET name = $4, format = $5, document = $6, updated_at = $7, revision = $8
    WHERE id = $1 AND project_id = $2 AND revision = $3";

const DELETE: &str = "DELETE FROM roles WHERE id = $1 AND project_id = $2";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[ALL, REVISION, INSERT, UPDATE, DELETE];

pub(super) async fn all(conn: &mut Conn, project_id: ProjectId) -> Result<Vec<CustomRole>> {
    let rows = sqlx::query::<Db>(ALL).bind(project_id.0).fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn insert(conn: &mut Conn, scope: Scope, role: &CustomRole) -> Result<()> {
    scope.owns(role.project_id)?;
    sqlx::query::<Db>(INSERT)
        .bind(role.id.0)
        .bind(scope.project_id.0)
        .bind(&role.name)
        .bind(FORMAT)
        .bind(Document(RoleDocument::from(role)))
        .bind(role.created_at.as_microsecond())
        .bind(role.updated_at.as_microsecond())
        .bind(scope.revision)
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(super) async fn update(conn: &mut Conn, scope: Scope, role: &CustomRole) -> Result<()> {
    scope.owns(role.project_id)?;
    let updated = sqlx::query::<Db>(UPDATE)
        .bind(role.id.0)
        .bind(scope.project_id.0)
        .bind(role.revision)
        .bind(&role.name)
        .bind(FORMAT)
        .bind(Document(RoleDocument::from(role)))
        .bind(role.updated_at.as_microsecond())
        .bind(scope.revision)
        .execute(&mut *conn)
        .await
        .map_err(failed)?;
    TABLE
        .require_updated(
            conn,
            updated.rows_affected(),
            REVISION,
            (role.id.0, scope.project_id.0),
            role.revision,
        )
        .await
}

pub(super) async fn delete(conn: &mut Conn, scope: Scope, id: RoleId) -> Result<()> {
    let deleted =
        sqlx::query::<Db>(DELETE).bind(id.0).bind(scope.project_id.0).execute(conn).await.map_err(failed)?;
    TABLE.require(deleted.rows_affected())
}

fn read(row: &Row) -> Result<CustomRole> {
    let columns = TABLE.columns(row);
    let RoleDocument { description, permissions } = columns.document()?;
    Ok(CustomRole {
        id: columns.id("id", RoleId)?,
        project_id: columns.id("project_id", ProjectId)?,
        name: columns.get("name")?,
        description,
        permissions,
        created_at: columns.moment("created_at")?,
        updated_at: columns.moment("updated_at")?,
        revision: columns.get("revision")?,
    })
}

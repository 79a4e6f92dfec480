//! Projects, and the counter that orders all changes of one.

use super::columns::Table;
use super::{Conn, Db, Row, failed};
use crate::Result;
use crate::scope::Scope;
use flaghoist_model::id::ProjectId;
use flaghoist_model::project::Project;

const TABLE: Table = Table { name: "projects", key: &["id"] };

const ALL: &str = "
    SELECT id, key, name, description, revision, created_at, updated_at FROM projects ORDER BY created_at, id";

const FIND: &str = "
    SELECT id, key, name, description, revision, created_at, updated_at FROM projects WHERE id = $1";

const INSERT: &str = "
    INSERT INTO projects (id, key, name, description, revision, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

const UPDATE: &str = "UPDATE projects SET name = $2, description = $3, updated_at = $4 WHERE id = $1";

// Takes the row's lock until the transaction ends. A rollback takes the number back, so there are no gaps.
const NEXT_REVISION: &str = "UPDATE projects SET revision = revision + 1 WHERE id = $1 RETURNING revision";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[ALL, FIND, INSERT, UPDATE, NEXT_REVISION];

pub(super) async fn all(conn: &mut Conn) -> Result<Vec<Project>> {
    let rows = sqlx::query::<Db>(ALL).fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn find(conn: &mut Conn, id: ProjectId) -> Result<Option<Project>> {
    let row = sqlx::query::<Db>(FIND).bind(id.0).fetch_optional(conn).await.map_err(failed)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn insert(conn: &mut Conn, project: &Project, revision: i64) -> Result<()> {
    sqlx::query::<Db>(INSERT)
        .bind(project.id.0)
        .bind(&project.key)
        .bind(&project.name)
        .bind(&project.description)
        .bind(revision)
        .bind(project.created_at.as_microsecond())
        .bind(project.updated_at.as_microsecond())
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(super) async fn update(conn: &mut Conn, scope: Scope, project: &Project) -> Result<()> {
    scope.owns(project.id)?;
    let updated = sqlx::query::<Db>(UPDATE)
        .bind(project.id.0)
        .bind(&project.name)
        .bind(&project.description)
        .bind(project.updated_at.as_microsecond())
        .execute(conn)
        .await
        .map_err(failed)?;
    TABLE.require(updated.rows_affected())
}

/// Takes the project until the transaction ends, and its next revision. None when there is no such project.
pub(super) async fn next_revision(conn: &mut Conn, id: ProjectId) -> Result<Option<i64>> {
    sqlx::query_scalar::<Db, i64>(NEXT_REVISION).bind(id.0).fetch_optional(conn).await.map_err(failed)
}

fn read(row: &Row) -> Result<Project> {
    let columns = TABLE.columns(row);
    Ok(Project {
        id: columns.id("id", ProjectId)?,
        key: columns.get("key")?,
        name: columns.get("name")?,
        description: columns.get("description")?,
        revision: columns.get("revision")?,
        created_at: columns.moment("created_at")?,
        updated_at: columns.moment("updated_at")?,
    })
}

//! Environments and the index rows of their queries.

use super::columns::Table;
use super::{Conn, Db, Document, Row, failed};
use crate::Result;
use crate::document::{EnvironmentDocument, FORMAT};
use crate::scope::Scope;
use flaghoist_model::environment::Environment;
use flaghoist_model::id::{EnvironmentId, ProjectId};
use jiff::Timestamp;

const TABLE: Table = Table { name: "environments", key: &["id"] };

const ALL: &str = "
    SELECT id, project_id, key, name, format, document, created_at, updated_at, revision, content_revision, content_at
    FROM environments WHERE project_id = $1 ORDER BY created_at, id";

const REVISION: &str = "SELECT revision FROM environments WHERE id = $1 AND project_id = $2";

const INSERT: &str = "
    INSERT INTO environments
        (id, project_id, key, name, format, document, created_at, updated_at, revision, content_revision, content_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)";

const UPDATE: &str = "
    UPDATE environments SET name = $4, format = $5, document = $6, updated_at = $7, revision = $8
    WHERE id = $1 AND project_id = $2 AND revision = $3";

const TOUCH: &str = "
    UPDATE environments SET content_revision = $3, content_at = $4 WHERE id = $1 AND project_id = $2";

// Foreign keys take everything in the environment along.
const DELETE: &str = "DELETE FROM environments WHERE id = $1 AND project_id = $2";

const DELETE_QUERIES: &str = "DELETE FROM environment_queries WHERE environment_id = $1";

const INSERT_QUERY: &str = "
    INSERT INTO environment_queries (project_id, query, environment_id) VALUES ($1, $2, $3)";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[ALL, REVISION, INSERT, UPDATE, TOUCH, DELETE, DELETE_QUERIES, INSERT_QUERY];

pub(super) async fn all(conn: &mut Conn, project_id: ProjectId) -> Result<Vec<Environment>> {
    let rows = sqlx::query::<Db>(ALL).bind(project_id.0).fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn insert(conn: &mut Conn, scope: Scope, environment: &Environment) -> Result<()> {
    scope.owns(environment.project_id)?;
    sqlx::query::<Db>(INSERT)
        .bind(environment.id.0)
        .bind(scope.project_id.0)
        .bind(&environment.key)
        .bind(&environment.name)
        .bind(FORMAT)
        .bind(Document(EnvironmentDocument::from(environment)))
        .bind(environment.created_at.as_microsecond())
        .bind(environment.updated_at.as_microsecond())
        .bind(scope.revision)
        .bind(environment.content_at.as_microsecond())
        .execute(&mut *conn)
        .await
        .map_err(failed)?;
    insert_queries(conn, environment).await
}

pub(super) async fn update(conn: &mut Conn, scope: Scope, environment: &Environment) -> Result<()> {
    scope.owns(environment.project_id)?;
    let updated = sqlx::query::<Db>(UPDATE)
        .bind(environment.id.0)
        .bind(scope.project_id.0)
        .bind(environment.revision)
        .bind(&environment.name)
        .bind(FORMAT)
        .bind(Document(EnvironmentDocument::from(environment)))
        .bind(environment.updated_at.as_microsecond())
        .bind(scope.revision)
        .execute(&mut *conn)
        .await
        .map_err(failed)?;
    TABLE
        .require_updated(
            &mut *conn,
            updated.rows_affected(),
            REVISION,
            (environment.id.0, scope.project_id.0),
            environment.revision,
        )
        .await?;
    sqlx::query::<Db>(DELETE_QUERIES).bind(environment.id.0).execute(&mut *conn).await.map_err(failed)?;
    insert_queries(conn, environment).await
}

async fn insert_queries(conn: &mut Conn, environment: &Environment) -> Result<()> {
    for query in &environment.queries {
        sqlx::query::<Db>(INSERT_QUERY)
            .bind(environment.project_id.0)
            .bind(query)
            .bind(environment.id.0)
            .execute(&mut *conn)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

pub(super) async fn delete(conn: &mut Conn, scope: Scope, id: EnvironmentId) -> Result<()> {
    let deleted =
        sqlx::query::<Db>(DELETE).bind(id.0).bind(scope.project_id.0).execute(conn).await.map_err(failed)?;
    TABLE.require(deleted.rows_affected())
}

pub(super) async fn touch_content(
    conn: &mut Conn,
    scope: Scope,
    ids: &[EnvironmentId],
    at: Timestamp,
) -> Result<()> {
    for id in ids {
        let touched = sqlx::query::<Db>(TOUCH)
            .bind(id.0)
            .bind(scope.project_id.0)
            .bind(scope.revision)
            .bind(at.as_microsecond())
            .execute(&mut *conn)
            .await
            .map_err(failed)?;
        TABLE.require(touched.rows_affected())?;
    }
    Ok(())
}

fn read(row: &Row) -> Result<Environment> {
    let columns = TABLE.columns(row);
    let EnvironmentDocument { description, queries, is_production, require_feature_flag_approval } =
        columns.document()?;
    Ok(Environment {
        id: columns.id("id", EnvironmentId)?,
        project_id: columns.id("project_id", ProjectId)?,
        key: columns.get("key")?,
        name: columns.get("name")?,
        description,
        queries,
        is_production,
        require_feature_flag_approval,
        created_at: columns.moment("created_at")?,
        updated_at: columns.moment("updated_at")?,
        revision: columns.get("revision")?,
        content_revision: columns.get("content_revision")?,
        content_at: columns.moment("content_at")?,
    })
}

//! Metrics.

use super::columns::Table;
use super::{Conn, Db, Document, Row, failed};
use crate::Result;
use crate::document::FORMAT;
use crate::scope::Scope;
use flaghoist_model::id::ProjectId;
use flaghoist_model::metric::{Metric, MetricDefinition};

const TABLE: Table = Table { name: "metrics", key: &["project_id", "id"] };

const ALL: &str = "
    SELECT project_id, id, name, format, document, created_at, updated_at, revision
    FROM metrics WHERE project_id = $1 ORDER BY created_at, id";

const FIND: &str = "
    SELECT project_id, id, name, format, document, created_at, updated_at, revision
    FROM metrics WHERE project_id = $1 AND id = $2";

const REVISION: &str = "SELECT revision FROM metrics WHERE project_id = $1 AND id = $2";

const INSERT: &str = "
    INSERT INTO metrics (project_id, id, name, format, document, created_at, updated_at, revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const UPDATE: &str = "
    UPDATE metrics SET name = $4, format = $5, document = $6, updated_at = $7, revision = $8
    WHERE project_id = $1 AND id = $2 AND revision = $3";

const DELETE: &str = "DELETE FROM metrics WHERE project_id = $1 AND id = $2";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[ALL, FIND, REVISION, INSERT, UPDATE, DELETE];

pub(super) async fn all(conn: &mut Conn, project_id: ProjectId) -> Result<Vec<Metric>> {
    let rows = sqlx::query::<Db>(ALL).bind(project_id.0).fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn find(conn: &mut Conn, project_id: ProjectId, id: &str) -> Result<Option<Metric>> {
    let row = sqlx::query::<Db>(FIND).bind(project_id.0).bind(id).fetch_optional(conn).await;
    row.map_err(failed)?.as_ref().map(read).transpose()
}

pub(super) async fn insert(conn: &mut Conn, scope: Scope, metric: &Metric) -> Result<()> {
    scope.owns(metric.project_id)?;
    sqlx::query::<Db>(INSERT)
        .bind(scope.project_id.0)
        .bind(&metric.definition.id)
        .bind(&metric.definition.name)
        .bind(FORMAT)
        .bind(Document(metric.definition.clone()))
        .bind(metric.created_at.as_microsecond())
        .bind(metric.updated_at.as_microsecond())
        .bind(scope.revision)
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(super) async fn update(conn: &mut Conn, scope: Scope, metric: &Metric) -> Result<()> {
    scope.owns(metric.project_id)?;
    let id = &metric.definition.id;
    let updated = sqlx::query::<Db>(UPDATE)
        .bind(scope.project_id.0)
        .bind(id)
        .bind(metric.revision)
        .bind(&metric.definition.name)
        .bind(FORMAT)
        .bind(Document(metric.definition.clone()))
        .bind(metric.updated_at.as_microsecond())
        .bind(scope.revision)
        .execute(&mut *conn)
        .await
        .map_err(failed)?;
    if updated.rows_affected() > 0 {
        return Ok(());
    }
    let revision = sqlx::query_scalar::<Db, i64>(REVISION).bind(scope.project_id.0).bind(id);
    let revision = revision.fetch_optional(conn).await.map_err(failed)?;
    Err(TABLE.missed(revision, metric.revision))
}

pub(super) async fn delete(conn: &mut Conn, scope: Scope, id: &str) -> Result<()> {
    let deleted =
        sqlx::query::<Db>(DELETE).bind(scope.project_id.0).bind(id).execute(conn).await.map_err(failed)?;
    TABLE.require(deleted.rows_affected())
}

/// The document is the whole definition, as the runs of rollouts keep it; what stands in columns too is theirs.
fn read(row: &Row) -> Result<Metric> {
    let columns = TABLE.columns(row);
    let document: MetricDefinition = columns.document()?;
    Ok(Metric {
        project_id: columns.id("project_id", ProjectId)?,
        definition: MetricDefinition { id: columns.get("id")?, name: columns.get("name")?, ..document },
        created_at: columns.moment("created_at")?,
        updated_at: columns.moment("updated_at")?,
        revision: columns.get("revision")?,
    })
}

//! Saved filters, and the index rows of where they are used.

use super::columns::Table;
use super::{Conn, Db, Document, Row, failed};
use crate::document::{FORMAT, SavedFilterDocument};
use crate::scope::Scope;
use crate::{Result, SavedFilterUse};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::id::{EnvironmentId, FlagId, ProjectId, SavedFilterId};
use flaghoist_model::saved_filter::SavedFilter;
use std::collections::BTreeSet;
use uuid::Uuid;

const TABLE: Table = Table { name: "saved_filters", key: &["id"] };

const ALL: &str = "
    SELECT id, project_id, key, name, format, document, created_at, updated_at, revision
    FROM saved_filters WHERE project_id = $1 ORDER BY created_at, id";

const REVISION: &str = "SELECT revision FROM saved_filters WHERE id = $1 AND project_id = $2";

const INSERT: &str = "
    INSERT INTO saved_filters (id, project_id, key, name, format, document, created_at, updated_at, revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const UPDATE: &str = "
    UPDATE saved_filters SET key = $4, name = $5, format = $6, document = $7, updated_at = $8, revision = $9
    WHERE id = $1 AND project_id = $2 AND revision = $3";

const DELETE: &str = "DELETE FROM saved_filters WHERE id = $1 AND project_id = $2";

const USES: &str = "
    SELECT saved_filter_id, used.flag_id, used.environment_id
    FROM saved_filter_uses used JOIN saved_filters ON saved_filters.id = saved_filter_id
    WHERE saved_filter_id = $1 AND project_id = $2 ORDER BY used.flag_id, used.environment_id";

const USED_BY: &str = "
    SELECT saved_filter_id FROM saved_filter_uses WHERE flag_id = $1 AND environment_id = $2";

const INSERT_USE: &str = "
    INSERT INTO saved_filter_uses (saved_filter_id, flag_id, environment_id) VALUES ($1, $2, $3)";

const DELETE_USE: &str = "
    DELETE FROM saved_filter_uses WHERE saved_filter_id = $1 AND flag_id = $2 AND environment_id = $3";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[ALL, REVISION, INSERT, UPDATE, DELETE, USES, USED_BY, INSERT_USE, DELETE_USE];

pub(super) async fn all(conn: &mut Conn, project_id: ProjectId) -> Result<Vec<SavedFilter>> {
    let rows = sqlx::query::<Db>(ALL).bind(project_id.0).fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn insert(conn: &mut Conn, scope: Scope, filter: &SavedFilter) -> Result<()> {
    scope.owns(filter.project_id)?;
    sqlx::query::<Db>(INSERT)
        .bind(filter.id.0)
        .bind(scope.project_id.0)
        .bind(&filter.key)
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

pub(super) async fn update(conn: &mut Conn, scope: Scope, filter: &SavedFilter) -> Result<()> {
    scope.owns(filter.project_id)?;
    let updated = sqlx::query::<Db>(UPDATE)
        .bind(filter.id.0)
        .bind(scope.project_id.0)
        .bind(filter.revision)
        .bind(&filter.key)
        .bind(&filter.name)
        .bind(FORMAT)
        .bind(Document(SavedFilterDocument::from(filter)))
        .bind(filter.updated_at.as_microsecond())
        .bind(scope.revision)
        .execute(&mut *conn)
        .await
        .map_err(failed)?;
    let id = (filter.id.0, scope.project_id.0);
    TABLE.require_updated(conn, updated.rows_affected(), REVISION, id, filter.revision).await
}

pub(super) async fn delete(conn: &mut Conn, scope: Scope, id: SavedFilterId) -> Result<()> {
    let deleted =
        sqlx::query::<Db>(DELETE).bind(id.0).bind(scope.project_id.0).execute(conn).await.map_err(failed)?;
    TABLE.require(deleted.rows_affected())
}

/// Where a saved filter is used.
pub(super) async fn uses(
    conn: &mut Conn,
    project_id: ProjectId,
    id: SavedFilterId,
) -> Result<Vec<SavedFilterUse>> {
    let uses = sqlx::query_as::<Db, (Uuid, Uuid, Uuid)>(USES).bind(id.0).bind(project_id.0);
    let uses = uses.fetch_all(conn).await.map_err(failed)?;
    let read = |(filter, flag, environment)| SavedFilterUse {
        saved_filter_id: SavedFilterId(filter),
        flag_id: FlagId(flag),
        environment_id: EnvironmentId(environment),
    };
    Ok(uses.into_iter().map(read).collect())
}

/// Makes the index rows those of what the entry's allocations name. Most changes leave them alone, and then nothing is
/// written.
pub(super) async fn index_uses(conn: &mut Conn, entry: &FlagEnvironment) -> Result<()> {
    let present = sqlx::query_scalar::<Db, Uuid>(USED_BY).bind(entry.flag_id.0).bind(entry.environment_id.0);
    let present: BTreeSet<Uuid> = present.fetch_all(&mut *conn).await.map_err(failed)?.into_iter().collect();
    let named = entry.saved_filter_ids();
    let wanted: BTreeSet<Uuid> = named.map(|id| id.0).collect();
    let gone = present.difference(&wanted).map(|id| (DELETE_USE, *id));
    let new = wanted.difference(&present).map(|id| (INSERT_USE, *id));
    for (statement, id) in gone.chain(new) {
        sqlx::query::<Db>(statement)
            .bind(id)
            .bind(entry.flag_id.0)
            .bind(entry.environment_id.0)
            .execute(&mut *conn)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

fn read(row: &Row) -> Result<SavedFilter> {
    let columns = TABLE.columns(row);
    let SavedFilterDocument { description, creation_type, rules, clauses, migration_metadata } =
        columns.document()?;
    Ok(SavedFilter {
        id: columns.id("id", SavedFilterId)?,
        project_id: columns.id("project_id", ProjectId)?,
        key: columns.get("key")?,
        name: columns.get("name")?,
        description,
        creation_type,
        rules,
        clauses,
        migration_metadata,
        created_at: columns.moment("created_at")?,
        updated_at: columns.moment("updated_at")?,
        revision: columns.get("revision")?,
    })
}

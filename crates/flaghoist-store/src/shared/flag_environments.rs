//! What flags serve in environments, and the index rows of allocations.

use super::columns::Table;
use super::dialect::{FLAG_ENVIRONMENTS_OF_FLAGS, id_list};
use super::{Conn, Db, Document, Row, failed, guarded_runs, listings, metrics, rollouts, saved_filters};
use crate::Result;
use crate::document::{FORMAT, FlagEnvironmentDocument};
use crate::scope::Scope;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::guard::Guarding;
use flaghoist_model::id::{EnvironmentId, FlagId, ProjectId};
use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::sync::Arc;
use uuid::Uuid;

const TABLE: Table = Table { name: "flag_environments", key: &["flag_id", "environment_id"] };

const CHANGED_SINCE: &str = "
    SELECT flag_id, environment_id, format, document, updated_at, revision
    FROM flag_environments WHERE project_id = $1 AND revision > $2 ORDER BY revision, flag_id, environment_id";

const REVISION: &str = "
    SELECT revision FROM flag_environments WHERE flag_id = $1 AND environment_id = $2 AND project_id = $3";

// A row that somebody else inserted meanwhile is a conflict, not a duplicate: the value was made from "no row".
const INSERT: &str = "
    INSERT INTO flag_environments (flag_id, environment_id, project_id, format, document, updated_at, revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (flag_id, environment_id) DO NOTHING";

const UPDATE: &str = "
    UPDATE flag_environments SET format = $5, document = $6, updated_at = $7, revision = $8
    WHERE flag_id = $1 AND environment_id = $2 AND project_id = $3 AND revision = $4";

const ALLOCATIONS: &str = "SELECT id, key FROM allocations WHERE flag_id = $1 AND environment_id = $2";

const ALLOCATION_PLACE: &str =
    "SELECT flag_id, environment_id FROM allocations WHERE project_id = $1 AND key = $2";

const INSERT_ALLOCATION: &str = "
    INSERT INTO allocations (id, project_id, key, flag_id, environment_id) VALUES ($1, $2, $3, $4, $5)";

const DELETE_ALLOCATION: &str = "DELETE FROM allocations WHERE id = $1";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    FLAG_ENVIRONMENTS_OF_FLAGS,
    CHANGED_SINCE,
    REVISION,
    INSERT,
    UPDATE,
    ALLOCATIONS,
    ALLOCATION_PLACE,
    INSERT_ALLOCATION,
    DELETE_ALLOCATION,
];

pub(super) async fn of_flags(conn: &mut Conn, flag_ids: &[FlagId]) -> Result<Vec<FlagEnvironment>> {
    let rows = sqlx::query::<Db>(FLAG_ENVIRONMENTS_OF_FLAGS)
        .bind(id_list(flag_ids.iter().map(|id| id.0)))
        .fetch_all(&mut *conn)
        .await
        .map_err(failed)?;
    let mut entries = Vec::with_capacity(rows.len());
    let mut guardings = BTreeMap::new();
    for row in &rows {
        let project_id = TABLE.columns(row).id("project_id", ProjectId)?;
        if let btree_map::Entry::Vacant(place) = guardings.entry(project_id) {
            place.insert(guarding(conn, project_id).await?);
        }
        let guarding = guardings.get(&project_id).cloned().unwrap_or_default();
        entries.push(FlagEnvironment { guarding, ..read(row)? });
    }
    Ok(entries)
}

/// What guards of a project's rollouts are made of.
pub(super) async fn guarding(conn: &mut Conn, project_id: ProjectId) -> Result<Arc<Guarding>> {
    let metrics = metrics::all(conn, project_id).await?;
    if metrics.is_empty() {
        return Ok(Arc::default());
    }
    let saved_filters = saved_filters::all(conn, project_id).await?;
    Ok(Arc::new(Guarding {
        metrics: metrics.into_iter().map(|metric| metric.definition).collect(),
        saved_filters: saved_filters.into_iter().map(|filter| (filter.id, filter)).collect(),
    }))
}

/// Where the allocation with that key is.
pub(super) async fn allocation_place(
    conn: &mut Conn,
    project_id: ProjectId,
    key: &str,
) -> Result<Option<(FlagId, EnvironmentId)>> {
    let place = sqlx::query_as::<Db, (Uuid, Uuid)>(ALLOCATION_PLACE).bind(project_id.0).bind(key);
    let place = place.fetch_optional(conn).await.map_err(failed)?;
    Ok(place.map(|(flag_id, environment_id)| (FlagId(flag_id), EnvironmentId(environment_id))))
}

/// A row that cannot be read is left out, so that it harms nothing but itself: readers keep what they had of it.
pub(super) async fn changed_since(
    conn: &mut Conn,
    project_id: ProjectId,
    revision: i64,
) -> Result<Vec<FlagEnvironment>> {
    let rows = sqlx::query::<Db>(CHANGED_SINCE)
        .bind(project_id.0)
        .bind(revision)
        .fetch_all(conn)
        .await
        .map_err(failed)?;
    Ok(super::columns::readable(rows.iter().map(read)))
}

pub(super) async fn save(conn: &mut Conn, scope: Scope, entry: &FlagEnvironment) -> Result<()> {
    let written = if entry.revision == 0 {
        sqlx::query::<Db>(INSERT)
            .bind(entry.flag_id.0)
            .bind(entry.environment_id.0)
            .bind(scope.project_id.0)
            .bind(FORMAT)
            .bind(Document(FlagEnvironmentDocument::from(entry)))
            .bind(entry.updated_at.as_microsecond())
            .bind(scope.revision)
            .execute(&mut *conn)
            .await
    } else {
        sqlx::query::<Db>(UPDATE)
            .bind(entry.flag_id.0)
            .bind(entry.environment_id.0)
            .bind(scope.project_id.0)
            .bind(entry.revision)
            .bind(FORMAT)
            .bind(Document(FlagEnvironmentDocument::from(entry)))
            .bind(entry.updated_at.as_microsecond())
            .bind(scope.revision)
            .execute(&mut *conn)
            .await
    };
    if written.map_err(failed)?.rows_affected() == 0 {
        let revision = sqlx::query_scalar::<Db, i64>(REVISION)
            .bind(entry.flag_id.0)
            .bind(entry.environment_id.0)
            .bind(scope.project_id.0)
            .fetch_optional(conn)
            .await
            .map_err(failed)?;
        return Err(TABLE.missed(revision, entry.revision));
    }
    index_allocations(conn, scope, entry).await?;
    saved_filters::index_uses(conn, entry).await?;
    rollouts::index(conn, entry).await?;
    listings::index_entry(conn, entry).await?;
    rollouts::insert_transitions(conn, scope, entry).await?;
    guarded_runs::save(conn, scope, entry).await
}

/// Makes the index rows those of the entry's allocations. Most changes leave them alone, and then nothing is
/// written. What goes goes first, so that allocations may swap keys.
async fn index_allocations(conn: &mut Conn, scope: Scope, entry: &FlagEnvironment) -> Result<()> {
    let present: Vec<(Uuid, String)> = sqlx::query_as::<Db, (Uuid, String)>(ALLOCATIONS)
        .bind(entry.flag_id.0)
        .bind(entry.environment_id.0)
        .fetch_all(&mut *conn)
        .await
        .map_err(failed)?;
    let present: BTreeSet<(Uuid, String)> = present.into_iter().collect();
    let wanted: BTreeSet<(Uuid, String)> =
        entry.allocations.iter().map(|allocation| (allocation.id.0, allocation.key.clone())).collect();
    for (id, _) in present.difference(&wanted) {
        sqlx::query::<Db>(DELETE_ALLOCATION).bind(*id).execute(&mut *conn).await.map_err(failed)?;
    }
    for (id, key) in wanted.difference(&present) {
        sqlx::query::<Db>(INSERT_ALLOCATION)
            .bind(*id)
            .bind(scope.project_id.0)
            .bind(key)
            .bind(entry.flag_id.0)
            .bind(entry.environment_id.0)
            .execute(&mut *conn)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

pub(super) fn read(row: &Row) -> Result<FlagEnvironment> {
    let columns = TABLE.columns(row);
    let document: FlagEnvironmentDocument = columns.document()?;
    Ok(FlagEnvironment {
        flag_id: columns.id("flag_id", FlagId)?,
        environment_id: columns.id("environment_id", EnvironmentId)?,
        enabled: document.enabled,
        default_variant_id: document.default_variant_id,
        override_variant_id: document.override_variant_id,
        off_variant_id: document.off_variant_id,
        allocations: document.allocations,
        rollouts: document.rollouts,
        pending_suggestion_id: None,
        transitions: Vec::new(),
        guarding: Arc::default(),
        updated_at: columns.moment("updated_at")?,
        revision: columns.get("revision")?,
    })
}

//! Flags and the index rows of their variants.

use super::columns::Table;
use super::{Conn, Db, Document, Row, failed, listings};
use crate::document::{FORMAT, FlagDocument};
use crate::scope::Scope;
use crate::{FlagFilter, FlagPage, Result};
use flaghoist_model::flag::Flag;
use flaghoist_model::id::{FlagId, ProjectId};
use std::collections::BTreeSet;
use uuid::Uuid;

const TABLE: Table = Table { name: "flags", key: &["id"] };

const FIND: &str = "
    SELECT id, project_id, key, name, format, document, archived_at, created_at, updated_at, revision
    FROM flags WHERE id = $1 AND project_id = $2";

const REVISION: &str = "SELECT revision FROM flags WHERE id = $1 AND project_id = $2";

const PAGE: &str = r"
    SELECT id, project_id, key, name, format, document, archived_at, created_at, updated_at, revision
    FROM flags
    WHERE project_id = $1
        AND (key_folded LIKE $2 ESCAPE '\' OR $2 IS NULL)
        AND ((archived_at IS NOT NULL) = $3 OR $3 IS NULL)
    ORDER BY created_at DESC, id DESC
    LIMIT $4 OFFSET $5";

const COUNT_FILTERED: &str = r"
    SELECT count(*)
    FROM flags
    WHERE project_id = $1
        AND (key_folded LIKE $2 ESCAPE '\' OR $2 IS NULL)
        AND ((archived_at IS NOT NULL) = $3 OR $3 IS NULL)";

const COUNT: &str = "SELECT count(*) FROM flags WHERE project_id = $1";

const CHANGED_SINCE: &str = "
    SELECT id, project_id, key, name, format, document, archived_at, created_at, updated_at, revision
    FROM flags WHERE project_id = $1 AND revision > $2 ORDER BY revision, id";

const INSERT: &str = "
    INSERT INTO flags
        (id, project_id, key, key_folded, name, format, document, archived_at, created_at, updated_at, revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

const UPDATE: &str = "
    UPDATE flags SET name = $4, format = $5, document = $6, archived_at = $7, updated_at = $8, revision = $9
    WHERE id = $1 AND project_id = $2 AND revision = $3";

const VARIANTS: &str = "SELECT id FROM flag_variants WHERE flag_id = $1";

const INSERT_VARIANT: &str = "INSERT INTO flag_variants (id, flag_id) VALUES ($1, $2)";

const DELETE_VARIANT: &str = "DELETE FROM flag_variants WHERE id = $1";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    FIND,
    REVISION,
    PAGE,
    COUNT_FILTERED,
    COUNT,
    CHANGED_SINCE,
    INSERT,
    UPDATE,
    VARIANTS,
    INSERT_VARIANT,
    DELETE_VARIANT,
];

pub(super) async fn find(conn: &mut Conn, project_id: ProjectId, id: FlagId) -> Result<Option<Flag>> {
    let row =
        sqlx::query::<Db>(FIND).bind(id.0).bind(project_id.0).fetch_optional(conn).await.map_err(failed)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn page(
    conn: &mut Conn,
    project_id: ProjectId,
    filter: &FlagFilter,
    limit: i64,
    offset: i64,
) -> Result<FlagPage> {
    let pattern = filter.key.as_deref().map(containing);
    let rows = sqlx::query::<Db>(PAGE)
        .bind(project_id.0)
        .bind(&pattern)
        .bind(filter.is_archived)
        .bind(limit)
        .bind(offset)
        .fetch_all(&mut *conn)
        .await
        .map_err(failed)?;
    let filtered_count = sqlx::query_scalar::<Db, i64>(COUNT_FILTERED)
        .bind(project_id.0)
        .bind(&pattern)
        .bind(filter.is_archived)
        .fetch_one(&mut *conn)
        .await
        .map_err(failed)?;
    let total_count =
        sqlx::query_scalar::<Db, i64>(COUNT).bind(project_id.0).fetch_one(conn).await.map_err(failed)?;
    Ok(FlagPage { flags: rows.iter().map(read).collect::<Result<_>>()?, filtered_count, total_count })
}

/// The `LIKE` pattern of folded texts that contain `part`, whose own wildcards mean themselves.
pub(super) fn containing(part: &str) -> String {
    // Longer than any key can be, so that cutting there changes no answer about keys: engines limit patterns.
    const LONGEST: usize = 1_000;
    let mut pattern = String::from("%");
    for character in part.to_lowercase().chars().take(LONGEST) {
        match character {
            '%' | '_' | '\\' => pattern.extend(['\\', character]),
            // PostgreSQL refuses U+0000 in text. Any other control character is in no key either.
            '\0' => pattern.push('\u{1}'),
            _ => pattern.push(character),
        }
    }
    pattern.push('%');
    pattern
}

/// A row that cannot be read is left out, so that it harms nothing but itself: readers keep what they had of it.
pub(super) async fn changed_since(
    conn: &mut Conn,
    project_id: ProjectId,
    revision: i64,
) -> Result<Vec<Flag>> {
    let rows = sqlx::query::<Db>(CHANGED_SINCE)
        .bind(project_id.0)
        .bind(revision)
        .fetch_all(conn)
        .await
        .map_err(failed)?;
    Ok(super::columns::readable(rows.iter().map(read)))
}

pub(super) async fn insert(conn: &mut Conn, scope: Scope, flag: &Flag) -> Result<()> {
    scope.owns(flag.project_id)?;
    sqlx::query::<Db>(INSERT)
        .bind(flag.id.0)
        .bind(scope.project_id.0)
        .bind(&flag.key)
        .bind(flag.key.to_lowercase())
        .bind(&flag.name)
        .bind(FORMAT)
        .bind(Document(FlagDocument::from(flag)))
        .bind(flag.archived_at.map(jiff::Timestamp::as_microsecond))
        .bind(flag.created_at.as_microsecond())
        .bind(flag.updated_at.as_microsecond())
        .bind(scope.revision)
        .execute(&mut *conn)
        .await
        .map_err(failed)?;
    listings::index_flag(conn, flag).await?;
    index_variants(conn, flag).await
}

pub(super) async fn update(conn: &mut Conn, scope: Scope, flag: &Flag) -> Result<()> {
    scope.owns(flag.project_id)?;
    let updated = sqlx::query::<Db>(UPDATE)
        .bind(flag.id.0)
        .bind(scope.project_id.0)
        .bind(flag.revision)
        .bind(&flag.name)
        .bind(FORMAT)
        .bind(Document(FlagDocument::from(flag)))
        .bind(flag.archived_at.map(jiff::Timestamp::as_microsecond))
        .bind(flag.updated_at.as_microsecond())
        .bind(scope.revision)
        .execute(&mut *conn)
        .await
        .map_err(failed)?;
    TABLE
        .require_updated(
            &mut *conn,
            updated.rows_affected(),
            REVISION,
            (flag.id.0, scope.project_id.0),
            flag.revision,
        )
        .await?;
    listings::index_flag(conn, flag).await?;
    index_variants(conn, flag).await
}

/// Makes the index rows those of the flag's variants. Most changes leave them alone, and then nothing is written.
async fn index_variants(conn: &mut Conn, flag: &Flag) -> Result<()> {
    let present: Vec<Uuid> = sqlx::query_scalar::<Db, Uuid>(VARIANTS)
        .bind(flag.id.0)
        .fetch_all(&mut *conn)
        .await
        .map_err(failed)?;
    let present: BTreeSet<Uuid> = present.into_iter().collect();
    let wanted: BTreeSet<Uuid> = flag.variants.iter().map(|variant| variant.id.0).collect();
    for id in present.difference(&wanted) {
        sqlx::query::<Db>(DELETE_VARIANT).bind(*id).execute(&mut *conn).await.map_err(failed)?;
    }
    for id in wanted.difference(&present) {
        sqlx::query::<Db>(INSERT_VARIANT)
            .bind(*id)
            .bind(flag.id.0)
            .execute(&mut *conn)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

pub(super) fn read(row: &Row) -> Result<Flag> {
    let columns = TABLE.columns(row);
    let document: FlagDocument = columns.document()?;
    Ok(Flag {
        id: columns.id("id", FlagId)?,
        project_id: columns.id("project_id", ProjectId)?,
        key: columns.get("key")?,
        name: columns.get("name")?,
        description: document.description,
        value_type: document.value_type,
        variants: document.variants,
        initial_default_variant_id: document.initial_default_variant_id,
        tags: document.tags,
        distribution_channel: document.distribution_channel,
        json_schema: document.json_schema,
        require_approval: document.require_approval,
        staleness_status: document.staleness_status,
        migration_metadata: document.migration_metadata,
        analytics_enabled: document.analytics_enabled,
        metadata: document.metadata,
        archived_at: columns.optional_moment("archived_at")?,
        created_at: columns.moment("created_at")?,
        created_by: document.created_by,
        updated_at: columns.moment("updated_at")?,
        last_updated_by: document.last_updated_by,
        revision: columns.get("revision")?,
    })
}

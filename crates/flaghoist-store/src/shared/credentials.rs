//! Keys of clients.

use super::columns::{Columns, Table};
use super::{Conn, Db, Document, Row, failed};
use crate::Result;
use crate::document::FORMAT;
use crate::scope::Scope;
use flaghoist_model::credential::{Credential, SecretHash};
use flaghoist_model::id::{CredentialId, ProjectId, UserId};
use jiff::Timestamp;

const TABLE: Table = Table { name: "credentials", key: &["id"] };

const FIND_BY_SECRET: &str = "
    SELECT id, project_id, name, secret_hash, secret_end, format, document, created_at, created_by, expires_at,
        last_used_at
    FROM credentials WHERE secret_hash = $1";

const FIND: &str = "
    SELECT id, project_id, name, secret_hash, secret_end, format, document, created_at, created_by, expires_at,
        last_used_at
    FROM credentials WHERE id = $1 AND project_id = $2";

const SDK_KEYS: &str = "
    SELECT id, project_id, name, secret_hash, secret_end, format, document, created_at, created_by, expires_at,
        last_used_at
    FROM credentials WHERE project_id = $1 AND environment_id IS NOT NULL ORDER BY created_at, id";

const ALL: &str = "
    SELECT id, project_id, name, secret_hash, secret_end, format, document, created_at, created_by, expires_at,
        last_used_at
    FROM credentials WHERE project_id = $1 ORDER BY created_at, id";

const INSERT: &str = "
    INSERT INTO credentials
        (id, project_id, name, secret_hash, kind, user_id, environment_id, format, document, created_at, secret_end,
        created_by, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

const DELETE: &str = "DELETE FROM credentials WHERE id = $1 AND project_id = $2";

const MARK_USED: &str = "
    UPDATE credentials SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[FIND_BY_SECRET, FIND, SDK_KEYS, ALL, INSERT, DELETE, MARK_USED];

pub(super) async fn find(conn: &mut Conn, secret_hash: &SecretHash) -> Result<Option<Credential>> {
    let row = sqlx::query::<Db>(FIND_BY_SECRET)
        .bind(secret_hash.0.as_slice())
        .fetch_optional(conn)
        .await
        .map_err(failed)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn of_id(
    conn: &mut Conn,
    project_id: ProjectId,
    id: CredentialId,
) -> Result<Option<Credential>> {
    let row =
        sqlx::query::<Db>(FIND).bind(id.0).bind(project_id.0).fetch_optional(conn).await.map_err(failed)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn sdk_keys(conn: &mut Conn, project_id: ProjectId) -> Result<Vec<Credential>> {
    let rows = sqlx::query::<Db>(SDK_KEYS).bind(project_id.0).fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn all(conn: &mut Conn, project_id: ProjectId) -> Result<Vec<Credential>> {
    let rows = sqlx::query::<Db>(ALL).bind(project_id.0).fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn delete(conn: &mut Conn, scope: Scope, id: CredentialId) -> Result<()> {
    let deleted =
        sqlx::query::<Db>(DELETE).bind(id.0).bind(scope.project_id.0).execute(conn).await.map_err(failed)?;
    TABLE.require(deleted.rows_affected())
}

/// Never moves a mark back.
pub(super) async fn mark_used(conn: &mut Conn, uses: &[(CredentialId, Timestamp)]) -> Result<()> {
    for (id, at) in uses {
        sqlx::query::<Db>(MARK_USED)
            .bind(id.0)
            .bind(at.as_microsecond())
            .execute(&mut *conn)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

pub(super) async fn insert(conn: &mut Conn, scope: Scope, credential: &Credential) -> Result<()> {
    scope.owns(credential.project_id)?;
    sqlx::query::<Db>(INSERT)
        .bind(credential.id.0)
        .bind(scope.project_id.0)
        .bind(&credential.name)
        .bind(credential.secret_hash.0.as_slice())
        .bind(credential.kind.name())
        .bind(credential.kind.user_id().map(|id| id.0))
        .bind(credential.kind.environment_id().map(|id| id.0))
        .bind(FORMAT)
        .bind(Document(credential.kind))
        .bind(credential.created_at.as_microsecond())
        .bind(&credential.secret_end)
        .bind(credential.created_by.map(|id| id.0))
        .bind(credential.expires_at.map(Timestamp::as_microsecond))
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

fn read(row: &Row) -> Result<Credential> {
    let columns = TABLE.columns(row);
    Ok(Credential {
        id: columns.id("id", CredentialId)?,
        project_id: columns.id("project_id", ProjectId)?,
        kind: columns.document()?,
        name: columns.get("name")?,
        secret_hash: read_secret_hash(&columns)?,
        created_at: columns.moment("created_at")?,
        secret_end: columns.get("secret_end")?,
        created_by: columns.optional_id("created_by", UserId)?,
        expires_at: columns.optional_moment("expires_at")?,
        last_used_at: columns.optional_moment("last_used_at")?,
    })
}

pub(super) fn read_secret_hash(columns: &Columns<'_>) -> Result<SecretHash> {
    let bytes: Vec<u8> = columns.get("secret_hash")?;
    let length = bytes.len();
    bytes
        .try_into()
        .map(SecretHash)
        .map_err(|_| columns.corrupt("secret_hash", &format!("has {length} bytes, and SHA-256 has 32")))
}

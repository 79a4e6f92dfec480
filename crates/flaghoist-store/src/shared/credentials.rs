//! Keys of clients.

use super::columns::{Columns, Table};
use super::{Conn, Db, Document, Row, failed};
use crate::Result;
use crate::document::FORMAT;
use crate::scope::Scope;
use flaghoist_model::credential::{Credential, CredentialKind, SecretHash};
use flaghoist_model::id::{CredentialId, ProjectId};

const TABLE: Table = Table { name: "credentials", key: &["id"] };

const FIND_BY_SECRET: &str = "
    SELECT id, project_id, name, secret_hash, format, document, created_at
    FROM credentials WHERE secret_hash = $1";

const SDK_KEYS: &str = "
    SELECT id, project_id, name, secret_hash, format, document, created_at
    FROM credentials WHERE project_id = $1 AND environment_id IS NOT NULL ORDER BY created_at, id";

const INSERT: &str = "
    INSERT INTO credentials
        (id, project_id, name, secret_hash, kind, user_id, environment_id, format, document, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[FIND_BY_SECRET, SDK_KEYS, INSERT];

pub(super) async fn find(conn: &mut Conn, secret_hash: &SecretHash) -> Result<Option<Credential>> {
    let row = sqlx::query::<Db>(FIND_BY_SECRET)
        .bind(secret_hash.0.as_slice())
        .fetch_optional(conn)
        .await
        .map_err(failed)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn sdk_keys(conn: &mut Conn, project_id: ProjectId) -> Result<Vec<Credential>> {
    let rows = sqlx::query::<Db>(SDK_KEYS).bind(project_id.0).fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn insert(conn: &mut Conn, scope: Scope, credential: &Credential) -> Result<()> {
    scope.owns(credential.project_id)?;
    let user_id = match credential.kind {
        CredentialKind::ApplicationKey { user_id, .. } => Some(user_id.0),
        CredentialKind::ApiKey
        | CredentialKind::ServerSdkKey { .. }
        | CredentialKind::ClientSdkKey { .. } => None,
    };
    sqlx::query::<Db>(INSERT)
        .bind(credential.id.0)
        .bind(scope.project_id.0)
        .bind(&credential.name)
        .bind(credential.secret_hash.0.as_slice())
        .bind(credential.kind.name())
        .bind(user_id)
        .bind(credential.kind.environment_id().map(|id| id.0))
        .bind(FORMAT)
        .bind(Document(credential.kind))
        .bind(credential.created_at.as_microsecond())
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
    })
}

fn read_secret_hash(columns: &Columns<'_>) -> Result<SecretHash> {
    let bytes: Vec<u8> = columns.get("secret_hash")?;
    let length = bytes.len();
    bytes
        .try_into()
        .map(SecretHash)
        .map_err(|_| columns.corrupt("secret_hash", &format!("has {length} bytes, and SHA-256 has 32")))
}

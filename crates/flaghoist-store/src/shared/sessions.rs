//! Log-ins.

use super::columns::Table;
use super::credentials::read_secret_hash;
use super::{Conn, Db, Row, failed};
use crate::Result;
use flaghoist_model::credential::SecretHash;
use flaghoist_model::id::{SessionId, UserId};
use flaghoist_model::user::Session;
use jiff::Timestamp;

const TABLE: Table = Table { name: "sessions", key: &["id"] };

const FIND_BY_SECRET: &str = "
    SELECT id, user_id, secret_hash, created_at, expires_at FROM sessions WHERE secret_hash = $1";

const FIND: &str = "SELECT id, user_id, secret_hash, created_at, expires_at FROM sessions WHERE id = $1";

const INSERT: &str = "
    INSERT INTO sessions (id, user_id, secret_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";

const DELETE: &str = "DELETE FROM sessions WHERE id = $1";

const DELETE_OF_USER: &str = "DELETE FROM sessions WHERE user_id = $1";

const DELETE_EXPIRED: &str = "DELETE FROM sessions WHERE expires_at <= $1";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[FIND_BY_SECRET, FIND, INSERT, DELETE, DELETE_OF_USER, DELETE_EXPIRED];

pub(super) async fn find(conn: &mut Conn, secret_hash: &SecretHash) -> Result<Option<Session>> {
    let row = sqlx::query::<Db>(FIND_BY_SECRET)
        .bind(secret_hash.0.as_slice())
        .fetch_optional(conn)
        .await
        .map_err(failed)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn of_id(conn: &mut Conn, id: SessionId) -> Result<Option<Session>> {
    let row = sqlx::query::<Db>(FIND).bind(id.0).fetch_optional(conn).await.map_err(failed)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn insert(conn: &mut Conn, session: &Session) -> Result<()> {
    sqlx::query::<Db>(INSERT)
        .bind(session.id.0)
        .bind(session.user_id.0)
        .bind(session.secret_hash.0.as_slice())
        .bind(session.created_at.as_microsecond())
        .bind(session.expires_at.as_microsecond())
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(super) async fn delete(conn: &mut Conn, id: SessionId) -> Result<()> {
    sqlx::query::<Db>(DELETE).bind(id.0).execute(conn).await.map_err(failed)?;
    Ok(())
}

pub(super) async fn delete_of_user(conn: &mut Conn, user_id: UserId) -> Result<()> {
    sqlx::query::<Db>(DELETE_OF_USER).bind(user_id.0).execute(conn).await.map_err(failed)?;
    Ok(())
}

pub(super) async fn delete_expired(conn: &mut Conn, now: Timestamp) -> Result<()> {
    sqlx::query::<Db>(DELETE_EXPIRED).bind(now.as_microsecond()).execute(conn).await.map_err(failed)?;
    Ok(())
}

fn read(row: &Row) -> Result<Session> {
    let columns = TABLE.columns(row);
    Ok(Session {
        id: columns.id("id", SessionId)?,
        user_id: columns.id("user_id", UserId)?,
        secret_hash: read_secret_hash(&columns)?,
        created_at: columns.moment("created_at")?,
        expires_at: columns.moment("expires_at")?,
    })
}

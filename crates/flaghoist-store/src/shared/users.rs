//! Users of the installation.

use super::columns::Table;
use super::dialect::{USERS_OF_IDS, id_list};
use super::{Conn, Db, Row, failed};
use crate::Result;
use flaghoist_model::id::UserId;
use flaghoist_model::user::{User, UserKind};

pub(super) const TABLE: Table = Table { name: "users", key: &["id"] };

const FIND: &str = "
    SELECT id, email, name, kind, password_hash, is_installation_admin, disabled_at, created_at
    FROM users WHERE id = $1";

const FIND_BY_EMAIL: &str = "
    SELECT id, email, name, kind, password_hash, is_installation_admin, disabled_at, created_at
    FROM users WHERE email = $1";

const INSERT: &str = "
    INSERT INTO users (id, email, name, kind, password_hash, is_installation_admin, disabled_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const UPDATE: &str = "
    UPDATE users SET email = $2, name = $3, password_hash = $4, is_installation_admin = $5, disabled_at = $6
    WHERE id = $1";

// Changing nothing takes the row until the transaction ends.
const HOLD: &str = "UPDATE users SET name = name WHERE id = $1";

const HOLD_WITH_PASSWORD: &str =
    "UPDATE users SET name = name WHERE id = $1 AND disabled_at IS NULL AND password_hash = $2";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[FIND, FIND_BY_EMAIL, USERS_OF_IDS, INSERT, UPDATE, HOLD, HOLD_WITH_PASSWORD];

pub(super) async fn find(conn: &mut Conn, id: UserId) -> Result<Option<User>> {
    let row = sqlx::query::<Db>(FIND).bind(id.0).fetch_optional(conn).await.map_err(failed)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn find_by_email(conn: &mut Conn, email: &str) -> Result<Option<User>> {
    let row = sqlx::query::<Db>(FIND_BY_EMAIL).bind(email).fetch_optional(conn).await.map_err(failed)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn of_ids(conn: &mut Conn, ids: &[UserId]) -> Result<Vec<User>> {
    let ids = id_list(ids.iter().map(|id| id.0));
    let rows = sqlx::query::<Db>(USERS_OF_IDS).bind(ids).fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn insert(conn: &mut Conn, user: &User) -> Result<()> {
    sqlx::query::<Db>(INSERT)
        .bind(user.id.0)
        .bind(&user.email)
        .bind(&user.name)
        .bind(user.kind.as_str())
        .bind(&user.password_hash)
        .bind(user.is_installation_admin)
        .bind(user.disabled_at.map(jiff::Timestamp::as_microsecond))
        .bind(user.created_at.as_microsecond())
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(super) async fn hold(conn: &mut Conn, id: UserId) -> Result<()> {
    let held = sqlx::query::<Db>(HOLD).bind(id.0).execute(conn).await.map_err(failed)?;
    TABLE.require(held.rows_affected())
}

/// Takes a user who is not shut out and has that password. Whether there is one.
pub(super) async fn hold_with_password(conn: &mut Conn, id: UserId, password_hash: &str) -> Result<bool> {
    let held = sqlx::query::<Db>(HOLD_WITH_PASSWORD).bind(id.0).bind(password_hash).execute(conn).await;
    Ok(held.map_err(failed)?.rows_affected() > 0)
}

pub(super) async fn update(conn: &mut Conn, user: &User) -> Result<()> {
    let updated = sqlx::query::<Db>(UPDATE)
        .bind(user.id.0)
        .bind(&user.email)
        .bind(&user.name)
        .bind(&user.password_hash)
        .bind(user.is_installation_admin)
        .bind(user.disabled_at.map(jiff::Timestamp::as_microsecond))
        .execute(conn)
        .await
        .map_err(failed)?;
    TABLE.require(updated.rows_affected())
}

pub(super) fn read(row: &Row) -> Result<User> {
    let columns = TABLE.columns(row);
    let kind: String = columns.get("kind")?;
    Ok(User {
        id: columns.id("id", UserId)?,
        email: columns.get("email")?,
        name: columns.get("name")?,
        kind: UserKind::from_name(&kind)
            .ok_or_else(|| columns.corrupt("kind", &format!("{kind:?} is no kind of user")))?,
        password_hash: columns.get("password_hash")?,
        is_installation_admin: columns.get("is_installation_admin")?,
        disabled_at: columns.optional_moment("disabled_at")?,
        created_at: columns.moment("created_at")?,
    })
}

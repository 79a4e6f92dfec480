//! Users of the installation.

use super::columns::Table;
use super::{Conn, Db, Row, failed};
use crate::Result;
use flaghoist_model::credential::User;
use flaghoist_model::id::UserId;

const TABLE: Table = Table { name: "users", key: &["id"] };

const FIND: &str = "SELECT id, email, name, password_hash, created_at FROM users WHERE id = $1";

const INSERT: &str = "
    INSERT INTO users (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[FIND, INSERT];

pub(super) async fn find(conn: &mut Conn, id: UserId) -> Result<Option<User>> {
    let row = sqlx::query::<Db>(FIND).bind(id.0).fetch_optional(conn).await.map_err(failed)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn insert(conn: &mut Conn, user: &User) -> Result<()> {
    sqlx::query::<Db>(INSERT)
        .bind(user.id.0)
        .bind(&user.email)
        .bind(&user.name)
        .bind(&user.password_hash)
        .bind(user.created_at.as_microsecond())
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

fn read(row: &Row) -> Result<User> {
    let columns = TABLE.columns(row);
    Ok(User {
        id: columns.id("id", UserId)?,
        email: columns.get("email")?,
        name: columns.get("name")?,
        password_hash: columns.get("password_hash")?,
        created_at: columns.moment("created_at")?,
    })
}

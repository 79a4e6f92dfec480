//! That users belong to projects.

use super::columns::{Columns, Table};
use super::{Conn, Db, Row, failed, teams, users};
use crate::Result;
use crate::scope::Scope;
use flaghoist_model::id::{ProjectId, UserId};
use flaghoist_model::user::{Membership, Team, User};

const TABLE: Table = Table { name: "memberships", key: &["project_id", "user_id"] };

const OF_PROJECT: &str = "
    SELECT project_id, user_id, role, memberships.created_at AS member_since,
        id, email, name, kind, password_hash, is_installation_admin, disabled_at, users.created_at
    FROM memberships JOIN users ON users.id = user_id
    WHERE project_id = $1 ORDER BY memberships.created_at, user_id";

const OF_USER: &str = "
    SELECT project_id, user_id, role, created_at AS member_since
    FROM memberships WHERE user_id = $1 ORDER BY created_at, project_id";

const SAVE: &str = "
    INSERT INTO memberships (project_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (project_id, user_id) DO UPDATE SET role = excluded.role";

const DELETE: &str = "DELETE FROM memberships WHERE project_id = $1 AND user_id = $2";

const DELETE_KEYS: &str = "DELETE FROM credentials WHERE project_id = $1 AND user_id = $2";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[OF_PROJECT, OF_USER, SAVE, DELETE, DELETE_KEYS];

pub(super) async fn of_project(conn: &mut Conn, project_id: ProjectId) -> Result<Vec<(User, Membership)>> {
    let rows = sqlx::query::<Db>(OF_PROJECT).bind(project_id.0).fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(|row| Ok((users::read(row)?, read(row)?))).collect()
}

pub(super) async fn of_user(conn: &mut Conn, user_id: UserId) -> Result<Vec<Membership>> {
    let rows = sqlx::query::<Db>(OF_USER).bind(user_id.0).fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn save(conn: &mut Conn, scope: Scope, membership: &Membership) -> Result<()> {
    scope.owns(membership.project_id)?;
    sqlx::query::<Db>(SAVE)
        .bind(scope.project_id.0)
        .bind(membership.user_id.0)
        .bind(membership.role.to_string())
        .bind(membership.created_at.as_microsecond())
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Ends a membership; what hangs on it goes first.
pub(super) async fn delete(conn: &mut Conn, scope: Scope, user_id: UserId) -> Result<()> {
    sqlx::query::<Db>(DELETE_KEYS)
        .bind(scope.project_id.0)
        .bind(user_id.0)
        .execute(&mut *conn)
        .await
        .map_err(failed)?;
    for team in teams::all(conn, scope.project_id).await? {
        if team.member_ids.contains(&user_id) {
            let others = team.member_ids.iter().copied().filter(|id| *id != user_id).collect();
            teams::update(conn, scope, &Team { member_ids: others, ..team }).await?;
        }
    }
    let deleted = sqlx::query::<Db>(DELETE)
        .bind(scope.project_id.0)
        .bind(user_id.0)
        .execute(conn)
        .await
        .map_err(failed)?;
    TABLE.require(deleted.rows_affected())
}

fn read(row: &Row) -> Result<Membership> {
    let columns: Columns<'_> = TABLE.columns(row);
    let role: String = columns.get("role")?;
    Ok(Membership {
        project_id: columns.id("project_id", ProjectId)?,
        user_id: columns.id("user_id", UserId)?,
        role: role.parse().map_err(|error| columns.corrupt("role", &error))?,
        created_at: columns.moment("member_since")?,
    })
}

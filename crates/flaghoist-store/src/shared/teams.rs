//! Teams. The document has the members.

use super::columns::Table;
use super::{Conn, Db, Document, Row, failed};
use crate::Result;
use crate::document::{FORMAT, TeamDocument};
use crate::scope::Scope;
use flaghoist_model::id::{ProjectId, TeamId};
use flaghoist_model::user::Team;

const TABLE: Table = Table { name: "teams", key: &["id"] };

const ALL: &str = "
    SELECT id, project_id, handle, format, document, created_at, updated_at, revision
    FROM teams WHERE project_id = $1 ORDER BY handle";

const REVISION: &str = "SELECT revision FROM teams WHERE id = $1 AND project_id = $2";

const INSERT: &str = "
    INSERT INTO teams (id, project_id, handle, format, document, created_at, updated_at, revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const UPDATE: &str = "
    UPDATE teams SET handle = $4, format = $5, document = $6, updated_at = $7, revision = $8
    WHERE id = $1 AND project_id = $2 AND revision = $3";

const DELETE: &str = "DELETE FROM teams WHERE id = $1 AND project_id = $2";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[ALL, REVISION, INSERT, UPDATE, DELETE];

pub(super) async fn all(conn: &mut Conn, project_id: ProjectId) -> Result<Vec<Team>> {
    let rows = sqlx::query::<Db>(ALL).bind(project_id.0).fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn insert(conn: &mut Conn, scope: Scope, team: &Team) -> Result<()> {
    scope.owns(team.project_id)?;
    sqlx::query::<Db>(INSERT)
        .bind(team.id.0)
        .bind(scope.project_id.0)
        .bind(&team.handle)
        .bind(FORMAT)
        .bind(Document(TeamDocument::from(team)))
        .bind(team.created_at.as_microsecond())
        .bind(team.updated_at.as_microsecond())
        .bind(scope.revision)
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(super) async fn update(conn: &mut Conn, scope: Scope, team: &Team) -> Result<()> {
    scope.owns(team.project_id)?;
    let updated = sqlx::query::<Db>(UPDATE)
        .bind(team.id.0)
        .bind(scope.project_id.0)
        .bind(team.revision)
        .bind(&team.handle)
        .bind(FORMAT)
        .bind(Document(TeamDocument::from(team)))
        .bind(team.updated_at.as_microsecond())
        .bind(scope.revision)
        .execute(&mut *conn)
        .await
        .map_err(failed)?;
    TABLE
        .require_updated(
            conn,
            updated.rows_affected(),
            REVISION,
            (team.id.0, scope.project_id.0),
            team.revision,
        )
        .await
}

pub(super) async fn delete(conn: &mut Conn, scope: Scope, id: TeamId) -> Result<()> {
    let deleted =
        sqlx::query::<Db>(DELETE).bind(id.0).bind(scope.project_id.0).execute(conn).await.map_err(failed)?;
    TABLE.require(deleted.rows_affected())
}

fn read(row: &Row) -> Result<Team> {
    let columns = TABLE.columns(row);
    let TeamDocument { name, description, member_ids } = columns.document()?;
    Ok(Team {
        id: columns.id("id", TeamId)?,
        project_id: columns.id("project_id", ProjectId)?,
        handle: columns.get("handle")?,
        name,
        description,
        member_ids,
        created_at: columns.moment("created_at")?,
        updated_at: columns.moment("updated_at")?,
        revision: columns.get("revision")?,
    })
}

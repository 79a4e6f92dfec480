//! Who may change flags.

use super::columns::Table;
use super::{Conn, Db, Document, Row, failed};
use crate::Result;
use crate::document::{FORMAT, RestrictionPolicyDocument};
use crate::scope::Scope;
use flaghoist_model::access::RestrictionPolicy;
use flaghoist_model::id::{FlagId, ProjectId};

const TABLE: Table = Table { name: "restriction_policies", key: &["flag_id"] };

const FIND: &str =
    "SELECT flag_id, format, document, updated_at FROM restriction_policies WHERE flag_id = $1";

const ALL: &str = "
    SELECT flag_id, format, document, updated_at FROM restriction_policies WHERE project_id = $1 ORDER BY flag_id";

// Foreign keys refuse flags of another project; the condition refuses their policies.
const SAVE: &str = "
    INSERT INTO restriction_policies (flag_id, project_id, format, document, updated_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (flag_id) DO UPDATE
    SET format = excluded.format, document = excluded.document, updated_at = excluded.updated_at
    WHERE restriction_policies.project_id = excluded.project_id";

const DELETE: &str = "DELETE FROM restriction_policies WHERE flag_id = $1 AND project_id = $2";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[FIND, ALL, SAVE, DELETE];

pub(super) async fn find(conn: &mut Conn, flag_id: FlagId) -> Result<Option<RestrictionPolicy>> {
    let row = sqlx::query::<Db>(FIND).bind(flag_id.0).fetch_optional(conn).await.map_err(failed)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn all(conn: &mut Conn, project_id: ProjectId) -> Result<Vec<RestrictionPolicy>> {
    let rows = sqlx::query::<Db>(ALL).bind(project_id.0).fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn save(conn: &mut Conn, scope: Scope, policy: &RestrictionPolicy) -> Result<()> {
    let saved = sqlx::query::<Db>(SAVE)
        .bind(policy.flag_id.0)
        .bind(scope.project_id.0)
        .bind(FORMAT)
        .bind(Document(RestrictionPolicyDocument::from(policy)))
        .bind(policy.updated_at.as_microsecond())
        .execute(conn)
        .await
        .map_err(failed)?;
    TABLE.require(saved.rows_affected())
}

pub(super) async fn delete(conn: &mut Conn, scope: Scope, flag_id: FlagId) -> Result<()> {
    let deleted = sqlx::query::<Db>(DELETE)
        .bind(flag_id.0)
        .bind(scope.project_id.0)
        .execute(conn)
        .await
        .map_err(failed)?;
    TABLE.require(deleted.rows_affected())
}

fn read(row: &Row) -> Result<RestrictionPolicy> {
    let columns = TABLE.columns(row);
    let RestrictionPolicyDocument { bindings } = columns.document()?;
    Ok(RestrictionPolicy {
        flag_id: columns.id("flag_id", FlagId)?,
        bindings,
        updated_at: columns.moment("updated_at")?,
    })
}

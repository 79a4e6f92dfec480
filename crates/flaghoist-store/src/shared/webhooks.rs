//! Webhooks.

use super::columns::{Table, readable};
use super::{Conn, Db, Document, Row, failed};
use crate::Result;
use crate::document::{FORMAT, WebhookDocument};
use crate::scope::Scope;
use flaghoist_model::id::{ProjectId, WebhookId};
use flaghoist_model::webhook::Webhook;

const TABLE: Table = Table { name: "webhooks", key: &["id"] };

const ALL: &str = "
    SELECT id, project_id, format, document, created_at, updated_at, revision
    FROM webhooks WHERE project_id = $1 ORDER BY created_at, id";

const REVISION: &str = "SELECT revision FROM webhooks WHERE id = $1 AND project_id = $2";

const INSERT: &str = "
    INSERT INTO webhooks (id, project_id, format, document, created_at, updated_at, revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

const UPDATE: &str = "
    UPDATE webhooks SET format = $4, document = $5, updated_at = $6, revision = $7
    WHERE id = $1 AND project_id = $2 AND revision = $3";

const DELETE: &str = "DELETE FROM webhooks WHERE id = $1 AND project_id = $2";

const FIND: &str = "
    SELECT id, project_id, format, document, created_at, updated_at, revision FROM webhooks WHERE id = $1";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[ALL, FIND, REVISION, INSERT, UPDATE, DELETE];

pub(super) async fn all(conn: &mut Conn, project_id: ProjectId) -> Result<Vec<Webhook>> {
    let rows = sqlx::query::<Db>(ALL).bind(project_id.0).fetch_all(conn).await.map_err(failed)?;
    // One that cannot be read is left out: every change looks through all of them.
    Ok(readable(rows.iter().map(read)))
}

pub(super) async fn find(conn: &mut Conn, id: WebhookId) -> Result<Option<Webhook>> {
    let row = sqlx::query::<Db>(FIND).bind(id.0).fetch_optional(conn).await.map_err(failed)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn insert(conn: &mut Conn, scope: Scope, webhook: &Webhook) -> Result<()> {
    scope.owns(webhook.project_id)?;
    sqlx::query::<Db>(INSERT)
        .bind(webhook.id.0)
        .bind(scope.project_id.0)
        .bind(FORMAT)
        .bind(Document(WebhookDocument::from(webhook)))
        .bind(webhook.created_at.as_microsecond())
        .bind(webhook.updated_at.as_microsecond())
        .bind(scope.revision)
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(super) async fn update(conn: &mut Conn, scope: Scope, webhook: &Webhook) -> Result<()> {
    scope.owns(webhook.project_id)?;
    let updated = sqlx::query::<Db>(UPDATE)
        .bind(webhook.id.0)
        .bind(scope.project_id.0)
        .bind(webhook.revision)
        .bind(FORMAT)
        .bind(Document(WebhookDocument::from(webhook)))
        .bind(webhook.updated_at.as_microsecond())
        .bind(scope.revision)
        .execute(&mut *conn)
        .await
        .map_err(failed)?;
    TABLE
        .require_updated(
            conn,
            updated.rows_affected(),
            REVISION,
            (webhook.id.0, scope.project_id.0),
            webhook.revision,
        )
        .await
}

pub(super) async fn delete(conn: &mut Conn, scope: Scope, id: WebhookId) -> Result<()> {
    let deleted =
        sqlx::query::<Db>(DELETE).bind(id.0).bind(scope.project_id.0).execute(conn).await.map_err(failed)?;
    TABLE.require(deleted.rows_affected())
}

fn read(row: &Row) -> Result<Webhook> {
    let columns = TABLE.columns(row);
    let WebhookDocument { name, url, secret, events, format, is_enabled } = columns.document()?;
    Ok(Webhook {
        id: columns.id("id", WebhookId)?,
        project_id: columns.id("project_id", ProjectId)?,
        name,
        url,
        secret,
        events,
        format,
        is_enabled,
        created_at: columns.moment("created_at")?,
        updated_at: columns.moment("updated_at")?,
        revision: columns.get("revision")?,
    })
}

//! The outbox of webhooks.

use super::columns::Table;
use super::dialect::{TAKE_DUE_DELIVERIES, id_list};
use super::{Conn, Db, Row, failed, history, webhooks};
use crate::document::from_name;
use crate::scope::Scope;
use crate::{DueDelivery, Error, Result};
use flaghoist_model::id::{DeliveryId, HistoryId, ProjectId, WebhookId};
use flaghoist_model::webhook::{Delivery, DeliveryState};
use jiff::Timestamp;

const TABLE: Table = Table { name: "webhook_deliveries", key: &["id"] };

const OF_WEBHOOK: &str = "
    SELECT id, project_id, webhook_id, event, history_id, state, attempts, next_attempt_at, last_status, last_error,
        created_at, finished_at
    FROM webhook_deliveries WHERE webhook_id = $1 AND project_id = $2 ORDER BY created_at DESC, id DESC LIMIT $3";

const INSERT: &str = "
    INSERT INTO webhook_deliveries
        (id, project_id, webhook_id, event, history_id, state, attempts, next_attempt_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const LEASE: &str = "UPDATE webhook_deliveries SET attempts = $2, next_attempt_at = $3 WHERE id = $1";

// The attempt that finishes it is the last one taken: a late one, whose lease was over, says nothing.
const FINISH: &str = "
    UPDATE webhook_deliveries
    SET state = $3, next_attempt_at = $4, last_status = $5, last_error = $6, finished_at = $7
    WHERE id = $1 AND attempts = $2 AND state = 'pending'";

const DELETE_FINISHED: &str = "DELETE FROM webhook_deliveries WHERE finished_at < $1";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[OF_WEBHOOK, INSERT, TAKE_DUE_DELIVERIES, LEASE, FINISH, DELETE_FINISHED];

pub(super) async fn of_webhook(
    conn: &mut Conn,
    project_id: ProjectId,
    webhook_id: WebhookId,
    limit: i64,
) -> Result<Vec<Delivery>> {
    let rows = sqlx::query::<Db>(OF_WEBHOOK)
        .bind(webhook_id.0)
        .bind(project_id.0)
        .bind(limit)
        .fetch_all(conn)
        .await
        .map_err(failed)?;
    rows.iter().map(read).collect()
}

pub(super) async fn insert(conn: &mut Conn, scope: Scope, deliveries: &[Delivery]) -> Result<()> {
    for delivery in deliveries {
        scope.owns(delivery.project_id)?;
        sqlx::query::<Db>(INSERT)
            .bind(delivery.id.0)
            .bind(scope.project_id.0)
            .bind(delivery.webhook_id.0)
            .bind(delivery.event.as_str())
            .bind(delivery.history_id.0)
            .bind(delivery.state.as_str())
            .bind(delivery.attempts)
            .bind(delivery.next_attempt_at.as_microsecond())
            .bind(delivery.created_at.as_microsecond())
            .execute(&mut *conn)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

pub(super) async fn take_due(
    conn: &mut Conn,
    now: Timestamp,
    lease_until: Timestamp,
    but: &[WebhookId],
    limit: i64,
) -> Result<Vec<DueDelivery>> {
    let rows = sqlx::query::<Db>(TAKE_DUE_DELIVERIES)
        .bind(now.as_microsecond())
        .bind(limit)
        .bind(id_list(but.iter().map(|id| id.0)))
        .fetch_all(&mut *conn)
        .await
        .map_err(failed)?;
    let mut due = Vec::with_capacity(rows.len());
    for row in &rows {
        // One that cannot be read is leased too: it must not stand in the way of those behind it for good.
        let columns = TABLE.columns(row);
        let (id, attempts) = (columns.id("id", DeliveryId)?, columns.get::<i64>("attempts")? + 1);
        sqlx::query::<Db>(LEASE)
            .bind(id.0)
            .bind(attempts)
            .bind(lease_until.as_microsecond())
            .execute(&mut *conn)
            .await
            .map_err(failed)?;
        let Some(delivery) = there(read(row).map(Some))? else { continue };
        let webhook = there(webhooks::find(conn, delivery.webhook_id).await)?;
        let entry = there(history::find(conn, delivery.project_id, delivery.history_id).await)?;
        let delivery = Delivery { attempts, next_attempt_at: lease_until, ..delivery };
        due.push(DueDelivery { delivery, webhook, entry });
    }
    Ok(due)
}

/// What was found, or nothing when it cannot be read, which is said loudly.
fn there<T>(found: Result<Option<T>>) -> Result<Option<T>> {
    match found {
        Err(error @ Error::Corrupt { .. }) => {
            tracing::error!(cause = %error, "a row cannot be read");
            Ok(None)
        }
        other => other,
    }
}

pub(super) async fn finish(conn: &mut Conn, delivery: &Delivery) -> Result<()> {
    sqlx::query::<Db>(FINISH)
        .bind(delivery.id.0)
        .bind(delivery.attempts)
        .bind(delivery.state.as_str())
        .bind(delivery.next_attempt_at.as_microsecond())
        .bind(delivery.last_status)
        .bind(&delivery.last_error)
        .bind(delivery.finished_at.map(Timestamp::as_microsecond))
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(super) async fn delete_finished(conn: &mut Conn, before: Timestamp) -> Result<()> {
    sqlx::query::<Db>(DELETE_FINISHED).bind(before.as_microsecond()).execute(conn).await.map_err(failed)?;
    Ok(())
}

fn read(row: &Row) -> Result<Delivery> {
    let columns = TABLE.columns(row);
    let (event, state): (String, String) = (columns.get("event")?, columns.get("state")?);
    let state: DeliveryState = from_name(&state).map_err(|error| columns.corrupt("state", &error))?;
    Ok(Delivery {
        id: columns.id("id", DeliveryId)?,
        project_id: columns.id("project_id", ProjectId)?,
        webhook_id: columns.id("webhook_id", WebhookId)?,
        event: from_name(&event).map_err(|error| columns.corrupt("event", &error))?,
        history_id: columns.id("history_id", HistoryId)?,
        state,
        attempts: columns.get("attempts")?,
        next_attempt_at: columns.moment("next_attempt_at")?,
        last_status: columns.get("last_status")?,
        last_error: columns.get("last_error")?,
        created_at: columns.moment("created_at")?,
        finished_at: columns.optional_moment("finished_at")?,
    })
}

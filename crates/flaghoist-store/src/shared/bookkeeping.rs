//! The transaction of what is no change of a project.

use super::dialect::within;
use super::transaction::Steps;
use super::{Db, credentials, deliveries, failed, rollouts, sessions, users};
use crate::{Bookkeeper, DueDelivery, Result};
use async_trait::async_trait;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::id::{CredentialId, SessionId, WebhookId};
use flaghoist_model::user::Session;
use flaghoist_model::webhook::Delivery;
use jiff::Timestamp;

const INSERT_SECRET: &str =
    "INSERT INTO installation_secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";

const SECRET: &str = "SELECT value FROM installation_secrets WHERE name = $1";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[INSERT_SECRET, SECRET];

/// A [`Bookkeeper`]. Dropping it undoes everything.
pub(super) struct Bookkeeping {
    tx: sqlx::Transaction<'static, Db>,
    steps: Steps,
}

impl Bookkeeping {
    pub(super) fn new(tx: sqlx::Transaction<'static, Db>) -> Self {
        Self { tx, steps: Steps::default() }
    }
}

#[async_trait]
impl Bookkeeper for Bookkeeping {
    async fn insert_session(&mut self, session: &Session, password_hash: &str) -> Result<bool> {
        let held = users::hold_with_password(&mut self.tx, session.user_id, password_hash);
        if !self.steps.take(held).await? {
            return Ok(false);
        }
        self.steps.take(sessions::insert(&mut self.tx, session)).await?;
        Ok(true)
    }

    async fn delete_session(&mut self, id: SessionId) -> Result<()> {
        self.steps.take(sessions::delete(&mut self.tx, id)).await
    }

    async fn delete_expired_sessions(&mut self, now: Timestamp) -> Result<()> {
        self.steps.take(sessions::delete_expired(&mut self.tx, now)).await
    }

    async fn mark_used(&mut self, uses: &[(CredentialId, Timestamp)]) -> Result<()> {
        self.steps.take(credentials::mark_used(&mut self.tx, uses)).await
    }

    async fn take_due_deliveries(
        &mut self,
        now: Timestamp,
        lease_until: Timestamp,
        but: &[WebhookId],
        limit: i64,
    ) -> Result<Vec<DueDelivery>> {
        self.steps.take(deliveries::take_due(&mut self.tx, now, lease_until, but, limit)).await
    }

    async fn finish_delivery(&mut self, delivery: &Delivery) -> Result<()> {
        self.steps.take(deliveries::finish(&mut self.tx, delivery)).await
    }

    async fn index_schedules(&mut self, entry: &FlagEnvironment) -> Result<()> {
        self.steps.take(rollouts::reindex(&mut self.tx, entry)).await
    }

    async fn secret(&mut self, name: &str, fresh: &[u8]) -> Result<Vec<u8>> {
        let tx = &mut self.tx;
        self.steps
            .take(async {
                let insert = sqlx::query::<Db>(INSERT_SECRET).bind(name).bind(fresh);
                insert.execute(&mut **tx).await.map_err(failed)?;
                let secret = sqlx::query_scalar::<Db, Vec<u8>>(SECRET).bind(name);
                secret.fetch_one(&mut **tx).await.map_err(failed)
            })
            .await
    }

    async fn delete_finished_deliveries(&mut self, before: Timestamp) -> Result<()> {
        self.steps.take(deliveries::delete_finished(&mut self.tx, before)).await
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        self.steps.check()?;
        within(async { self.tx.commit().await.map_err(failed) }).await
    }
}

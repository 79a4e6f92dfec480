//! Counts in tables of their own.

use super::dialect::within;
use super::{LIMITS, evaluations, failed, pool};
use crate::{CountedEvaluations, EvaluationBucket, EvaluationTotal, EventStore, Result, migrations};
use async_trait::async_trait;
use flaghoist_model::id::{EnvironmentId, FlagId};
use jiff::Timestamp;
use sqlx::postgres::PgConnectOptions;
use std::ops::Range;
use tokio::sync::OnceCell;

/// Adding counts takes one connection at a time; reading them another.
const CONNECTIONS: u32 = 2;

/// One server at a time folds: what one has folded, another must not fold again.
const HOLD_COMPACTION: &str = "SELECT pg_advisory_xact_lock(7163384912)";

/// Counts on a PostgreSQL server, in the database of [`PostgresStore`](super::PostgresStore).
pub struct PostgresEvents {
    options: PgConnectOptions,
    /// Done once the schema is up to date.
    migrated: OnceCell<()>,
    pool: sqlx::PgPool,
}

impl PostgresEvents {
    /// Connects to the database at `url` and brings the tables of counts up to date.
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) within a few seconds when the database does not answer.
    pub async fn connect(url: &str) -> Result<Self> {
        let events = Self::connect_later(url)?;
        events.migrate().await?;
        Ok(events)
    }

    /// The same without waiting: what [`PostgresEvents::connect`] does is done by the first call that needs it, and tried
    /// again by the next when it fails.
    pub fn connect_later(url: &str) -> Result<Self> {
        let options: PgConnectOptions = url.parse().map_err(failed)?;
        let options = options.application_name("flaghoist events");
        let pool = pool(CONNECTIONS).connect_lazy_with(options.clone().options(LIMITS));
        Ok(Self { options, migrated: OnceCell::new(), pool })
    }

    async fn migrate(&self) -> Result<()> {
        let migrator = migrations::event_migrator(migrations::POSTGRES_EVENTS);
        let migrate = || async { super::migrate(&self.options, &migrator).await };
        self.migrated.get_or_try_init(migrate).await.copied()
    }

    /// Waits for open transactions, then closes all connections. Calls that come later are refused.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn connection(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>> {
        self.migrate().await?;
        within(async { self.pool.acquire().await.map_err(failed) }).await
    }
}

#[async_trait]
impl EventStore for PostgresEvents {
    async fn add_evaluations(&self, counted: &[CountedEvaluations]) -> Result<()> {
        self.migrate().await?;
        within(async {
            let mut tx = self.pool.begin().await.map_err(failed)?;
            evaluations::add(&mut tx, counted).await?;
            tx.commit().await.map_err(failed)
        })
        .await
    }

    async fn evaluation_totals(
        &self,
        environment_id: EnvironmentId,
        flag_id: FlagId,
    ) -> Result<Vec<EvaluationTotal>> {
        let mut conn = self.connection().await?;
        within(evaluations::totals(&mut conn, environment_id, flag_id)).await
    }

    async fn last_evaluations(&self, environment_id: EnvironmentId) -> Result<Vec<(FlagId, Timestamp)>> {
        let mut conn = self.connection().await?;
        within(evaluations::last(&mut conn, environment_id)).await
    }

    async fn evaluation_buckets(
        &self,
        environment_id: EnvironmentId,
        flag_id: FlagId,
        minutes: Range<i64>,
        limit: i64,
    ) -> Result<Vec<EvaluationBucket>> {
        let mut conn = self.connection().await?;
        within(evaluations::buckets(&mut conn, environment_id, flag_id, minutes, limit)).await
    }

    async fn compact_evaluations(&self, fold_before: i64, delete_before: i64) -> Result<()> {
        self.migrate().await?;
        within(async {
            let mut tx = self.pool.begin().await.map_err(failed)?;
            sqlx::query(HOLD_COMPACTION).execute(&mut *tx).await.map_err(failed)?;
            evaluations::compact(&mut tx, fold_before, delete_before).await?;
            tx.commit().await.map_err(failed)
        })
        .await
    }
}

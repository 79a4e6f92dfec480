//! Counts in tables of their own.

use super::dialect::within;
use super::evidence::EvidenceWriting;
use super::{Conn, LIMITS, evaluations, evidence, failed, pool};
use crate::events::{add_counts_of, add_totals_of};
use crate::{
    CountedEvaluations, EvaluationBucket, EvaluationSeries, EvaluationTotal, EventStore, EvidencePoint,
    EvidenceWriter, Result, RunKey, StoredCell, migrations,
};
use async_trait::async_trait;
use flaghoist_model::id::{EnvironmentId, FlagId};
use jiff::Timestamp;
use sqlx::postgres::PgConnectOptions;
use std::ops::Range;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Adding counts takes one connection at a time, what guardrails know another; reading a third.
const CONNECTIONS: u32 = 3;

/// All statements of such a transaction see the same.
const READ_ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// One server at a time folds: what one has folded, another must not fold again.
const HOLD_COMPACTION: &str = "SELECT pg_advisory_xact_lock(7163384912)";

// One statement for all rows: each would be a round trip.
const ADD: &str = add_counts_of!(
    "
    SELECT environment_id, flag_id, start_minute, 1, allocation, variant, evaluations, exposures, defaults, errors
    FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[],
        $9::bigint[])
        AS counted (environment_id, flag_id, start_minute, allocation, variant, evaluations, exposures, defaults, errors)
"
);

const ADD_TO_TOTAL: &str = add_totals_of!(
    "
    SELECT environment_id, flag_id, allocation, variant, evaluations, exposures, defaults, errors, first_at, last_at
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
        $9::bigint[], $10::bigint[])
        AS counted (environment_id, flag_id, allocation, variant, evaluations, exposures, defaults, errors, first_at,
            last_at)
"
);

/// Adds counts of minutes.
pub(super) async fn add_counts(conn: &mut Conn, buckets: &[EvaluationBucket]) -> Result<()> {
    let Series { environments, flags, allocations, variants } =
        Series::of(buckets.iter().map(|it| &it.series));
    let column = |of: fn(&EvaluationBucket) -> i64| buckets.iter().map(of).collect::<Vec<i64>>();
    let query = sqlx::query(ADD).bind(environments).bind(flags).bind(column(|it| it.start_minute));
    let query = query.bind(allocations).bind(variants);
    let query = query.bind(column(|it| it.counts.evaluations)).bind(column(|it| it.counts.exposures));
    let query = query.bind(column(|it| it.counts.defaults)).bind(column(|it| it.counts.errors));
    query.execute(conn).await.map_err(failed)?;
    Ok(())
}

/// Adds to what there was since the beginning.
pub(super) async fn add_totals(conn: &mut Conn, totals: &[EvaluationTotal]) -> Result<()> {
    let Series { environments, flags, allocations, variants } =
        Series::of(totals.iter().map(|it| &it.series));
    let column = |of: fn(&EvaluationTotal) -> i64| totals.iter().map(of).collect::<Vec<i64>>();
    let query = sqlx::query(ADD_TO_TOTAL).bind(environments).bind(flags).bind(allocations).bind(variants);
    let query = query.bind(column(|it| it.counts.evaluations)).bind(column(|it| it.counts.exposures));
    let query = query.bind(column(|it| it.counts.defaults)).bind(column(|it| it.counts.errors));
    let query = query.bind(column(|it| it.first_at.as_microsecond()));
    let query = query.bind(column(|it| it.last_at.as_microsecond()));
    query.execute(conn).await.map_err(failed)?;
    Ok(())
}

/// Series by column.
struct Series<'a> {
    environments: Vec<Uuid>,
    flags: Vec<Uuid>,
    allocations: Vec<&'a str>,
    variants: Vec<&'a str>,
}

impl<'a> Series<'a> {
    fn of(series: impl Iterator<Item = &'a EvaluationSeries> + Clone) -> Self {
        Self {
            environments: series.clone().map(|series| series.environment_id.0).collect(),
            flags: series.clone().map(|series| series.flag_id.0).collect(),
            allocations: series.clone().map(|series| series.allocation.as_str()).collect(),
            variants: series.map(|series| series.variant.as_str()).collect(),
        }
    }
}

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

    async fn begin_evidence(&self) -> Result<Box<dyn EvidenceWriter>> {
        self.migrate().await?;
        let tx = within(async { self.pool.begin().await.map_err(failed) }).await?;
        Ok(Box::new(EvidenceWriting::new(tx)))
    }

    async fn evidence_cells(&self, run: RunKey) -> Result<(i64, Vec<StoredCell>)> {
        self.migrate().await?;
        within(async {
            let mut tx = self.pool.begin_with(READ_ONE_MOMENT).await.map_err(failed)?;
            evidence::version_and_cells(&mut tx, run).await
        })
        .await
    }

    async fn save_evidence_points(&self, run: RunKey, points: &[EvidencePoint]) -> Result<()> {
        self.migrate().await?;
        within(async {
            let mut tx = self.pool.begin().await.map_err(failed)?;
            evidence::save_points(&mut tx, run, points).await?;
            tx.commit().await.map_err(failed)
        })
        .await
    }

    async fn evidence_points(&self, run: RunKey, limit: i64) -> Result<Vec<EvidencePoint>> {
        let mut conn = self.connection().await?;
        within(evidence::points(&mut conn, run, limit)).await
    }

    async fn prune_evidence(&self, keys_before: Timestamp, runs_before: Timestamp) -> Result<()> {
        self.migrate().await?;
        within(async {
            let mut tx = self.pool.begin().await.map_err(failed)?;
            evidence::prune(&mut tx, keys_before, runs_before).await?;
            tx.commit().await.map_err(failed)
        })
        .await
    }
}

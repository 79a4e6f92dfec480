//! Counts in a SQLite file of their own.

use super::evidence::EvidenceWriting;
use super::{
    BUSY_TIMEOUT, Conn, JOURNAL_MAX_BYTES, READ_TIMEOUT, WRITE_TIMEOUT, create_private_dir, evaluations,
    evidence, failed, pool, unavailable,
};
use crate::events::{add_counts_of, add_totals_of};
use crate::{
    CountedEvaluations, EvaluationBucket, EvaluationTotal, EventStore, EvidencePoint, EvidenceWriter, Result,
    RunKey, StoredCell, migrations,
};
use async_trait::async_trait;
use flaghoist_model::id::{EnvironmentId, FlagId};
use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use std::ops::Range;
use std::path::Path;

const ADD: &str = add_counts_of!(" VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9) ");

const ADD_TO_TOTAL: &str = add_totals_of!(" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ");

/// Adds counts of minutes.
pub(super) async fn add_counts(conn: &mut Conn, buckets: &[EvaluationBucket]) -> Result<()> {
    for EvaluationBucket { series, start_minute, counts, .. } in buckets {
        sqlx::query(ADD)
            .bind(series.environment_id.0)
            .bind(series.flag_id.0)
            .bind(start_minute)
            .bind(&series.allocation)
            .bind(&series.variant)
            .bind(counts.evaluations)
            .bind(counts.exposures)
            .bind(counts.defaults)
            .bind(counts.errors)
            .execute(&mut *conn)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// Adds to what there was since the beginning.
pub(super) async fn add_totals(conn: &mut Conn, totals: &[EvaluationTotal]) -> Result<()> {
    for EvaluationTotal { series, counts, first_at, last_at } in totals {
        sqlx::query(ADD_TO_TOTAL)
            .bind(series.environment_id.0)
            .bind(series.flag_id.0)
            .bind(&series.allocation)
            .bind(&series.variant)
            .bind(counts.evaluations)
            .bind(counts.exposures)
            .bind(counts.defaults)
            .bind(counts.errors)
            .bind(first_at.as_microsecond())
            .bind(last_at.as_microsecond())
            .execute(&mut *conn)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// Counts in a directory of this machine, beside [`SqliteStore`](super::SqliteStore), whose lock covers them.
///
/// A commit is in the hands of the operating system: it survives the end of the process, however that comes, and not
/// always a loss of power.
pub struct SqliteEvents {
    writes: sqlx::SqlitePool,
    reads: sqlx::SqlitePool,
}

impl SqliteEvents {
    /// Opens the counts in `data_dir`, makes them if they are not there, and brings their schema up to date.
    pub async fn open(data_dir: &Path) -> Result<Self> {
        create_private_dir(data_dir).map_err(|error| unavailable(data_dir, &error))?;
        let options =
            SqliteConnectOptions::new().filename(data_dir.join("events.db")).busy_timeout(BUSY_TIMEOUT);
        let write_options = options
            .clone()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .pragma("journal_size_limit", JOURNAL_MAX_BYTES)
            .optimize_on_close(true, None);
        let writes = pool(1, WRITE_TIMEOUT).connect_with(write_options).await.map_err(failed)?;
        migrations::event_migrator(migrations::SQLITE_EVENTS)
            .run(&writes)
            .await
            .map_err(|error| migrations::failed(error, failed))?;
        let reads =
            pool(1, READ_TIMEOUT).connect_with(options.pragma("query_only", "on")).await.map_err(failed)?;
        Ok(Self { writes, reads })
    }

    /// Waits for open transactions, then closes the files. Calls that come later are refused.
    pub async fn close(&self) {
        self.reads.close().await;
        self.writes.close().await;
    }
}

#[async_trait]
impl EventStore for SqliteEvents {
    async fn add_evaluations(&self, counted: &[CountedEvaluations]) -> Result<()> {
        let mut tx = self.writes.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        evaluations::add(&mut tx, counted).await?;
        tx.commit().await.map_err(failed)
    }

    async fn evaluation_totals(
        &self,
        environment_id: EnvironmentId,
        flag_id: FlagId,
    ) -> Result<Vec<EvaluationTotal>> {
        let mut conn = self.reads.acquire().await.map_err(failed)?;
        evaluations::totals(&mut conn, environment_id, flag_id).await
    }

    async fn last_evaluations(&self, environment_id: EnvironmentId) -> Result<Vec<(FlagId, Timestamp)>> {
        let mut conn = self.reads.acquire().await.map_err(failed)?;
        evaluations::last(&mut conn, environment_id).await
    }

    async fn evaluation_buckets(
        &self,
        environment_id: EnvironmentId,
        flag_id: FlagId,
        minutes: Range<i64>,
        limit: i64,
    ) -> Result<Vec<EvaluationBucket>> {
        let mut conn = self.reads.acquire().await.map_err(failed)?;
        evaluations::buckets(&mut conn, environment_id, flag_id, minutes, limit).await
    }

    async fn compact_evaluations(&self, fold_before: i64, delete_before: i64) -> Result<()> {
        let mut tx = self.writes.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        evaluations::compact(&mut tx, fold_before, delete_before).await?;
        tx.commit().await.map_err(failed)
    }

    async fn begin_evidence(&self) -> Result<Box<dyn EvidenceWriter>> {
        let tx = self.writes.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        Ok(Box::new(EvidenceWriting::new(tx)))
    }

    async fn evidence_cells(&self, run: RunKey) -> Result<(i64, Vec<StoredCell>)> {
        let mut tx = self.reads.begin().await.map_err(failed)?;
        evidence::version_and_cells(&mut tx, run).await
    }

    async fn save_evidence_points(&self, run: RunKey, points: &[EvidencePoint]) -> Result<()> {
        let mut tx = self.writes.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        evidence::save_points(&mut tx, run, points).await?;
        tx.commit().await.map_err(failed)
    }

    async fn evidence_points(&self, run: RunKey, limit: i64) -> Result<Vec<EvidencePoint>> {
        let mut conn = self.reads.acquire().await.map_err(failed)?;
        evidence::points(&mut conn, run, limit).await
    }

    async fn prune_evidence(&self, keys_before: Timestamp, runs_before: Timestamp) -> Result<()> {
        let mut tx = self.writes.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        evidence::prune(&mut tx, keys_before, runs_before).await?;
        tx.commit().await.map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{AssertSqlSafe, Row as _};

    #[tokio::test]
    async fn no_statement_about_counts_reads_a_whole_table() {
        let dir = tempfile::tempdir().unwrap();
        let events = SqliteEvents::open(dir.path()).await.unwrap();
        let statements = evaluations::STATEMENTS.iter().chain(evidence::STATEMENTS);
        for statement in statements.chain(&[ADD, ADD_TO_TOTAL]) {
            let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")));
            let plan = plan.fetch_all(&events.writes).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
            let scans = plan.iter().any(|step| step.starts_with("SCAN") && !step.contains("json_each"));
            assert!(!scans, "{statement}\n{plan:#?}");
        }
    }
}

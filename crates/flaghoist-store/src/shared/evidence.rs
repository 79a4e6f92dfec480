//! What guardrails know of the subjects of a run.

use super::columns::Table;
use super::dialect::{
    KNOWN_SUBJECTS, SAVE_SUBJECTS, TAKE_KEYS, hold_run, key_list, number_list, subject_list, within,
};
use super::transaction::Steps;
use super::{Conn, Db, Row, failed};
use crate::{EvidencePoint, EvidenceWriter, Result, RunKey, StoredCell, StoredSubject};
use async_trait::async_trait;
use flaghoist_model::id::{EnvironmentId, ScheduleId, VariantId};
use jiff::Timestamp;
use std::collections::{BTreeSet, HashSet};

const RUNS: Table = Table { name: "evidence_runs", key: &["schedule_id"] };
const CELLS: Table = Table { name: "evidence_cells", key: &["schedule_id"] };
const SUBJECTS: Table = Table { name: "evidence_subjects", key: &["schedule_id"] };
const POINTS: Table = Table { name: "evidence_points", key: &["schedule_id"] };

const BEGIN_RUN: &str = "
    INSERT INTO evidence_runs (schedule_id, run, version, written_at) VALUES ($1, $2, 0, $3)
    ON CONFLICT (schedule_id, run) DO NOTHING";

const NEXT_VERSION: &str = "
    UPDATE evidence_runs SET version = version + 1, written_at = $3 WHERE schedule_id = $1 AND run = $2";

const CELLS_OF_RUN: &str =
    "SELECT metric, step, state FROM evidence_cells WHERE schedule_id = $1 AND run = $2";

const VERSION: &str = "SELECT version FROM evidence_runs WHERE schedule_id = $1 AND run = $2";

const SAVE_CELL: &str = "
    INSERT INTO evidence_cells (schedule_id, run, metric, step, state) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (schedule_id, run, metric, step) DO UPDATE SET state = excluded.state";

const DUE_SUBJECTS: &str = "
    SELECT subject, state, due_at FROM evidence_subjects WHERE schedule_id = $1 AND due_at <= $2
    ORDER BY due_at, subject LIMIT $3";

const SAVE_POINT: &str = "
    INSERT INTO evidence_points (schedule_id, run, metric_id, variant_id, at, document) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (schedule_id, run, metric_id, variant_id, at) DO UPDATE SET document = excluded.document";

const POINTS_OF_RUN: &str = "
    SELECT metric_id, variant_id, at, document FROM evidence_points WHERE schedule_id = $1 AND run = $2
    ORDER BY metric_id, variant_id, at LIMIT $3";

const DELETE_KEYS: &str = "DELETE FROM taken_keys WHERE taken_at < $1";

// What was not written for so long is over: a run that is on is marked again and again.
const OLD_RUNS: &str = "
    SELECT schedule_id FROM evidence_runs WHERE written_at < $1 AND EXISTS (
        SELECT 1 FROM evidence_subjects WHERE evidence_subjects.schedule_id = evidence_runs.schedule_id)
        AND NOT EXISTS (
            SELECT 1 FROM evidence_runs later WHERE later.schedule_id = evidence_runs.schedule_id
                AND later.written_at >= $1)
    ORDER BY written_at LIMIT 100";

const DELETE_SUBJECTS: &str = "
    DELETE FROM evidence_subjects WHERE schedule_id = $1 AND NOT EXISTS (
        SELECT 1 FROM evidence_runs WHERE evidence_runs.schedule_id = $1 AND written_at >= $2)";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    BEGIN_RUN,
    NEXT_VERSION,
    CELLS_OF_RUN,
    VERSION,
    SAVE_CELL,
    DUE_SUBJECTS,
    SAVE_POINT,
    POINTS_OF_RUN,
    DELETE_KEYS,
    OLD_RUNS,
    DELETE_SUBJECTS,
    KNOWN_SUBJECTS,
    SAVE_SUBJECTS,
    TAKE_KEYS,
];

/// An [`EvidenceWriter`].
pub(super) struct EvidenceWriting {
    tx: sqlx::Transaction<'static, Db>,
    steps: Steps,
}

impl EvidenceWriting {
    pub(super) fn new(tx: sqlx::Transaction<'static, Db>) -> Self {
        Self { tx, steps: Steps::default() }
    }
}

#[async_trait]
impl EvidenceWriter for EvidenceWriting {
    async fn hold(&mut self, runs: &[RunKey], now: Timestamp) -> Result<Vec<i64>> {
        // In one order, whoever asks: two servers never wait for each other in a circle.
        let ordered: BTreeSet<RunKey> = runs.iter().copied().collect();
        let mut versions = std::collections::BTreeMap::new();
        for run in ordered {
            self.steps.take(begin_run(&mut self.tx, run, now)).await?;
            versions.insert(run, self.steps.take(hold_run(&mut self.tx, run)).await?);
        }
        Ok(runs.iter().map(|run| versions.get(run).copied().unwrap_or(0)).collect())
    }

    async fn cells(&mut self, run: RunKey) -> Result<Vec<StoredCell>> {
        within(cells(&mut self.tx, run)).await
    }

    async fn subjects(&mut self, schedule_id: ScheduleId, subjects: &[i64]) -> Result<Vec<StoredSubject>> {
        within(async {
            let rows = sqlx::query::<Db>(KNOWN_SUBJECTS).bind(schedule_id.0).bind(number_list(subjects));
            let rows = rows.fetch_all(&mut *self.tx).await.map_err(failed)?;
            rows.iter().map(read_subject).collect()
        })
        .await
    }

    async fn due_subjects(
        &mut self,
        schedule_id: ScheduleId,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<StoredSubject>> {
        within(async {
            let rows = sqlx::query::<Db>(DUE_SUBJECTS).bind(schedule_id.0).bind(now.as_microsecond());
            let rows = rows.bind(limit).fetch_all(&mut *self.tx).await.map_err(failed)?;
            rows.iter().map(read_subject).collect()
        })
        .await
    }

    async fn take_keys(
        &mut self,
        environment_id: EnvironmentId,
        keys: &[Vec<u8>],
        now: Timestamp,
    ) -> Result<Vec<bool>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let tx = &mut self.tx;
        let taken = self.steps.take(async {
            // Each once and in order, for the same reason as runs.
            let distinct: BTreeSet<&[u8]> = keys.iter().map(Vec::as_slice).collect();
            let taken = sqlx::query_scalar::<Db, Vec<u8>>(TAKE_KEYS).bind(environment_id.0);
            let taken = taken.bind(key_list(distinct)).bind(now.as_microsecond());
            taken.fetch_all(&mut **tx).await.map_err(failed)
        });
        let mut taken: HashSet<Vec<u8>> = taken.await?.into_iter().collect();
        Ok(keys.iter().map(|key| taken.remove(key)).collect())
    }

    async fn save_cells(&mut self, run: RunKey, cells: &[StoredCell], now: Timestamp) -> Result<()> {
        let tx = &mut self.tx;
        self.steps
            .take(async {
                for cell in cells {
                    let save = sqlx::query::<Db>(SAVE_CELL).bind(run.schedule_id.0).bind(run.run);
                    let save = save.bind(cell.metric).bind(cell.step).bind(&cell.state);
                    save.execute(&mut **tx).await.map_err(failed)?;
                }
                let next = sqlx::query::<Db>(NEXT_VERSION).bind(run.schedule_id.0).bind(run.run);
                let next = next.bind(now.as_microsecond()).execute(&mut **tx).await.map_err(failed)?;
                RUNS.require(next.rows_affected())
            })
            .await
    }

    async fn save_subjects(&mut self, schedule_id: ScheduleId, subjects: &[StoredSubject]) -> Result<()> {
        if subjects.is_empty() {
            return Ok(());
        }
        let tx = &mut self.tx;
        self.steps
            .take(async {
                let query = sqlx::query::<Db>(SAVE_SUBJECTS).bind(schedule_id.0);
                subject_list(query, subjects).execute(&mut **tx).await.map_err(failed)?;
                Ok(())
            })
            .await
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        self.steps.check()?;
        within(async { self.tx.commit().await.map_err(failed) }).await
    }
}

async fn begin_run(conn: &mut Conn, run: RunKey, now: Timestamp) -> Result<()> {
    let begin = sqlx::query::<Db>(BEGIN_RUN).bind(run.schedule_id.0).bind(run.run);
    begin.bind(now.as_microsecond()).execute(conn).await.map_err(failed)?;
    Ok(())
}

async fn cells(conn: &mut Conn, run: RunKey) -> Result<Vec<StoredCell>> {
    let rows = sqlx::query::<Db>(CELLS_OF_RUN).bind(run.schedule_id.0).bind(run.run);
    let rows = rows.fetch_all(conn).await.map_err(failed)?;
    let read = |row: &Row| {
        let columns = CELLS.columns(row);
        Ok(StoredCell {
            metric: columns.get("metric")?,
            step: columns.get("step")?,
            state: columns.get("state")?,
        })
    };
    rows.iter().map(read).collect()
}

/// The version and the cells of a run. The connection is to see one moment.
pub(super) async fn version_and_cells(conn: &mut Conn, run: RunKey) -> Result<(i64, Vec<StoredCell>)> {
    let version = sqlx::query_scalar::<Db, i64>(VERSION).bind(run.schedule_id.0).bind(run.run);
    let version = version.fetch_optional(&mut *conn).await.map_err(failed)?;
    Ok((version.unwrap_or(0), cells(conn, run).await?))
}

pub(super) async fn save_points(conn: &mut Conn, run: RunKey, points: &[EvidencePoint]) -> Result<()> {
    let mut ordered: Vec<&EvidencePoint> = points.iter().collect();
    ordered.sort_by_key(|point| (&point.metric_id, point.variant_id, point.at));
    for point in ordered {
        sqlx::query::<Db>(SAVE_POINT)
            .bind(run.schedule_id.0)
            .bind(run.run)
            .bind(&point.metric_id)
            .bind(point.variant_id.0)
            .bind(point.at.as_microsecond())
            .bind(point.document.to_string())
            .execute(&mut *conn)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

pub(super) async fn points(conn: &mut Conn, run: RunKey, limit: i64) -> Result<Vec<EvidencePoint>> {
    let rows = sqlx::query::<Db>(POINTS_OF_RUN).bind(run.schedule_id.0).bind(run.run).bind(limit);
    let rows = rows.fetch_all(conn).await.map_err(failed)?;
    let read = |row: &Row| {
        let columns = POINTS.columns(row);
        let document: String = columns.get("document")?;
        Ok(EvidencePoint {
            metric_id: columns.get("metric_id")?,
            variant_id: columns.id("variant_id", VariantId)?,
            at: columns.moment("at")?,
            document: serde_json::from_str(&document).map_err(|error| columns.corrupt("document", &error))?,
        })
    };
    rows.iter().map(read).collect()
}

/// Removes keys that were taken before a moment, and subjects of schedules of which no run was written since another.
pub(super) async fn prune(conn: &mut Conn, keys_before: Timestamp, runs_before: Timestamp) -> Result<()> {
    let keys = sqlx::query::<Db>(DELETE_KEYS).bind(keys_before.as_microsecond());
    keys.execute(&mut *conn).await.map_err(failed)?;
    let old = sqlx::query::<Db>(OLD_RUNS).bind(runs_before.as_microsecond());
    for row in old.fetch_all(&mut *conn).await.map_err(failed)? {
        let schedule_id = RUNS.columns(&row).id("schedule_id", ScheduleId)?;
        let delete =
            sqlx::query::<Db>(DELETE_SUBJECTS).bind(schedule_id.0).bind(runs_before.as_microsecond());
        delete.execute(&mut *conn).await.map_err(failed)?;
    }
    Ok(())
}

fn read_subject(row: &Row) -> Result<StoredSubject> {
    let columns = SUBJECTS.columns(row);
    Ok(StoredSubject {
        subject: columns.get("subject")?,
        state: columns.get("state")?,
        due_at: columns.optional_moment("due_at")?,
    })
}

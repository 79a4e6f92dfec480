//! Counts of what readers evaluated.

use super::columns::{Columns, Table};
use super::events::{add_counts, add_totals};
use super::{Conn, Db, Row, failed};
use crate::events::add_counts_of;
use crate::{
    CountedEvaluations, EvaluationBucket, EvaluationCounts, EvaluationSeries, EvaluationTotal, Result,
};
use flaghoist_model::id::{EnvironmentId, FlagId};
use jiff::Timestamp;
use std::ops::Range;

const BUCKETS: Table = Table { name: "evaluation_counts", key: &["environment_id", "flag_id"] };
const TOTALS: Table = Table { name: "evaluation_totals", key: &["environment_id", "flag_id"] };

const TOTALS_OF_FLAG: &str = "
    SELECT environment_id, flag_id, allocation, variant, evaluations, exposures, defaults, errors, first_at, last_at
    FROM evaluation_totals WHERE environment_id = $1 AND flag_id = $2 ORDER BY allocation, variant";

const LAST_OF_ENVIRONMENT: &str = "
    SELECT flag_id, MAX(last_at) AS last_at FROM evaluation_totals WHERE environment_id = $1 GROUP BY flag_id";

const BUCKETS_OF_FLAG: &str = "
    SELECT environment_id, flag_id, start_minute, length_minutes, allocation, variant, evaluations, exposures, defaults,
        errors
    FROM evaluation_counts WHERE environment_id = $1 AND flag_id = $2 AND start_minute >= $3 AND start_minute < $4
    ORDER BY start_minute DESC, length_minutes DESC, allocation DESC, variant DESC LIMIT $5";

const FOLD: &str = add_counts_of!(
    "
    SELECT environment_id, flag_id, start_minute - start_minute % 60, 60, allocation, variant,
        CAST(SUM(evaluations) AS bigint), CAST(SUM(exposures) AS bigint), CAST(SUM(defaults) AS bigint),
        CAST(SUM(errors) AS bigint)
    FROM evaluation_counts WHERE length_minutes = 1 AND start_minute < $1
    GROUP BY environment_id, flag_id, start_minute - start_minute % 60, allocation, variant
"
);

const DELETE_OLD: &str = "DELETE FROM evaluation_counts WHERE length_minutes = $1 AND start_minute < $2";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[TOTALS_OF_FLAG, LAST_OF_ENVIRONMENT, BUCKETS_OF_FLAG, FOLD, DELETE_OLD];

/// In the order of the rows' keys: two servers that add at once never wait for each other in a circle.
pub(super) async fn add(conn: &mut Conn, counted: &[CountedEvaluations]) -> Result<()> {
    let mut ordered: Vec<&CountedEvaluations> = counted.iter().collect();
    ordered.sort_by(|a, b| (&a.series, a.minute).cmp(&(&b.series, b.minute)));
    let buckets =
        ordered.chunk_by(|a, b| (&a.series, a.minute) == (&b.series, b.minute)).filter_map(|same| {
            let EvaluationTotal { series, counts, .. } = total(same)?;
            let start_minute = same.first()?.minute;
            Some(EvaluationBucket { series, start_minute, length_minutes: 1, counts })
        });
    add_counts(conn, &buckets.collect::<Vec<_>>()).await?;
    let totals = ordered.chunk_by(|a, b| a.series == b.series).filter_map(total);
    add_totals(conn, &totals.collect::<Vec<_>>()).await
}

/// Counts of one series, added up.
fn total(same_series: &[&CountedEvaluations]) -> Option<EvaluationTotal> {
    let first = same_series.first()?;
    let mut counts = EvaluationCounts::default();
    let (mut first_at, mut last_at) = (first.first_at, first.last_at);
    for counted in same_series {
        counts.add(counted.counts);
        first_at = first_at.min(counted.first_at);
        last_at = last_at.max(counted.last_at);
    }
    Some(EvaluationTotal { series: first.series.clone(), counts, first_at, last_at })
}

pub(super) async fn totals(
    conn: &mut Conn,
    environment_id: EnvironmentId,
    flag_id: FlagId,
) -> Result<Vec<EvaluationTotal>> {
    let rows = sqlx::query::<Db>(TOTALS_OF_FLAG).bind(environment_id.0).bind(flag_id.0);
    let rows = rows.fetch_all(conn).await.map_err(failed)?;
    rows.iter().map(read_total).collect()
}

pub(super) async fn last(conn: &mut Conn, environment_id: EnvironmentId) -> Result<Vec<(FlagId, Timestamp)>> {
    let rows = sqlx::query::<Db>(LAST_OF_ENVIRONMENT).bind(environment_id.0);
    let rows = rows.fetch_all(conn).await.map_err(failed)?;
    let read = |row: &Row| {
        let columns = Table { name: TOTALS.name, key: &["flag_id"] }.columns(row);
        Ok((columns.id("flag_id", FlagId)?, columns.moment("last_at")?))
    };
    rows.iter().map(read).collect()
}

pub(super) async fn buckets(
    conn: &mut Conn,
    environment_id: EnvironmentId,
    flag_id: FlagId,
    minutes: Range<i64>,
    limit: i64,
) -> Result<Vec<EvaluationBucket>> {
    let rows = sqlx::query::<Db>(BUCKETS_OF_FLAG)
        .bind(environment_id.0)
        .bind(flag_id.0)
        .bind(minutes.start)
        .bind(minutes.end)
        .bind(limit)
        .fetch_all(conn)
        .await
        .map_err(failed)?;
    rows.iter().rev().map(read_bucket).collect()
}

pub(super) async fn compact(conn: &mut Conn, fold_before: i64, delete_before: i64) -> Result<()> {
    sqlx::query::<Db>(FOLD).bind(fold_before).execute(&mut *conn).await.map_err(failed)?;
    for (length_minutes, before) in [(1, fold_before), (60, delete_before)] {
        let delete = sqlx::query::<Db>(DELETE_OLD).bind(length_minutes).bind(before);
        delete.execute(&mut *conn).await.map_err(failed)?;
    }
    Ok(())
}

fn read_series(columns: &Columns<'_>) -> Result<EvaluationSeries> {
    Ok(EvaluationSeries {
        environment_id: columns.id("environment_id", EnvironmentId)?,
        flag_id: columns.id("flag_id", FlagId)?,
        allocation: columns.get("allocation")?,
        variant: columns.get("variant")?,
    })
}

fn read_counts(columns: &Columns<'_>) -> Result<EvaluationCounts> {
    Ok(EvaluationCounts {
        evaluations: columns.get("evaluations")?,
        exposures: columns.get("exposures")?,
        defaults: columns.get("defaults")?,
        errors: columns.get("errors")?,
    })
}

fn read_total(row: &Row) -> Result<EvaluationTotal> {
    let columns = TOTALS.columns(row);
    Ok(EvaluationTotal {
        series: read_series(&columns)?,
        counts: read_counts(&columns)?,
        first_at: columns.moment("first_at")?,
        last_at: columns.moment("last_at")?,
    })
}

fn read_bucket(row: &Row) -> Result<EvaluationBucket> {
    let columns = BUCKETS.columns(row);
    Ok(EvaluationBucket {
        series: read_series(&columns)?,
        start_minute: columns.get("start_minute")?,
        length_minutes: columns.get("length_minutes")?,
        counts: read_counts(&columns)?,
    })
}

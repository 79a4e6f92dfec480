//! The list of flags: what it filters and orders by, beside the documents that it shows.

use super::columns::{Table, readable};
use super::dialect::{id_list, in_ids, in_texts, text_list};
use super::{Conn, Db, Row, failed, flag_environments, flags};
use crate::{FlagListFilter, FlagOrder, FlagPlace, FoundFlags, Result, TagCount};
use flaghoist_model::flag::{Flag, StalenessStatus};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::id::{FlagId, ProjectId};
use flaghoist_model::staleness::served_to_everybody;
use sqlx::{Connection as _, Row as _};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Documents that are read together when what was there before the list is caught up with.
const BATCH: i64 = 500;

/// The rows that the list is ordered by, with their columns as `page!` names them.
const LISTED: Table = Table { name: "listed_flags", key: &["listed_id"] };

/// The flags of a list: what is selected, and in which order. Whether a flag is stale is what
/// `flaghoist_model::staleness` says of it; a test compares the two.
macro_rules! listed {
    ($selected:literal, $order:literal) => {
        concat!(
            "
    SELECT ",
            $selected,
            r"
    WHERE listed.project_id = $1 AND is_archived = $2
        AND ($3 = '' OR searched LIKE $3 ESCAPE '\')
        AND ($4 = '' OR listed.value_type = $4)
        AND ($5 = '' OR channel = $5)
        AND ($6 = 0 OR (SELECT count(*) FROM flag_tags WHERE flag_tags.flag_id = listed.flag_id AND tag ",
            in_texts!("$7"),
            ") = $6)
        AND ($8 = FALSE OR EXISTS (
            SELECT 1 FROM listed_entries entry
            WHERE entry.flag_id = listed.flag_id AND entry.environment_id = $9 AND entry.enabled) = $10)
        AND ($11 = '' OR $11 LIKE '%,' || (CASE
            WHEN is_permanent THEN 'PERMANENT'
            WHEN is_archived OR listed.created_at > $12 THEN 'ACTIVE'
            WHEN (
                SELECT count(served_variant_id) = $13 AND count(DISTINCT served_variant_id) = 1
                FROM listed_entries entry
                WHERE entry.flag_id = listed.flag_id AND entry.updated_at <= $12 AND entry.environment_id ",
            in_ids!("$14"),
            ") THEN 'STALE'
            WHEN $15 AND NOT (listed.flag_id ",
            in_ids!("$16"),
            ") THEN 'STALE'
            WHEN listed.updated_at <= $12 AND NOT EXISTS (
                SELECT 1 FROM listed_entries entry
                WHERE entry.flag_id = listed.flag_id AND entry.updated_at > $12) THEN 'STALE'
            ELSE 'ACTIVE' END) || ',%')",
            $order
        )
    };
}

macro_rules! page {
    ($order:literal) => {
        listed!(
            "flags.id, flags.project_id, flags.key, flags.name, flags.format, flags.document, flags.archived_at,
        flags.created_at, flags.updated_at, flags.revision, listed.flag_id AS listed_id, listed.key AS listed_key,
        listed.created_at AS listed_created_at, listed.updated_at AS listed_updated_at
    FROM listed_flags listed JOIN flags ON flags.id = listed.flag_id",
            $order
        )
    };
}

const PAGE_BY_KEY: &str = page!(
    "
        AND listed.key > $18
    ORDER BY listed.key LIMIT $17"
);

const PAGE_BY_UPDATE: &str = page!(
    "
        AND (listed.updated_at, listed.flag_id) < ($18, $19)
    ORDER BY listed.updated_at DESC, listed.flag_id DESC LIMIT $17"
);

const PAGE_BY_AGE: &str = page!(
    "
        AND (listed.created_at, listed.flag_id) < ($18, $19)
    ORDER BY listed.created_at DESC, listed.flag_id DESC LIMIT $17"
);

const COUNT: &str = listed!("count(*) FROM listed_flags listed", "");

const TAGS: &str = "
    SELECT tag, count(CASE WHEN is_archived THEN NULL ELSE 1 END) AS flag_count
    FROM flag_tags JOIN listed_flags listed ON listed.flag_id = flag_tags.flag_id
    WHERE flag_tags.project_id = $1 GROUP BY tag ORDER BY tag";

const SAVE_FLAG: &str = "
    INSERT INTO listed_flags
        (flag_id, project_id, key, searched, value_type, channel, is_permanent, is_archived, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (flag_id) DO UPDATE
    SET searched = excluded.searched, value_type = excluded.value_type, channel = excluded.channel,
        is_permanent = excluded.is_permanent, is_archived = excluded.is_archived, updated_at = excluded.updated_at";

const TAGS_OF_FLAG: &str = "SELECT tag FROM flag_tags WHERE flag_id = $1";

const INSERT_TAG: &str = "INSERT INTO flag_tags (flag_id, tag, project_id) VALUES ($1, $2, $3)";

const DELETE_TAG: &str = "DELETE FROM flag_tags WHERE flag_id = $1 AND tag = $2";

const SAVE_ENTRY: &str = "
    INSERT INTO listed_entries (flag_id, environment_id, enabled, served_variant_id, updated_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (flag_id, environment_id) DO UPDATE
    SET enabled = excluded.enabled, served_variant_id = excluded.served_variant_id, updated_at = excluded.updated_at";

// What somebody saved meanwhile is there already.
const TAKE_FLAG: &str = "
    UPDATE listed_flags SET searched = '' WHERE flag_id = $1 AND searched IS NULL";

const TAKE_ENTRY: &str = "
    UPDATE listed_entries SET enabled = FALSE WHERE flag_id = $1 AND environment_id = $2 AND enabled IS NULL";

const FLAGS_TO_READ: &str = "
    SELECT flags.id, flags.project_id, flags.key, flags.name, flags.format, flags.document, flags.archived_at,
        flags.created_at, flags.updated_at, flags.revision
    FROM listed_flags listed JOIN flags ON flags.id = listed.flag_id
    WHERE searched IS NULL AND listed.flag_id > $1 ORDER BY listed.flag_id LIMIT $2";

const ENTRIES_TO_READ: &str = "
    SELECT served.flag_id, served.environment_id, served.format, served.document, served.updated_at, served.revision
    FROM listed_entries listed JOIN flag_environments served
        ON served.flag_id = listed.flag_id AND served.environment_id = listed.environment_id
    WHERE listed.enabled IS NULL AND (listed.flag_id, listed.environment_id) > ($1, $2)
    ORDER BY listed.flag_id, listed.environment_id LIMIT $3";

/// Every statement of this module.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    PAGE_BY_KEY,
    PAGE_BY_UPDATE,
    PAGE_BY_AGE,
    COUNT,
    TAGS,
    SAVE_FLAG,
    TAGS_OF_FLAG,
    INSERT_TAG,
    DELETE_TAG,
    SAVE_ENTRY,
    TAKE_FLAG,
    TAKE_ENTRY,
    FLAGS_TO_READ,
    ENTRIES_TO_READ,
];

/// Binds what [`listed!`] compares, `$1` to `$16`.
macro_rules! bind_filter {
    ($query:expr, $project_id:expr, $filter:expr, $pattern:expr, $tags:expr, $names:expr) => {
        $query
            .bind($project_id.0)
            .bind($filter.is_archived)
            .bind($pattern)
            .bind($filter.value_type.map_or("", |value_type| value_type.as_str()))
            .bind($filter.channel.map_or("", |channel| channel.as_str()))
            .bind(i64::try_from($filter.tags.len()).unwrap_or(i64::MAX))
            .bind(text_list($tags))
            .bind($filter.status.is_some())
            .bind($filter.status.map(|(environment_id, _)| environment_id.0))
            .bind($filter.status.is_some_and(|(_, enabled)| enabled))
            .bind($names)
            .bind($filter.staleness.stale_since.as_microsecond())
            .bind(i64::try_from($filter.staleness.production.len()).unwrap_or(i64::MAX))
            .bind(id_list($filter.staleness.production.iter().map(|id| id.0)))
            .bind($filter.staleness.is_any_evaluated)
            .bind(id_list($filter.staleness.evaluated.iter().map(|id| id.0)))
    };
}

pub(super) async fn page(
    conn: &mut Conn,
    project_id: ProjectId,
    filter: &FlagListFilter,
    order: FlagOrder,
    after: Option<&FlagPlace>,
    limit: i64,
) -> Result<FoundFlags> {
    let pattern = filter.search.as_deref().map(flags::containing).unwrap_or_default();
    // PostgreSQL refuses U+0000 in text. Any other control character is in no tag either.
    let tags: Vec<String> = filter.tags.iter().map(|tag| tag.replace('\0', "\u{1}")).collect();
    let names = if filter.staleness.names.is_empty() {
        String::new()
    } else {
        format!(",{},", filter.staleness.names.join(","))
    };
    let statement = match order {
        FlagOrder::Key => PAGE_BY_KEY,
        FlagOrder::Updated => PAGE_BY_UPDATE,
        FlagOrder::Created => PAGE_BY_AGE,
    };
    let query = sqlx::query::<Db>(statement);
    let query =
        bind_filter!(query, project_id, filter, &pattern, &tags, &names).bind(limit.saturating_add(1));
    let query = match (order, after) {
        (FlagOrder::Key, Some(FlagPlace::Key(key))) => query.bind(key.as_str()),
        (FlagOrder::Key, _) => query.bind(""),
        (_, Some(FlagPlace::Moment(at, id))) => query.bind(at.as_microsecond()).bind(id.0),
        (_, _) => query.bind(i64::MAX).bind(Uuid::max()),
    };
    let mut rows = query.fetch_all(&mut *conn).await.map_err(failed)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(|last| place(last, order)).transpose()?;
    let count = sqlx::query_scalar::<Db, i64>(COUNT);
    let count = bind_filter!(count, project_id, filter, &pattern, &tags, &names);
    let total_count = count.fetch_one(conn).await.map_err(failed)?;
    Ok(FoundFlags { flags: readable(rows.iter().map(flags::read)), next, total_count })
}

/// The place of a row in an order. It is that of the narrow row, which can be read when the flag cannot.
fn place(row: &Row, order: FlagOrder) -> Result<FlagPlace> {
    let columns = LISTED.columns(row);
    let moment = |column| Ok(FlagPlace::Moment(columns.moment(column)?, columns.id("listed_id", FlagId)?));
    match order {
        FlagOrder::Key => columns.get("listed_key").map(FlagPlace::Key),
        FlagOrder::Updated => moment("listed_updated_at"),
        FlagOrder::Created => moment("listed_created_at"),
    }
}

pub(super) async fn tags(conn: &mut Conn, project_id: ProjectId) -> Result<Vec<TagCount>> {
    let rows = sqlx::query_as::<Db, (String, i64)>(TAGS).bind(project_id.0);
    let rows = rows.fetch_all(conn).await.map_err(failed)?;
    Ok(rows.into_iter().map(|(tag, flag_count)| TagCount { tag, flag_count }).collect())
}

/// Makes the index rows those of the flag.
pub(super) async fn index_flag(conn: &mut Conn, flag: &Flag) -> Result<()> {
    // PostgreSQL refuses U+0000 in text; nobody can search for it either.
    let searched = [flag.key.as_str(), &flag.name, &flag.description].join("\n");
    let searched = searched.to_lowercase().replace('\0', "\u{1}");
    sqlx::query::<Db>(SAVE_FLAG)
        .bind(flag.id.0)
        .bind(flag.project_id.0)
        .bind(&flag.key)
        .bind(searched)
        .bind(flag.value_type.as_str())
        .bind(flag.distribution_channel.as_str())
        .bind(flag.staleness_status == StalenessStatus::Permanent)
        .bind(flag.archived_at.is_some())
        .bind(flag.created_at.as_microsecond())
        .bind(flag.updated_at.as_microsecond())
        .execute(&mut *conn)
        .await
        .map_err(failed)?;
    index_tags(conn, flag).await
}

/// Most changes leave tags alone, and then nothing is written.
async fn index_tags(conn: &mut Conn, flag: &Flag) -> Result<()> {
    let present = sqlx::query_scalar::<Db, String>(TAGS_OF_FLAG).bind(flag.id.0);
    let present: BTreeSet<String> =
        present.fetch_all(&mut *conn).await.map_err(failed)?.into_iter().collect();
    let wanted: BTreeSet<String> = flag.tags.iter().cloned().collect();
    for tag in present.difference(&wanted) {
        sqlx::query::<Db>(DELETE_TAG).bind(flag.id.0).bind(tag).execute(&mut *conn).await.map_err(failed)?;
    }
    for tag in wanted.difference(&present) {
        sqlx::query::<Db>(INSERT_TAG)
            .bind(flag.id.0)
            .bind(tag)
            .bind(flag.project_id.0)
            .execute(&mut *conn)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// Makes the index row that of what the flag serves there.
pub(super) async fn index_entry(conn: &mut Conn, entry: &FlagEnvironment) -> Result<()> {
    sqlx::query::<Db>(SAVE_ENTRY)
        .bind(entry.flag_id.0)
        .bind(entry.environment_id.0)
        .bind(entry.enabled)
        .bind(served_to_everybody(entry).map(|id| id.0))
        .bind(entry.updated_at.as_microsecond())
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Makes the index rows of what was there before there was a list. A document that cannot be read harms only itself.
pub(super) async fn catch_up(conn: &mut Conn) -> Result<()> {
    let mut last = Uuid::nil();
    loop {
        let mut tx = conn.begin().await.map_err(failed)?;
        let rows = sqlx::query::<Db>(FLAGS_TO_READ).bind(last).bind(BATCH);
        let rows: Vec<Row> = rows.fetch_all(&mut *tx).await.map_err(failed)?;
        let Some(row) = rows.last() else { break };
        last = row.try_get("id").map_err(failed)?;
        for flag in readable(rows.iter().map(flags::read)) {
            let taken = sqlx::query::<Db>(TAKE_FLAG).bind(flag.id.0).execute(&mut *tx).await;
            if taken.map_err(failed)?.rows_affected() > 0 {
                index_flag(&mut tx, &flag).await?;
            }
        }
        tx.commit().await.map_err(failed)?;
    }
    let mut last = (Uuid::nil(), Uuid::nil());
    loop {
        let mut tx = conn.begin().await.map_err(failed)?;
        let rows = sqlx::query::<Db>(ENTRIES_TO_READ).bind(last.0).bind(last.1).bind(BATCH);
        let rows: Vec<Row> = rows.fetch_all(&mut *tx).await.map_err(failed)?;
        let Some(row) = rows.last() else { break };
        last = (row.try_get("flag_id").map_err(failed)?, row.try_get("environment_id").map_err(failed)?);
        for entry in readable(rows.iter().map(flag_environments::read)) {
            let taken = sqlx::query::<Db>(TAKE_ENTRY).bind(entry.flag_id.0).bind(entry.environment_id.0);
            if taken.execute(&mut *tx).await.map_err(failed)?.rows_affected() > 0 {
                index_entry(&mut tx, &entry).await?;
            }
        }
        tx.commit().await.map_err(failed)?;
    }
    Ok(())
}

//! What SQLite says differently from PostgreSQL.

use super::Conn;
use crate::{Constraint, Error, Result, RunKey, StoredSubject};
use flaghoist_model::id::ProjectId;
use jiff::Timestamp;
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments};
use uuid::Uuid;

/// A value in a `TEXT` column of JSON.
pub(super) use sqlx::types::Json as Document;

/// That an identifier is in the list of a parameter.
macro_rules! in_ids {
    ($parameter:literal) => {
        concat!("IN (SELECT unhex(value) FROM json_each(", $parameter, "))")
    };
}

/// That a text is in the list of a parameter.
macro_rules! in_texts {
    ($parameter:literal) => {
        concat!("IN (SELECT value FROM json_each(", $parameter, "))")
    };
}

pub(super) use {in_ids, in_texts};

pub(super) const FLAG_ENVIRONMENTS_OF_FLAGS: &str = "
    SELECT flag_id, environment_id, project_id, format, document, updated_at, revision
    FROM flag_environments
    WHERE flag_id IN (SELECT unhex(value) FROM json_each($1))
    ORDER BY flag_id, environment_id";

pub(super) const USERS_OF_IDS: &str = "
    SELECT id, email, name, kind, password_hash, is_installation_admin, disabled_at, created_at
    FROM users WHERE id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY id";

pub(super) const OPEN_SUGGESTIONS_OF_FLAGS: &str = "
    SELECT id, flag_id, environment_id FROM suggestions
    WHERE flag_id IN (SELECT unhex(value) FROM json_each($1)) AND open_scope IS NOT NULL
    ORDER BY created_at, id";

pub(super) const LAST_TRANSITIONS_OF_SCHEDULES: &str = "
    SELECT made.project_id, made.revision, schedule_id, sequence, made.flag_id, made.environment_id, deed, cause, run,
        status, pause_reason, step_position, exposure_ratio, due_at, made.at, history.id AS history_id, user_id
    FROM rollout_transitions made
        LEFT JOIN history ON history.project_id = made.project_id AND history.revision = made.revision
    WHERE schedule_id IN (SELECT unhex(value) FROM json_each($1))
        AND (made.revision, sequence) = (
            SELECT revision, sequence FROM rollout_transitions last WHERE last.schedule_id = made.schedule_id
            ORDER BY revision DESC, sequence DESC LIMIT 1)";

pub(super) const TAKE_DUE_DELIVERIES: &str = "
    SELECT id, project_id, webhook_id, event, history_id, state, attempts, next_attempt_at, last_status, last_error,
        created_at, finished_at
    FROM webhook_deliveries WHERE state = 'pending' AND next_attempt_at <= $1
        AND webhook_id NOT IN (SELECT unhex(value) FROM json_each($3))
    ORDER BY next_attempt_at, id LIMIT $2";

pub(super) const KNOWN_SUBJECTS: &str = "
    SELECT subject, state, due_at FROM evidence_subjects
    WHERE schedule_id = $1 AND subject IN (SELECT value FROM json_each($2))";

// A condition, because ON would otherwise be read as that of a join.
pub(super) const SAVE_SUBJECTS: &str = "
    INSERT INTO evidence_subjects (schedule_id, subject, state, due_at)
    SELECT $1, value ->> 0, unhex(value ->> 1), value ->> 2 FROM json_each($2) WHERE true
    ON CONFLICT (schedule_id, subject) DO UPDATE SET state = excluded.state, due_at = excluded.due_at";

// The keys that are returned are new.
pub(super) const TAKE_KEYS: &str = "
    INSERT INTO taken_keys (environment_id, key, taken_at)
    SELECT $1, unhex(value), $3 FROM json_each($2) WHERE true
    ON CONFLICT (environment_id, key) DO NOTHING
    RETURNING key";

const VERSION_OF_RUN: &str = "SELECT version FROM evidence_runs WHERE schedule_id = $1 AND run = $2";

/// The version of a run, which the transaction holds: SQLite has one writer.
pub(super) async fn hold_run(conn: &mut Conn, run: RunKey) -> Result<i64> {
    let version = sqlx::query_scalar(VERSION_OF_RUN).bind(run.schedule_id.0).bind(run.run);
    version.fetch_one(conn).await.map_err(failed)
}

/// Numbers as one parameter: a JSON list.
pub(super) fn number_list(numbers: &[i64]) -> Document<Vec<i64>> {
    Document(numbers.to_vec())
}

/// Keys as one parameter: a JSON list of hexadecimal text.
pub(super) fn key_list<'k>(keys: impl IntoIterator<Item = &'k [u8]>) -> Document<Vec<String>> {
    Document(keys.into_iter().map(hexadecimal).collect())
}

/// Binds the subjects that [`SAVE_SUBJECTS`] writes: a JSON list of number, state in hexadecimal, and moment.
pub(super) fn subject_list<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    subjects: &[StoredSubject],
) -> Query<'q, Sqlite, SqliteArguments> {
    let row = |stored: &StoredSubject| {
        let due_at = stored.due_at.map(Timestamp::as_microsecond);
        (stored.subject, hexadecimal(&stored.state), due_at)
    };
    query.bind(Document(subjects.iter().map(row).collect::<Vec<_>>()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Every statement that only SQLite has.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[];

/// Identifiers as one parameter: a JSON list of hexadecimal text.
pub(super) fn id_list(ids: impl Iterator<Item = Uuid>) -> Document<Vec<String>> {
    Document(ids.map(|id| id.simple().to_string()).collect())
}

/// Texts as one parameter: a JSON list.
pub(super) fn text_list(texts: &[String]) -> Document<Vec<String>> {
    Document(texts.to_vec())
}

/// Tells other servers about a revision: there are none.
pub(super) async fn announce(_conn: &mut Conn, _project_id: ProjectId, _revision: i64) -> Result<()> {
    Ok(())
}

/// Runs a call. SQLite keeps its own time-outs and no network can lose an answer.
pub(super) async fn within<T>(call: impl Future<Output = Result<T>> + Send) -> Result<T> {
    call.await
}

/// What a failed statement means.
pub(super) fn failed(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(refusal) => match refused(refusal.as_ref()) {
            Some(known) => known,
            None if is_passing(refusal.as_ref()) => Error::Unavailable(error),
            None => Error::Statement(error),
        },
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => Error::Unavailable(error),
        _ => Error::Statement(error),
    }
}

fn refused(refusal: &dyn DatabaseError) -> Option<Error> {
    match refusal.kind() {
        ErrorKind::UniqueViolation => constraint(refusal.message()).map(Error::Duplicate),
        ErrorKind::ForeignKeyViolation => Some(Error::NotFound { table: "referenced" }),
        _ => None,
    }
}

/// SQLite names the columns of a violated constraint, never the constraint.
fn constraint(message: &str) -> Option<Constraint> {
    let (_, columns) = message.split_once("UNIQUE constraint failed: ")?;
    match columns {
        "projects.key" => Some(Constraint::ProjectKey),
        "environments.project_id, environments.key" => Some(Constraint::EnvironmentKey),
        "environments.project_id, environments.name" => Some(Constraint::EnvironmentName),
        "environment_queries.project_id, environment_queries.query" => Some(Constraint::EnvironmentQuery),
        "flags.project_id, flags.key" => Some(Constraint::FlagKey),
        "flags.project_id, flags.name" => Some(Constraint::FlagName),
        "allocations.project_id, allocations.key" => Some(Constraint::AllocationKey),
        "saved_filters.project_id, saved_filters.name" => Some(Constraint::SavedFilterName),
        "saved_filters.project_id, saved_filters.key" => Some(Constraint::SavedFilterKey),
        "context_attributes.project_id, context_attributes.key" => Some(Constraint::ContextAttributeKey),
        "metrics.project_id, metrics.id" => Some(Constraint::MetricId),
        "roles.project_id, roles.name" => Some(Constraint::RoleName),
        "teams.project_id, teams.handle" => Some(Constraint::TeamHandle),
        "suggestions.open_scope" => Some(Constraint::OpenSuggestion),
        "users.email" => Some(Constraint::UserEmail),
        "credentials.secret_hash" | "sessions.secret_hash" => Some(Constraint::CredentialSecret),
        // Primary keys, and the pairs that foreign keys refer to.
        _ => matches!(columns.rsplit('.').next(), Some("id")).then_some(Constraint::Id),
    }
}

/// Whether the same statement may succeed later: the primary result code, in the low byte, says whether the
/// fault is in the world rather than in the statement.
fn is_passing(refusal: &dyn DatabaseError) -> bool {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const NO_MEMORY: i32 = 7;
    const READ_ONLY: i32 = 8;
    const INPUT_OUTPUT: i32 = 10;
    const FULL: i32 = 13;
    const CANNOT_OPEN: i32 = 14;
    const PROTOCOL: i32 = 15;
    let code = refusal.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
    matches!(code, Some(BUSY | LOCKED | NO_MEMORY | READ_ONLY | INPUT_OUTPUT | FULL | CANNOT_OPEN | PROTOCOL))
}

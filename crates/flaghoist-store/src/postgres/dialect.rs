//! What PostgreSQL says differently from SQLite.

use super::Conn;
use super::listener::CHANNEL;
use crate::{Constraint, Error, Result, RunKey, StoredSubject};
use flaghoist_model::id::ProjectId;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::encode::IsNull;
use sqlx::error::{BoxDynError, DatabaseError, ErrorKind};
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo, PgValueRef, Postgres};
use sqlx::query::Query;
use sqlx::{Decode, Encode, Type};
use std::time::Duration;
use uuid::Uuid;

/// How long we wait for an answer, which is longer than the server lets a statement run: it ends the wait for a
/// server that has silently gone.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// The built-in type `json`.
const JSON: Oid = Oid(114);

/// A value in a `json` column. sqlx's own `Json` speaks `jsonb`, which changes what it is given.
pub(super) struct Document<T>(pub(super) T);

impl<T> Type<Postgres> for Document<T> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(JSON)
    }

    fn compatible(info: &PgTypeInfo) -> bool {
        info.oid() == Some(JSON)
    }
}

impl<T: Serialize> Encode<'_, Postgres> for Document<T> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> std::result::Result<IsNull, BoxDynError> {
        serde_json::to_writer(&mut **buffer, &self.0)?;
        Ok(IsNull::No)
    }
}

impl<T: DeserializeOwned> Decode<'_, Postgres> for Document<T> {
    fn decode(value: PgValueRef<'_>) -> std::result::Result<Self, BoxDynError> {
        Ok(Self(serde_json::from_slice(value.as_bytes()?)?))
    }
}

/// That an identifier is in the list of a parameter.
macro_rules! in_ids {
    ($parameter:literal) => {
        concat!("= ANY(", $parameter, ")")
    };
}

/// That a text is in the list of a parameter.
macro_rules! in_texts {
    ($parameter:literal) => {
        concat!("= ANY(", $parameter, ")")
    };
}

pub(super) use {in_ids, in_texts};

pub(super) const FLAG_ENVIRONMENTS_OF_FLAGS: &str = "
    SELECT flag_id, environment_id, project_id, format, document, updated_at, revision
    FROM flag_environments
    WHERE flag_id = ANY($1)
    ORDER BY flag_id, environment_id";

const NOTIFY: &str = "SELECT pg_notify($1, $2)";

pub(super) const USERS_OF_IDS: &str = "
    SELECT id, email, name, kind, password_hash, is_installation_admin, disabled_at, created_at
    FROM users WHERE id = ANY($1) ORDER BY id";

pub(super) const OPEN_SUGGESTIONS_OF_FLAGS: &str = "
    SELECT id, flag_id, environment_id FROM suggestions
    WHERE flag_id = ANY($1) AND open_scope IS NOT NULL
    ORDER BY created_at, id";

pub(super) const LAST_TRANSITIONS_OF_SCHEDULES: &str = "
    SELECT made.project_id, made.revision, schedule_id, sequence, made.flag_id, made.environment_id, deed, cause, run,
        status, pause_reason, step_position, exposure_ratio, due_at, made.at, history.id AS history_id, user_id
    FROM rollout_transitions made
        LEFT JOIN history ON history.project_id = made.project_id AND history.revision = made.revision
    WHERE schedule_id = ANY($1)
        AND (made.revision, sequence) = (
            SELECT revision, sequence FROM rollout_transitions last WHERE last.schedule_id = made.schedule_id
            ORDER BY revision DESC, sequence DESC LIMIT 1)";

pub(super) const TAKE_DUE_DELIVERIES: &str = "
    SELECT id, project_id, webhook_id, event, history_id, state, attempts, next_attempt_at, last_status, last_error,
        created_at, finished_at
    FROM webhook_deliveries WHERE state = 'pending' AND next_attempt_at <= $1 AND webhook_id <> ALL($3)
    ORDER BY next_attempt_at, id LIMIT $2
    FOR UPDATE SKIP LOCKED";

pub(super) const KNOWN_SUBJECTS: &str = "
    SELECT subject, state, due_at FROM evidence_subjects WHERE schedule_id = $1 AND subject = ANY($2)";

pub(super) const SAVE_SUBJECTS: &str = "
    INSERT INTO evidence_subjects (schedule_id, subject, state, due_at)
    SELECT $1, subject, state, due_at
    FROM unnest($2::bigint[], $3::bytea[], $4::bigint[]) AS saved (subject, state, due_at)
    ON CONFLICT (schedule_id, subject) DO UPDATE SET state = excluded.state, due_at = excluded.due_at";

// The keys that are returned are new. In order, so that two who take the same keys never wait for each other in a circle.
pub(super) const TAKE_KEYS: &str = "
    INSERT INTO taken_keys (environment_id, key, taken_at)
    SELECT $1, key, $3 FROM unnest($2::bytea[]) AS wanted (key) ORDER BY key
    ON CONFLICT (environment_id, key) DO NOTHING
    RETURNING key";

const HOLD_RUN: &str = "SELECT version FROM evidence_runs WHERE schedule_id = $1 AND run = $2 FOR UPDATE";

/// Takes a run until the transaction ends, and gives its version.
pub(super) async fn hold_run(conn: &mut Conn, run: RunKey) -> Result<i64> {
    let version = sqlx::query_scalar(HOLD_RUN).bind(run.schedule_id.0).bind(run.run);
    version.fetch_one(conn).await.map_err(failed)
}

/// Numbers as one parameter.
pub(super) fn number_list(numbers: &[i64]) -> Vec<i64> {
    numbers.to_vec()
}

/// Keys as one parameter.
pub(super) fn key_list<'k>(keys: impl IntoIterator<Item = &'k [u8]>) -> Vec<&'k [u8]> {
    keys.into_iter().collect()
}

/// Binds the subjects that [`SAVE_SUBJECTS`] writes, by column.
pub(super) fn subject_list<'q>(
    query: Query<'q, Postgres, PgArguments>,
    subjects: &[StoredSubject],
) -> Query<'q, Postgres, PgArguments> {
    let due_at = |stored: &StoredSubject| stored.due_at.map(Timestamp::as_microsecond);
    query
        .bind(subjects.iter().map(|stored| stored.subject).collect::<Vec<i64>>())
        .bind(subjects.iter().map(|stored| stored.state.clone()).collect::<Vec<Vec<u8>>>())
        .bind(subjects.iter().map(due_at).collect::<Vec<Option<i64>>>())
}

/// Every statement that only PostgreSQL has.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[NOTIFY];

/// Identifiers as one parameter.
pub(super) fn id_list(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    ids.collect()
}

/// Texts as one parameter.
pub(super) fn text_list(texts: &[String]) -> Vec<String> {
    texts.to_vec()
}

/// Tells every server about a revision, as soon as it is committed.
pub(super) async fn announce(conn: &mut Conn, project_id: ProjectId, revision: i64) -> Result<()> {
    sqlx::query(NOTIFY)
        .bind(CHANNEL)
        .bind(format!("{project_id} {revision}"))
        .execute(conn)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Runs a call, but no longer than [`ANSWER_TIMEOUT`].
pub(super) async fn within<T>(call: impl Future<Output = Result<T>> + Send) -> Result<T> {
    match tokio::time::timeout(ANSWER_TIMEOUT, call).await {
        Ok(answer) => answer,
        Err(_) => Err(Error::Unavailable(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))),
    }
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
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => Error::Unavailable(error),
        _ => Error::Statement(error),
    }
}

fn refused(refusal: &dyn DatabaseError) -> Option<Error> {
    match refusal.kind() {
        ErrorKind::UniqueViolation => refusal.constraint().and_then(constraint).map(Error::Duplicate),
        ErrorKind::ForeignKeyViolation => Some(Error::NotFound { table: "referenced" }),
        _ => None,
    }
}

fn constraint(name: &str) -> Option<Constraint> {
    match name {
        "project_key" => Some(Constraint::ProjectKey),
        "environment_key" => Some(Constraint::EnvironmentKey),
        "environment_name" => Some(Constraint::EnvironmentName),
        "environment_query" => Some(Constraint::EnvironmentQuery),
        "flag_key" => Some(Constraint::FlagKey),
        "flag_name" => Some(Constraint::FlagName),
        "allocation_key" => Some(Constraint::AllocationKey),
        "saved_filter_name" => Some(Constraint::SavedFilterName),
        "saved_filter_key" => Some(Constraint::SavedFilterKey),
        "context_attribute_key" => Some(Constraint::ContextAttributeKey),
        "metric_id" => Some(Constraint::MetricId),
        "role_name" => Some(Constraint::RoleName),
        "team_handle" => Some(Constraint::TeamHandle),
        "suggestion_open" => Some(Constraint::OpenSuggestion),
        "user_email" => Some(Constraint::UserEmail),
        "credential_secret" | "session_secret" => Some(Constraint::CredentialSecret),
        // The pairs that foreign keys refer to.
        "environment_of_project" | "flag_of_project" => Some(Constraint::Id),
        name if name.ends_with("_pkey") => Some(Constraint::Id),
        _ => None,
    }
}

/// Whether the same statement may succeed later. The class, the first two characters of the code, says whether the
/// fault is in the world rather than in the statement.
fn is_passing(refusal: &dyn DatabaseError) -> bool {
    let Some(code) = refusal.code() else { return false };
    match code.as_ref() {
        // A standby that does not take writes; a transaction that was cut off for idling; a lock not got.
        "25006" | "25P03" | "55P03" => true,
        // Connection, access, no such database, rolled back, out of resources, operator, system.
        _ => matches!(code.get(..2), Some("08" | "28" | "3D" | "40" | "53" | "57" | "58")),
    }
}

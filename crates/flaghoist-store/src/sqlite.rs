//! The embedded store: one SQLite file in the data directory, one server.

mod dialect;
mod events;
#[cfg(test)]
mod plans;

#[path = "shared/bookkeeping.rs"]
mod bookkeeping;
#[path = "shared/changes.rs"]
mod changes;
#[path = "shared/columns.rs"]
mod columns;
#[path = "shared/context_attributes.rs"]
mod context_attributes;
#[path = "shared/credentials.rs"]
mod credentials;
#[path = "shared/deliveries.rs"]
mod deliveries;
#[path = "shared/environments.rs"]
mod environments;
#[path = "shared/evaluations.rs"]
mod evaluations;
#[path = "shared/evidence.rs"]
mod evidence;
#[path = "shared/flag_environments.rs"]
mod flag_environments;
#[path = "shared/flags.rs"]
mod flags;
#[path = "shared/guarded_runs.rs"]
mod guarded_runs;
#[path = "shared/history.rs"]
mod history;
#[path = "shared/listings.rs"]
mod listings;
#[path = "shared/memberships.rs"]
mod memberships;
#[path = "shared/metrics.rs"]
mod metrics;
#[path = "shared/projects.rs"]
mod projects;
#[path = "shared/restriction_policies.rs"]
mod restriction_policies;
#[path = "shared/roles.rs"]
mod roles;
#[path = "shared/rollouts.rs"]
mod rollouts;
#[path = "shared/saved_filters.rs"]
mod saved_filters;
#[path = "shared/sessions.rs"]
mod sessions;
#[cfg(test)]
#[path = "shared/statements.rs"]
mod statements;
#[path = "shared/suggestions.rs"]
mod suggestions;
#[path = "shared/teams.rs"]
mod teams;
#[path = "shared/transaction.rs"]
mod transaction;
#[path = "shared/users.rs"]
mod users;
#[path = "shared/webhooks.rs"]
mod webhooks;

pub use events::SqliteEvents;

use crate::{Bookkeeper, Error, Reader, Result, Store, Writer, migrations};
use async_trait::async_trait;
use bookkeeping::Bookkeeping;
use dialect::{Document, failed};
use flaghoist_model::id::ProjectId;
use flaghoist_model::project::Project;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;
use transaction::{Reading, Writing};

type Db = sqlx::Sqlite;
type Conn = sqlx::SqliteConnection;
type Row = sqlx::sqlite::SqliteRow;

/// Readers take turns on a few connections: a read lasts microseconds.
const READ_CONNECTIONS: u32 = 4;
/// How long a writer waits for the writers before it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a reader waits for a connection.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// How long SQLite waits for a lock that another process holds, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// What the write-ahead log is cut down to after a checkpoint.
const JOURNAL_MAX_BYTES: &str = "67108864";

/// A store in a directory of this machine, for one server at a time.
pub struct SqliteStore {
    /// One connection: SQLite has one writer, and waiting in our own queue is fair.
    writes: sqlx::SqlitePool,
    reads: sqlx::SqlitePool,
    /// Held as long as the store is.
    _lock: File,
}

impl SqliteStore {
    /// Opens the store in `data_dir`, makes it if it is not there, and brings its schema up to date.
    ///
    /// [`Error::Unavailable`] when another server has it open.
    pub async fn open(data_dir: &Path) -> Result<Self> {
        create_private_dir(data_dir).map_err(|error| unavailable(data_dir, &error))?;
        let lock = lock(&data_dir.join("control.lock"))?;
        let options = SqliteConnectOptions::new()
            .filename(data_dir.join("control.db"))
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let write_options = options
            .clone()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("journal_size_limit", JOURNAL_MAX_BYTES)
            .optimize_on_close(true, None);
        let writes = pool(1, WRITE_TIMEOUT).connect_with(write_options).await.map_err(failed)?;
        migrations::migrator(migrations::SQLITE)
            .run(&writes)
            .await
            .map_err(|error| migrations::failed(error, failed))?;
        listings::catch_up(&mut *writes.acquire().await.map_err(failed)?).await?;
        let read_options = options.pragma("query_only", "on");
        let reads = pool(READ_CONNECTIONS, READ_TIMEOUT).connect_with(read_options).await.map_err(failed)?;
        Ok(Self { writes, reads, _lock: lock })
    }

    /// Waits for open transactions, then closes the files. Calls that come later are refused.
    pub async fn close(&self) {
        self.reads.close().await;
        self.writes.close().await;
    }
}

/// Connections to a file never go stale: they are neither tested nor renewed.
fn pool(connections: u32, timeout: Duration) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(timeout)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// The directory holds digests of secrets, so nobody else is let in.
fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).map_err(|error| unavailable(path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            let error =
                io::Error::new(io::ErrorKind::WouldBlock, "another server has this data directory open");
            Err(unavailable(path, &error))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(unavailable(path, &error)),
    }
}

fn unavailable(path: &Path, error: &io::Error) -> Error {
    Error::Unavailable(sqlx::Error::Io(io::Error::new(error.kind(), format!("{}: {error}", path.display()))))
}

#[async_trait]
impl Store for SqliteStore {
    async fn read(&self) -> Result<Box<dyn Reader>> {
        let tx = self.reads.begin().await.map_err(failed)?;
        Ok(Box::new(Reading::new(tx)))
    }

    async fn begin(&self, project_id: ProjectId) -> Result<Box<dyn Writer>> {
        let tx = self.writes.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        Ok(Box::new(Writing::begin(tx, project_id).await?))
    }

    async fn begin_project(&self, project: &Project) -> Result<Box<dyn Writer>> {
        let tx = self.writes.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        Ok(Box::new(Writing::begin_project(tx, project).await?))
    }

    async fn bookkeep(&self) -> Result<Box<dyn Bookkeeper>> {
        let tx = self.writes.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        Ok(Box::new(Bookkeeping::new(tx)))
    }

    async fn changed(&self, timeout: Duration) {
        // One process has the file, and it knows what it changed.
        tokio::time::sleep(timeout).await;
    }

    async fn engine(&self) -> Result<String> {
        let version: String =
            sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&self.reads).await.map_err(failed)?;
        Ok(format!("SQLite {version}"))
    }
}

//! The shared store: PostgreSQL, for one server or several.

mod dialect;
mod events;
mod inspect;
mod listener;
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

pub use events::PostgresEvents;
pub use inspect::SchemaState;

use crate::{Bookkeeper, Reader, Result, Store, Writer, migrations};
use async_trait::async_trait;
use bookkeeping::Bookkeeping;
use dialect::{Document, failed, within};
use flaghoist_model::id::ProjectId;
use flaghoist_model::project::Project;
use listener::Listener;
use sqlx::ConnectOptions as _;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::time::Duration;
use tokio::sync::OnceCell;
use transaction::{Reading, Writing};

type Db = sqlx::Postgres;
type Conn = sqlx::PgConnection;
type Row = sqlx::postgres::PgRow;

/// Writers that wait for one project's row each hold a connection; these are theirs, so that they never keep
/// readers waiting.
const WRITE_CONNECTIONS: u32 = 4;
const READ_CONNECTIONS: u32 = 6;
/// How long a call waits for a connection, and connecting takes at most.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// Limits that the server enforces. A transaction is a handful of statements; one that idles was forgotten, and
/// its lock with it.
const LIMITS: [(&str, &str); 2] =
    [("statement_timeout", "10s"), ("idle_in_transaction_session_timeout", "30s")];

/// A store on a PostgreSQL server.
pub struct PostgresStore {
    options: PgConnectOptions,
    /// Done once the schema is up to date.
    migrated: OnceCell<()>,
    writes: sqlx::PgPool,
    reads: sqlx::PgPool,
    listener: Listener,
}

impl PostgresStore {
    /// Connects to the database at `url` and brings its schema up to date. Several servers may do so at once.
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) within a few seconds when the database does not answer.
    pub async fn connect(url: &str) -> Result<Self> {
        let store = Self::connect_later(url)?;
        store.migrate().await?;
        Ok(store)
    }

    /// The same without waiting: what [`PostgresStore::connect`] does is done by the first call that needs it, and tried
    /// again by the next when it fails.
    pub fn connect_later(url: &str) -> Result<Self> {
        let options: PgConnectOptions = url.parse().map_err(failed)?;
        let options = options.application_name("flaghoist");
        let limited = options.clone().options(LIMITS);
        let writes = pool(WRITE_CONNECTIONS).connect_lazy_with(limited.clone());
        let reads = pool(READ_CONNECTIONS).connect_lazy_with(limited);
        let listener = Listener::start(options.clone());
        Ok(Self { options, migrated: OnceCell::new(), writes, reads, listener })
    }

    async fn migrate(&self) -> Result<()> {
        let migrate = || async {
            migrate(&self.options, &migrations::migrator(migrations::POSTGRES)).await?;
            let mut conn = self.writes.acquire().await.map_err(failed)?;
            listings::catch_up(&mut conn).await
        };
        self.migrated.get_or_try_init(migrate).await.copied()
    }

    /// Waits for open transactions, then closes all connections. Calls that come later are refused.
    pub async fn close(&self) {
        self.listener.stop();
        self.reads.close().await;
        self.writes.close().await;
    }
}

fn pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT)
}

/// Migrates on a connection of its own, which has no time limit for statements. An advisory lock lets one server
/// migrate while others wait.
async fn migrate(options: &PgConnectOptions, migrator: &Migrator) -> Result<()> {
    let connecting = tokio::time::timeout(ACQUIRE_TIMEOUT, options.connect());
    let mut conn = connecting.await.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(failed)?;
    migrator.run_direct(None, &mut conn, false).await.map_err(|error| migrations::failed(error, failed))?;
    sqlx::Connection::close(conn).await.map_err(failed)
}

#[async_trait]
impl Store for PostgresStore {
    async fn read(&self) -> Result<Box<dyn Reader>> {
        self.migrate().await?;
        let begin = self.reads.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
        let tx = within(async { begin.await.map_err(failed) }).await?;
        Ok(Box::new(Reading::new(tx)))
    }

    async fn begin(&self, project_id: ProjectId) -> Result<Box<dyn Writer>> {
        self.migrate().await?;
        let tx = within(async { self.writes.begin().await.map_err(failed) }).await?;
        Ok(Box::new(Writing::begin(tx, project_id).await?))
    }

    async fn begin_project(&self, project: &Project) -> Result<Box<dyn Writer>> {
        self.migrate().await?;
        let tx = within(async { self.writes.begin().await.map_err(failed) }).await?;
        Ok(Box::new(Writing::begin_project(tx, project).await?))
    }

    async fn bookkeep(&self) -> Result<Box<dyn Bookkeeper>> {
        self.migrate().await?;
        let tx = within(async { self.writes.begin().await.map_err(failed) }).await?;
        Ok(Box::new(Bookkeeping::new(tx)))
    }

    async fn changed(&self, timeout: Duration) {
        self.listener.changed(timeout).await;
    }

    async fn engine(&self) -> Result<String> {
        let version = sqlx::query_scalar("SHOW server_version").fetch_one(&self.reads);
        let version: String = within(async { version.await.map_err(failed) }).await?;
        Ok(format!("PostgreSQL {version}"))
    }
}

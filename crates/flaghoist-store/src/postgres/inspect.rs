//! Looking at a database without changing it.

use super::dialect::failed;
use super::{ACQUIRE_TIMEOUT, PostgresStore};
use crate::{Result, migrations};
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

/// How the schema of a database stands to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// There is none: no server has used the database yet.
    Empty,
    /// The next server to start brings it up to date.
    Older {
        /// Number of its last migration.
        version: i64,
    },
    /// It is the one of this program.
    Current,
    /// A newer program has migrated it.
    Newer {
        /// Number of its last migration.
        version: i64,
    },
}

impl PostgresStore {
    /// How the schema of the database at `url` stands to this program. Changes nothing.
    pub async fn inspect(url: &str) -> Result<SchemaState> {
        let options: PgConnectOptions = url.parse().map_err(failed)?;
        let connecting = tokio::time::timeout(ACQUIRE_TIMEOUT, options.connect());
        let mut conn = connecting.await.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(failed)?;
        let table: Option<String> = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations')::text")
            .fetch_one(&mut conn)
            .await
            .map_err(failed)?;
        let version: Option<i64> = match table {
            None => None,
            Some(_) => sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
                .fetch_one(&mut conn)
                .await
                .map_err(failed)?,
        };
        sqlx::Connection::close(conn).await.map_err(failed)?;
        let ours = migrations::POSTGRES.iter().map(|(number, ..)| *number).max().unwrap_or_default();
        Ok(match version {
            None => SchemaState::Empty,
            Some(version) if version < ours => SchemaState::Older { version },
            Some(version) if version > ours => SchemaState::Newer { version },
            Some(_) => SchemaState::Current,
        })
    }
}

//! Reads columns into types that may refuse what is there.

use super::{Conn, Db, Document, Row, failed};
use crate::document::FORMAT;
use crate::{Error, Result};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::{Decode, Row as _, Type};
use std::fmt::Display;
use uuid::Uuid;

/// A table, as errors name it.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Columns that tell its rows apart.
    pub(super) key: &'static [&'static str],
}

impl Table {
    pub(super) fn columns<'r>(&self, row: &'r Row) -> Columns<'r> {
        Columns { row, table: self.name, key: self.key }
    }

    /// Why an update of a row at revision `expected` found none, given the revision the row is at, if it is
    /// there.
    pub(super) fn missed(&self, actual: Option<i64>, expected: i64) -> Error {
        match actual {
            Some(_) => Error::Conflict { table: self.name, expected },
            None => Error::NotFound { table: self.name },
        }
    }

    /// Fails when an update affected no row: the one of this id in this project is not at revision `expected`, or not
    /// there. `revision_statement` gives the revision it is at.
    pub(super) async fn require_updated(
        &self,
        conn: &mut Conn,
        rows_affected: u64,
        revision_statement: &'static str,
        (id, project_id): (Uuid, Uuid),
        expected: i64,
    ) -> Result<()> {
        if rows_affected > 0 {
            return Ok(());
        }
        let revision = sqlx::query_scalar::<Db, i64>(revision_statement)
            .bind(id)
            .bind(project_id)
            .fetch_optional(conn)
            .await
            .map_err(failed)?;
        Err(self.missed(revision, expected))
    }

    /// Fails when a statement that names one row affected none.
    pub(super) fn require(&self, rows_affected: u64) -> Result<()> {
        if rows_affected == 0 { Err(Error::NotFound { table: self.name }) } else { Ok(()) }
    }
}

/// A row, and what an error must say about it.
pub(super) struct Columns<'r> {
    row: &'r Row,
    table: &'static str,
    key: &'static [&'static str],
}

impl Columns<'_> {
    /// The column as it is.
    pub(super) fn get<T>(&self, column: &'static str) -> Result<T>
    where
        T: for<'d> Decode<'d, Db> + Type<Db>,
    {
        self.row.try_get(column).map_err(|error| self.corrupt(column, &error))
    }

    /// The column as an identifier of some kind.
    pub(super) fn id<T>(&self, column: &'static str, kind: fn(Uuid) -> T) -> Result<T> {
        self.get(column).map(kind)
    }

    /// The column as an identifier of some kind, if there is one.
    pub(super) fn optional_id<T>(&self, column: &'static str, kind: fn(Uuid) -> T) -> Result<Option<T>> {
        Ok(self.get::<Option<Uuid>>(column)?.map(kind))
    }

    /// The column as a moment.
    pub(super) fn moment(&self, column: &'static str) -> Result<Timestamp> {
        Timestamp::from_microsecond(self.get(column)?).map_err(|error| self.corrupt(column, &error))
    }

    /// The column as a moment, if there is one.
    pub(super) fn optional_moment(&self, column: &'static str) -> Result<Option<Timestamp>> {
        let microseconds: Option<i64> = self.get(column)?;
        microseconds
            .map(Timestamp::from_microsecond)
            .transpose()
            .map_err(|error| self.corrupt(column, &error))
    }

    /// The document of the row.
    pub(super) fn document<T: DeserializeOwned + 'static>(&self) -> Result<T> {
        let format: i64 = self.get("format")?;
        if format != FORMAT {
            let reason = format!("is {format}, and this version of Flaghoist reads {FORMAT}");
            return Err(self.corrupt("format", &reason));
        }
        let Document(document) = self.get("document")?;
        Ok(document)
    }

    /// The error that says why a column cannot be what it holds.
    pub(super) fn corrupt(&self, column: &'static str, reason: &dyn Display) -> Error {
        let key = |column: &&str| {
            // Texts first: SQLite takes one of sixteen bytes for a UUID.
            let text = self.row.try_get::<String, _>(*column);
            let id = text.or_else(|_| self.row.try_get::<Uuid, _>(*column).map(|id| id.to_string()));
            id.unwrap_or_else(|_| "?".to_owned())
        };
        let row = self.key.iter().map(key).collect::<Vec<_>>().join("/");
        Error::Corrupt { table: self.table, column, row, reason: reason.to_string() }
    }
}

/// What could be read; what could not is said loudly.
pub(super) fn readable<T>(rows: impl Iterator<Item = Result<T>>) -> Vec<T> {
    rows.filter_map(|row| {
        row.inspect_err(|error| tracing::error!(cause = %error, "a row cannot be read")).ok()
    })
    .collect()
}

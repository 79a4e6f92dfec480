//! The schema, step by step. Both engines have the same steps under the same numbers.
//!
//! A step that has been released is never changed: stores that have it would refuse to open.

use crate::Error;
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

/// One step: its number, its name, and what it says on one engine.
pub(crate) type Step = (i64, &'static str, &'static str);

/// A step from its file below `migrations/`, which is named by both.
macro_rules! step {
    ($engine:literal, $number:literal, $name:literal) => {
        (
            $number,
            $name,
            include_str!(concat!("../migrations/", $engine, "/000", $number, "_", $name, ".sql")),
        )
    };
}

pub(crate) const SQLITE: &[Step] = &[
    step!("sqlite", 1, "create_control_tables"),
    step!("sqlite", 2, "add_access_approvals_history"),
    step!("sqlite", 3, "add_rollouts"),
    step!("sqlite", 4, "add_flagmint"),
    step!("sqlite", 5, "add_metrics"),
    step!("sqlite", 6, "add_guarded_runs"),
    step!("sqlite", 7, "add_flag_list"),
];

pub(crate) const POSTGRES: &[Step] = &[
    step!("postgres", 1, "create_control_tables"),
    step!("postgres", 2, "add_access_approvals_history"),
    step!("postgres", 3, "add_rollouts"),
    step!("postgres", 4, "add_flagmint"),
    step!("postgres", 5, "add_metrics"),
    step!("postgres", 6, "add_guarded_runs"),
    step!("postgres", 7, "add_flag_list"),
];

/// The schema of counts, which has steps of its own.
pub(crate) const SQLITE_EVENTS: &[Step] =
    &[step!("sqlite_events", 1, "create_evaluation_counts"), step!("sqlite_events", 2, "create_evidence")];

pub(crate) const POSTGRES_EVENTS: &[Step] = &[
    step!("postgres_events", 1, "create_evaluation_counts"),
    step!("postgres_events", 2, "create_evidence"),
];

/// What brings counts up to date. On PostgreSQL they share a database, so its steps are written down elsewhere.
pub(crate) fn event_migrator(steps: &[Step]) -> Migrator {
    let mut migrator = migrator(steps);
    migrator.dangerous_set_table_name("_sqlx_event_migrations");
    migrator
}

/// What brings a database up to date.
pub(crate) fn migrator(steps: &[Step]) -> Migrator {
    let migrations = steps.iter().map(|(number, name, sql)| {
        Migration::new(*number, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// Losing the database meanwhile is no fault of the migrations. `failed` is the engine's reading of its errors.
pub(crate) fn failed(error: MigrateError, failed: fn(sqlx::Error) -> Error) -> Error {
    match error {
        MigrateError::Execute(source) => match failed(source) {
            Error::Statement(source) => Error::Migration(MigrateError::Execute(source)),
            other => other,
        },
        MigrateError::ExecuteMigration(source, number) => match failed(source) {
            Error::Statement(source) => Error::Migration(MigrateError::ExecuteMigration(source, number)),
            other => other,
        },
        other => Error::Migration(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_step_and_both_engines_have_the_same_steps() {
        for (engine, steps, first) in [
            ("sqlite", SQLITE, SQLITE),
            ("postgres", POSTGRES, SQLITE),
            ("sqlite_events", SQLITE_EVENTS, SQLITE_EVENTS),
            ("postgres_events", POSTGRES_EVENTS, SQLITE_EVENTS),
        ] {
            let directory = format!("{}/migrations/{engine}", env!("CARGO_MANIFEST_DIR"));
            let mut files: Vec<String> = std::fs::read_dir(&directory)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            let named: Vec<String> =
                first.iter().map(|(number, name, _)| format!("{number:04}_{name}.sql")).collect();
            assert_eq!(files, named, "{directory}");
            assert_eq!(steps.len(), first.len());
        }
    }
}

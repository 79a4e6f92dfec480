//! What can go wrong in the store.

/// A uniqueness that the database enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// Key of a project.
    ProjectKey,
    /// Key of an environment in its project.
    EnvironmentKey,
    /// Name of an environment in its project.
    EnvironmentName,
    /// `DD_ENV` value of an environment in its project.
    EnvironmentQuery,
    /// Key of a flag in its project.
    FlagKey,
    /// Name of a flag in its project.
    FlagName,
    /// Key of an allocation in its project.
    AllocationKey,
    /// Name of a saved filter in its project.
    SavedFilterName,
    /// Key of a saved filter in its project.
    SavedFilterKey,
    /// Key of a context attribute in its project.
    ContextAttributeKey,
    /// Id of a metric in its project.
    MetricId,
    /// E-mail of a user.
    UserEmail,
    /// Secret of a key.
    CredentialSecret,
    /// Name of a custom role in its project.
    RoleName,
    /// Handle of a team in its project.
    TeamHandle,
    /// The open suggestion for a property of a flag in an environment.
    OpenSuggestion,
    /// An identifier.
    Id,
}

/// Why a store call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The row was changed since it was read.
    #[error("the {table} row was changed since it was read at revision {expected}")]
    Conflict {
        /// The table.
        table: &'static str,
        /// The revision the change was made from.
        expected: i64,
    },
    /// Something that must be unique is there already.
    #[error("{0:?} is taken")]
    Duplicate(Constraint),
    /// The row that was to be changed is not there.
    #[error("the {table} row is not there")]
    NotFound {
        /// The table.
        table: &'static str,
    },
    /// A row is not one our types allow.
    #[error("the database is inconsistent: {table}.{column} of row {row}: {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        row: String,
        /// What is wrong.
        reason: String,
    },
    /// The database cannot be reached, is full, or did not answer in time. Trying again later may help.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the schema could not be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database refused a statement of ours.
    #[error("a statement failed: {0}")]
    Statement(#[source] sqlx::Error),
}
